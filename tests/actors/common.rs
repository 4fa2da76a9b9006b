//! What all these tests use: how they are run, and children that note what happens to them.

use gaggle::actor::testkit::{Order, Part, Puppet, Trace};
use gaggle::actor::{ActorChild, Addr, Child, Slot, spawn};
use gaggle::runtime::{self, GoId, GoState, Handle, Runtime};
use gaggle::sim::{self, Builder};
use gaggle::time::{sleep, timeout};
use std::future::Future;
use std::time::Duration;

pub(crate) fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Under 200 schedules with virtual time.
#[track_caller]
pub(crate) fn simulated<F, R>(program: F)
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let report = Builder::new().schedules(200).run(program);
    assert!(report.ok(), "{report}");
}

/// Under 200 schedules, and once on real workers.
#[track_caller]
pub(crate) fn both<F, R>(program: F)
where
    F: Fn() -> R + Send + Sync + Clone + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    simulated(program.clone());
    // A runtime of its own, so that nobody else's goroutines are taken for its own in `calm`.
    let runtime = Runtime::builder().build().unwrap();
    let real = runtime.go(async move {
        let done = timeout(Duration::from_secs(60), program()).await;
        assert!(done.is_ok(), "it did not end on real workers");
    });
    real.join_blocking().unwrap();
}

/// Waits until nothing happens any more of what can happen now: on real workers, until all goroutines but this one have been seen
/// waiting three times in a row.
pub(crate) async fn calm() {
    if sim::is_simulated() {
        return sim::settle().await;
    }
    let mut seen = 0;
    while seen < 3 {
        sleep(ms(1)).await;
        seen = if all_others_wait() { seen + 1 } else { 0 };
    }
}

/// Each by its own state: in the figures of the workers one that was taken from a queue, by a thread that has lost its CPU since, is missing.
fn all_others_wait() -> bool {
    let figures = Handle::current().metrics();
    if figures.running > 1 || figures.runnable > 0 {
        return false;
    }
    let this = runtime::current_id().map(GoId::as_u64);
    let dump = runtime::dump();
    let mut others = dump.goroutines().filter(|g| Some(g.id) != this);
    others.all(|g| matches!(g.state, GoState::Waiting | GoState::Blocked))
}

/// In a simulation time is exact.
#[track_caller]
pub(crate) fn took(elapsed: Duration, expected: Duration) {
    if sim::is_simulated() {
        assert_eq!(elapsed, expected);
    } else {
        assert!(elapsed >= expected, "{elapsed:?} is less than {expected:?}");
    }
}

/// An actor that does as it is told, by itself.
pub(crate) async fn up(name: &str, trace: &Trace) -> Addr<Order> {
    let puppet = spawn::<Puppet>(Part::new(name, trace)).title(name);
    puppet.await.unwrap()
}

/// A child that does as it is told, and fills a slot.
pub(crate) fn kid(slot: &Slot<Order>, trace: &Trace) -> ActorChild<Puppet> {
    kid_with(slot, Part::new(slot.name(), trace))
}

pub(crate) fn kid_with(slot: &Slot<Order>, part: Part) -> ActorChild<Puppet> {
    Child::of::<Puppet>(slot.name(), part).slot(slot)
}

pub(crate) fn slots<const N: usize>(names: [&str; N]) -> [Slot<Order>; N] {
    names.map(Slot::new)
}

/// Tells the child in the slot to fail, and waits until all has been done about it that is done at once.
pub(crate) async fn crash(slot: &Slot<Order>) {
    let addr = slot.up().await;
    Puppet::crash(&addr).await;
    addr.exited().await;
    calm().await;
}

/// Tells the child in the slot to end, likewise.
pub(crate) async fn end(slot: &Slot<Order>, exit: gaggle::actor::Exit) {
    let addr = slot.up().await;
    Puppet::end(&addr, exit).await;
    addr.exited().await;
    calm().await;
}

pub(crate) async fn stop<M: Send + 'static>(addrs: &[&Addr<M>]) {
    for addr in addrs {
        addr.stop().await;
    }
}
