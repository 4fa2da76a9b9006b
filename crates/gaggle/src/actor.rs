//! Actors: OTP's processes and supervision, with Rust's types.
//!
//! An actor is a goroutine with a mailbox, which is bounded; its messages are an enum, with a [`Reply`] in each variant that asks for something.
//! Supervisors start actors in order, restart them by OTP's rules, and stop them in reverse.
//!
//! ```
//! use gaggle::actor::{Actor, Child, Ctx, Exit, Reply, Slot, Strategy, Supervisor};
//! use gaggle::time::sleep;
//! use std::time::Duration;
//!
//! struct Account {
//!     cents: i64,
//! }
//! /// A refusal is an answer, not a crash.
//! #[derive(Debug)]
//! struct Short;
//!
//! enum Bank {
//!     Deposit(i64),
//!     Withdraw(i64, Reply<Result<i64, Short>>),
//!     Audit(Reply<i64>),
//! }
//!
//! impl Actor for Account {
//!     type Args = i64; // borrowed again at every restart
//!     type Msg = Bank;
//!
//!     async fn init(opening: &i64, _cx: &mut Ctx<Self>) -> Result<Self, Exit> {
//!         Ok(Account { cents: *opening })
//!     }
//!
//!     async fn handle(&mut self, msg: Bank, cx: &mut Ctx<Self>) -> Result<(), Exit> {
//!         match msg {
//!             Bank::Deposit(n) => self.cents += n,
//!             Bank::Withdraw(n, r) if n > self.cents => r.send(Err(Short)),
//!             Bank::Withdraw(n, r) => {
//!                 self.cents -= n;
//!                 r.send(Ok(self.cents));
//!             }
//!             Bank::Audit(r) => cx.pipe(slow_sum(self.cents), move |v| r.send(v)),
//!         }
//!         Ok(())
//!     }
//! }
//!
//! async fn slow_sum(cents: i64) -> i64 {
//!     sleep(Duration::from_millis(10)).await;
//!     cents
//! }
//!
//! struct Journal;
//!
//! impl Actor for Journal {
//!     type Args = String;
//!     type Msg = ();
//!
//!     async fn init(path: &String, _cx: &mut Ctx<Self>) -> Result<Self, Exit> {
//!         println!("journal at {path}");
//!         Ok(Journal)
//!     }
//!
//!     async fn handle(&mut self, (): (), _cx: &mut Ctx<Self>) -> Result<(), Exit> {
//!         Ok(())
//!     }
//! }
//!
//! #[gaggle::main]
//! async fn main() -> Result<(), Exit> {
//!     let bank = Slot::<Bank>::new("bank");
//!     let account = Child::of::<Account>("account", 100).slot(&bank).mailbox(64);
//!     let app = Supervisor::new(Strategy::RestForOne)
//!         .intensity(3, Duration::from_secs(5))
//!         .child(Child::of::<Journal>("journal", "bank.log".to_owned()))
//!         .child(account.shutdown(Duration::from_secs(2)))
//!         .start()
//!         .await?;
//!     bank.send(Bank::Deposit(50)).await?; // waits when full, as a Go channel does
//!     let left = bank.ask(|r| Bank::Withdraw(70, r)).await?; // five seconds, if nothing is said
//!     let short = bank.ask(|r| Bank::Withdraw(1000, r)).await?;
//!     let audit = bank.ask(Bank::Audit).await?;
//!     println!("{left:?} left, then {short:?}; audited: {audit}");
//!     app.shutdown().await // in reverse order, bounded in time
//! }
//! ```
//!
//! | in Erlang | here |
//! |---|---|
//! | `gen_server` | [`Actor`] |
//! | `gen_server:call`, `cast` | [`Addr::ask`], [`Addr::send`] |
//! | `gen_statem` | [`Ctx::state_changed`], [`Ctx::postpone`], [`Ctx::state_timeout`] |
//! | `supervisor` | [`Supervisor`], [`Child`] |
//! | `DynamicSupervisor`, `simple_one_for_one` | [`Dynamic`] |
//! | `link`, `monitor`, `exit/2` | [`Ctx::link`], [`Ctx::monitor`], [`Addr::exit`] |
//! | `register`, `pg` | [`Registry`], [`Groups`] |
//! | `proc_lib` | [`process`] |
//!
//! Other than OTP: mailboxes are bounded; three restarts in five seconds are tolerated, not one; the window of restarts is exact; children are listed in the order of their start; an exit of a linked actor ends another after its handler has come through, and it terminates in good order.

pub use gaggle_actor::*;

/// The examples of the text for users are tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/actors.md")]
mod actors_md {}
