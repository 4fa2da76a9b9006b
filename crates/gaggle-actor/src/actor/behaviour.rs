//! The trait [`Actor`].

use super::ctx::Ctx;
use crate::process::{Exit, Signal};

/// A type with a handler for messages, which runs as a process.
///
/// The methods are written as `async fn`; their futures must be `Send`.
/// One message is handled at a time. A handler is never dropped half-way, unless its actor is killed.
///
/// # Examples
/// ```
/// use gaggle_actor::{Actor, Ctx, Exit, Reply, spawn};
///
/// struct Counter(u64);
/// enum Count {
///     Add(u64),
///     Read(Reply<u64>),
/// }
///
/// impl Actor for Counter {
///     type Args = u64;
///     type Msg = Count;
///
///     async fn init(start: &u64, _cx: &mut Ctx<Self>) -> Result<Self, Exit> {
///         Ok(Counter(*start))
///     }
///     async fn handle(&mut self, msg: Count, _cx: &mut Ctx<Self>) -> Result<(), Exit> {
///         match msg {
///             Count::Add(n) => self.0 += n,
///             Count::Read(reply) => reply.send(self.0),
///         }
///         Ok(())
///     }
/// }
///
/// # gaggle_rt::block_on(async {
/// let counter = spawn::<Counter>(40).await.unwrap();
/// counter.send(Count::Add(2)).await.unwrap();
/// assert_eq!(counter.ask(Count::Read).await.unwrap(), 42);
/// assert_eq!(counter.stop().await, Exit::Normal);
/// # });
/// ```
pub trait Actor: Sized + Send + 'static {
    /// What it is started with; borrowed again at every restart.
    type Args: Send + Sync + 'static;

    /// What it can be sent: an enum, as a rule, with a [`Reply`](crate::Reply) in each variant that asks for something.
    type Msg: Send + 'static;

    /// Makes the actor. Whoever starts it waits for this.
    ///
    /// # Errors
    /// The start fails with the exit; [`Exit::Ignore`] declines without being a failure.
    fn init(
        args: &Self::Args,
        cx: &mut Ctx<Self>,
    ) -> impl Future<Output = Result<Self, Exit>> + Send;

    /// Handles one message.
    ///
    /// # Errors
    /// The actor ends with the exit: `Err(Exit::Normal)` is how it stops itself, and `?` on any other error is how it crashes.
    fn handle(
        &mut self,
        msg: Self::Msg,
        cx: &mut Ctx<Self>,
    ) -> impl Future<Output = Result<(), Exit>> + Send;

    /// Hears of a monitored process, or of a linked one if it [traps exits](Ctx::trap_exits).
    ///
    /// # Errors
    /// The actor ends with the exit.
    fn on_signal(
        &mut self,
        signal: Signal,
        cx: &mut Ctx<Self>,
    ) -> impl Future<Output = Result<(), Exit>> + Send {
        let _ = (signal, cx);
        async { Ok(()) }
    }

    /// Runs after the initialisation, and after each handler that has called [`Ctx::state_changed`].
    ///
    /// # Errors
    /// The actor ends with the exit.
    fn enter(&mut self, cx: &mut Ctx<Self>) -> impl Future<Output = Result<(), Exit>> + Send {
        let _ = cx;
        async { Ok(()) }
    }

    /// Cleans up: when it stops, when a handler has failed or panicked, when its parent has ended. Never when it is killed.
    fn terminate(&mut self, reason: &Exit, cx: &mut Ctx<Self>) -> impl Future<Output = ()> + Send {
        let _ = (reason, cx);
        async {}
    }

    /// What a message is called in the report of a crash.
    fn label(msg: &Self::Msg) -> &'static str {
        let _ = msg;
        std::any::type_name::<Self::Msg>()
    }
}
