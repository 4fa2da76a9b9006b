//! Models of a pulse: the real futures, polled on loom threads. A waiter that is forgotten is a deadlock.
//!
//! No wheel takes part: a pulse here is stopped, or due at once. The wheel's side is in `alarm_loom.rs`.

use super::*;
use gaggle_base::park::Parker;
use loom::sync::Arc;
use loom::thread;
use std::pin::pin;
use std::task::Wake;

struct ThreadWaker(Parker);

impl Wake for ThreadWaker {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let thread = std::sync::Arc::new(ThreadWaker(Parker::new()));
    let waker = Waker::from(thread.clone());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread.0.park();
    }
}

fn model(f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(3));
    builder.check(f);
}

/// It is set to a time that has come, while somebody begins to wait.
/// It catches a waiter that looks before, and enqueues after.
#[test]
fn loom_pulse_set_against_recv() {
    model(|| {
        let pulse = Arc::new(Pulse::stopped());
        let setter = pulse.clone();
        let t = thread::spawn(move || assert!(!setter.set_due(0, None)));
        block_on(pulse.recv());
        t.join().unwrap();
        assert!(!pulse.stop(), "it was taken");
    });
}

/// One waiter gives up while the pulse is set; the other gets the firing, if the first had not taken it before it gave up (RX-03).
/// It catches a node that is freed while it is woken, and a firing that goes with the one who gave up.
#[test]
fn loom_pulse_drop_of_recv_against_set() {
    model(|| {
        let pulse = Arc::new(Pulse::stopped());
        let quitter = pulse.clone();
        let quitting = thread::spawn(move || {
            let mut recv = pin!(quitter.recv());
            let mut cx = Context::from_waker(Waker::noop());
            if recv.as_mut().poll(&mut cx).is_ready() {
                assert!(!quitter.set_due(0, None), "it was taken");
            }
        });
        let setter = pulse.clone();
        let setting = thread::spawn(move || setter.set_due(0, None));
        block_on(pulse.recv());
        quitting.join().unwrap();
        setting.join().unwrap();
        assert!(!pulse.stop(), "it was taken");
    });
}

/// It is set and stopped while somebody waits: either the stop says that there was something to stop, or the waiter has it (TI-10).
#[test]
fn loom_pulse_stop_against_recv() {
    model(|| {
        let pulse = Arc::new(Pulse::stopped());
        let stopper = pulse.clone();
        let t = thread::spawn(move || {
            stopper.set_due(0, None);
            if stopper.stop() {
                stopper.set_due(0, None);
            }
        });
        block_on(pulse.recv());
        t.join().unwrap();
        assert!(!pulse.stop(), "there was one firing, and it was taken");
    });
}
