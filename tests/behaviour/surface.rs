//! The public surface as a program outside of the repository sees it: what `main` and tests may return, and what `?` does with each error.
//!
//! Knows the façade only. What each operation does is tested elsewhere; here it is that types fit where people put them.

use gaggle::actor::{AddError, AskError, Exit, NameTaken, NotJoined, SendError, StartError};
use gaggle::chan::{self, Receiver, RecvError, Sender, TryRecvError, TrySendError};
use gaggle::context::ContextError;
use gaggle::runtime::Stragglers;
use gaggle::time::{Elapsed, Sleep, timeout};
use gaggle::{JoinError, JoinHandle, go};
use std::error::Error;
use std::future::pending;
use std::io;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

type Boxed<T> = Result<T, Box<dyn Error>>;

/// An error that stays on its thread.
#[derive(Debug)]
struct Local(#[expect(dead_code, reason = "it is there for not being `Send`")] Rc<u32>);

impl std::fmt::Display for Local {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("local")
    }
}

impl Error for Local {}

async fn number(text: &str) -> Boxed<u32> {
    gaggle::yield_now().await;
    Ok(text.parse()?)
}

mod works {
    #[gaggle::main(workers = 1)]
    pub async fn main() -> super::Boxed<()> {
        assert_eq!(super::number("42").await?, 42);
        Ok(())
    }
}

mod fails {
    #[gaggle::main(workers = 1)]
    pub async fn main() -> super::Boxed<()> {
        super::number("forty-two").await?;
        Ok(())
    }
}

mod fails_locally {
    #[gaggle::main(workers = 1)]
    pub async fn main() -> Result<(), super::Local> {
        Err(super::Local(std::rc::Rc::new(1)))
    }
}

mod is_not_main {
    #[gaggle::main(workers = 1)]
    pub async fn start() -> u32 {
        6 * 7
    }
}

#[test]
fn main_may_return_an_error_that_cannot_change_its_thread() {
    assert_eq!(works::main(), ExitCode::SUCCESS);
    assert_eq!(fails::main(), ExitCode::FAILURE);
    assert_eq!(fails_locally::main(), ExitCode::FAILURE);
    assert_eq!(is_not_main::start(), 42);
}

#[gaggle::test]
async fn a_test_may_return_an_error_that_cannot_change_its_thread() -> Boxed<()> {
    assert!(go(async { number("1").await.is_ok() }).await?);
    Ok(())
}

#[gaggle::test(workers = 1)]
#[should_panic(expected = "the test returned an error")]
async fn an_error_of_a_test_on_real_workers_fails_it() -> Boxed<()> {
    number("one").await?;
    Ok(())
}

#[test]
fn each_error_says_something_and_goes_into_a_box() {
    fn fits<E: Error + Send + Sync + 'static>() {}
    fits::<JoinError>();
    fits::<Stragglers>();
    fits::<Elapsed>();
    fits::<ContextError>();
    fits::<chan::SendError<u8>>();
    fits::<TrySendError<u8>>();
    fits::<RecvError>();
    fits::<TryRecvError>();
    fits::<chan::broadcast::RecvError>();
    fits::<chan::broadcast::TryRecvError>();
    fits::<SendError<u8>>();
    fits::<AskError>();
    fits::<StartError>();
    fits::<AddError>();
    fits::<NameTaken>();
    fits::<NotJoined>();
    let boxed: Box<dyn Error + Send + Sync> = Exit::error("no ink").into();
    assert_eq!(boxed.to_string(), "error: no ink");
    let boxed: Box<dyn Error> = Exit::shutdown().into();
    assert_eq!(boxed.to_string(), "shutdown");
}

#[gaggle::test]
async fn in_a_function_that_returns_an_io_result_time_limits_and_handles_take_two_question_marks() {
    async fn waits() -> io::Result<()> {
        timeout(Duration::from_secs(1), pending::<io::Result<()>>()).await?
    }
    async fn joins(handle: JoinHandle<io::Result<u32>>) -> io::Result<u32> {
        Ok(handle.await?? + 1)
    }
    assert_eq!(waits().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    assert_eq!(joins(go(async { Ok(1) })).await.unwrap(), 2);
    let handle = go(pending());
    handle.abort();
    let error = joins(handle).await.unwrap_err();
    let inner = error.get_ref().and_then(|e| e.downcast_ref::<JoinError>());
    assert!(inner.is_some_and(JoinError::is_aborted), "{error}");
}

/// Futures have names, so that they can be in fields.
struct Waits<'a> {
    sends: chan::Send<'a, u32>,
    receives: chan::Recv<'a, u32>,
    sleeps: Sleep,
}

/// Ends of channels are `Clone` and `Debug` whatever goes through them.
#[derive(Clone, Debug)]
struct Ends(Sender<Opaque>, Receiver<Opaque>);

struct Opaque;

#[gaggle::test]
async fn futures_and_ends_fit_into_structs() {
    let (tx, rx) = chan::bounded(1);
    let waits = Waits {
        sends: tx.send(7),
        receives: rx.recv(),
        sleeps: gaggle::time::sleep(Duration::from_secs(1)),
    };
    waits.sends.await.unwrap();
    assert_eq!(waits.receives.await, Ok(7));
    waits.sleeps.await;
    let (tx, rx) = chan::unbounded();
    let ends = Ends(tx, rx);
    let again = ends.clone();
    assert!(ends.0.same_channel(&again.0) && ends.1.same_channel(&again.1));
    assert!(format!("{ends:?}").contains("Sender"));
}
