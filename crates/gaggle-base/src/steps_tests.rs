//! A driver rules its thread, and only while it is there.

use super::*;
use crate::clock;
use crate::context;
use crate::wait::{WaitRecord, Who};
use std::cell::RefCell;
use std::task::{Context, Poll};

/// Takes the last option, and lets each operation go second.
#[derive(Default)]
struct Contrary(RefCell<Vec<Kind>>);

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Nanos {
        77
    }
}

impl Steps for Contrary {
    fn gives_way(&self, _op: &Op) -> bool {
        self.0.borrow_mut().push(Kind::Switch);
        true
    }
    fn choose(&self, kind: Kind, options: usize) -> usize {
        self.0.borrow_mut().push(kind);
        options - 1
    }
    fn run_until(&self, ready: Arc<dyn Fn() -> bool>) {
        while !ready() {}
    }
    fn random(&self) -> u64 {
        4
    }
    fn faults(&self, _: f64) -> bool {
        true
    }
    fn advance(&self, _: Nanos) {}
    fn settles(&self, _: Waker) -> bool {
        true
    }
    fn started(&self, _: u64, _: Site) {}
    fn observe(&self, _: u64) {}
    fn reached(&self, _: &'static str) {}
}

#[test]
fn a_driver_rules_its_thread_for_as_long_as_it_is_there() {
    let driver = Contrary::default();
    assert_eq!(choose(Kind::Arm, 3), 0);
    let seen = drive(&driver, &Fixed, || {
        assert_eq!(clock::now(), 77);
        assert_eq!(rng::draw(5), None, "whoever drives is to be asked");
        (choose(Kind::Arm, 3), choose(Kind::Tie, 1), is_driven())
    });
    assert_eq!(seen, (2, 0, true));
    assert!(!is_driven() && rng::draw(5).is_some());
    assert_eq!(*driver.0.borrow(), [Kind::Arm]);
}

#[test]
fn an_operation_asks_only_inside_a_goroutine() {
    let driver = Contrary::default();
    let op = || -> Poll<()> {
        let mut cx = Context::from_waker(Waker::noop());
        context::poll_proceed(&mut cx, Reason::ChanSend, Site::UNKNOWN, 0)
    };
    let record = WaitRecord::of(Who::new(1, 1));
    drive(&driver, &Fixed, || {
        context::drain();
        assert!(op().is_ready(), "there is nobody who could give way");
        // SAFETY: `record` outlives the second call, which removes it.
        unsafe { context::enter_task(&raw const record) };
        context::drain();
        assert!(op().is_pending());
        assert!(op().is_pending(), "each operation asks");
        // SAFETY: removing is always allowed.
        unsafe { context::enter_task(std::ptr::null()) };
    });
}
