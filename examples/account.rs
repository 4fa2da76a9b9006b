//! An account that is told and asked, behind a slot that survives restarts.

use gaggle::actor::{Actor, Child, Ctx, Exit, Reply, Slot, Strategy, Supervisor};
use std::time::Duration;

struct Account {
    cents: i64,
}
/// A refusal is an answer, not a crash.
#[derive(Debug)]
struct Short;

enum Bank {
    Deposit(i64),
    Withdraw(i64, Reply<Result<i64, Short>>),
}

impl Actor for Account {
    type Args = i64; // borrowed again at every restart
    type Msg = Bank;

    async fn init(opening: &i64, _cx: &mut Ctx<Self>) -> Result<Self, Exit> {
        Ok(Account { cents: *opening })
    }

    async fn handle(&mut self, msg: Bank, _cx: &mut Ctx<Self>) -> Result<(), Exit> {
        match msg {
            Bank::Deposit(n) => self.cents += n,
            Bank::Withdraw(n, r) if n > self.cents => r.send(Err(Short)),
            Bank::Withdraw(n, r) => {
                self.cents -= n;
                r.send(Ok(self.cents));
            }
        }
        Ok(())
    }
}

#[gaggle::main]
async fn main() -> Result<(), Exit> {
    let bank = Slot::<Bank>::new("bank");
    let account = Child::of::<Account>("account", 100).slot(&bank).mailbox(64);
    let app = Supervisor::new(Strategy::OneForOne)
        .child(account.shutdown(Duration::from_secs(2)))
        .start()
        .await?;
    bank.send(Bank::Deposit(50)).await?; // waits when full, as a Go channel does
    let left = bank.ask(|r| Bank::Withdraw(70, r)).await?; // five seconds, if nothing is said
    let short = bank.ask(|r| Bank::Withdraw(1000, r)).await?;
    println!("{left:?}, then {short:?}");
    app.shutdown().await // in reverse order, bounded in time
}
