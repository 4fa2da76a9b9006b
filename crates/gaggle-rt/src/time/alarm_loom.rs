//! Models of an alarm: the real alarm in a real wheel. The runtime around it is left out: a thread expires the wheel, or orphans what is in it.

use super::super::wheel::Expired;
use super::*;
use gaggle_base::sync::{AtomicUsize, Ordering};
use loom::sync::Arc as LoomArc;
use loom::thread;

const NOON: u64 = 1_000;

/// In words: a wheel is large and made on the stack, and the stack of the thread on which loom begins is small.
const STACK: usize = 0x8000;

/// Loom's model, in a thread with room for wheels.
fn model(body: impl Fn() + Send + Sync + 'static) {
    let body = std::sync::Arc::new(body);
    loom::model(move || {
        let body = body.clone();
        let thread = thread::Builder::new().stack_size(STACK);
        thread.spawn(move || body()).unwrap().join().unwrap();
    });
}

fn wheel() -> &'static Wheel {
    Box::leak(Box::new(Wheel::new()))
}

/// An alarm in a wheel of its own; the count says how often it went off.
fn armed() -> (
    &'static Wheel,
    Arc<Inner<impl FnOnce() + Send + 'static>>,
    LoomArc<AtomicUsize>,
) {
    let wheel = wheel();
    let runs = LoomArc::new(AtomicUsize::new(0));
    let count = runs.clone();
    let deadline = Instant::from_nanos(NOON);
    let inner = Arc::new(Inner::new(deadline, Orphan::Drop, move || {
        count.fetch_add(1, Ordering::Relaxed);
    }));
    inner.clone().link(wheel);
    (wheel, inner, runs)
}

fn wake_all(expired: Expired) {
    expired.into_iter().for_each(|(_, waker)| waker.wake());
}

/// One stops it while another expires it: exactly one has its way, whoever frees it.
/// It catches a stop that says "stopped" of an alarm that goes off, and one that is neither stopped nor goes off.
#[test]
fn loom_alarm_stop_against_expiry() {
    model(|| {
        let (wheel, alarm, runs) = armed();
        let clockwork = thread::spawn(move || {
            let mut expired = Expired::new();
            wheel.expire(NOON, usize::MAX, &mut expired);
            wake_all(expired);
        });
        let stopped = alarm.stop();
        drop(alarm);
        clockwork.join().unwrap();
        assert_eq!(runs.load(Ordering::Relaxed), usize::from(!stopped));
    });
}

/// Two stop it, and the wheel expires it: one of the three has it.
#[test]
fn loom_alarm_two_stops_against_expiry() {
    model(|| {
        let (wheel, alarm, runs) = armed();
        let other = alarm.clone();
        let stopper = thread::spawn(move || other.stop());
        let clockwork = thread::spawn(move || {
            let mut expired = Expired::new();
            wheel.expire(NOON, usize::MAX, &mut expired);
            wake_all(expired);
        });
        let stopped = usize::from(alarm.stop());
        clockwork.join().unwrap();
        let stopped = stopped + usize::from(stopper.join().unwrap());
        assert_eq!(runs.load(Ordering::Relaxed) + stopped, 1);
    });
}

/// The runtime ends: the alarm moves to another wheel while somebody stops it, and that wheel's time comes.
/// It catches an alarm that is linked after it was stopped, and an unlink in the wheel that it has left.
#[test]
fn loom_alarm_stop_against_move() {
    model(|| {
        let (old, alarm, runs) = armed();
        let new = wheel();
        let moved = alarm.clone();
        let mover = thread::spawn(move || {
            let mut orphans = Expired::new();
            old.orphan_all(&mut orphans);
            if !orphans.is_empty() {
                // What `wake` does, with our wheel in the place of the default runtime's.
                assert_eq!(moved.entry.state(), State::Orphaned);
                moved.link(new);
            }
        });
        let stopped = alarm.stop();
        mover.join().unwrap();
        let mut expired = Expired::new();
        new.expire(NOON, usize::MAX, &mut expired);
        assert_eq!(
            expired.len(),
            usize::from(!stopped),
            "a dead entry is linked"
        );
        wake_all(expired);
        assert_eq!(runs.load(Ordering::Relaxed), usize::from(!stopped));
    });
}
