//! Contexts that signals cancel: semantics.md CX-20. Each test uses a signal of its own, for signals are the process's.
#![cfg(unix)]

mod common;

use common::{child, is_child, said, until, watched};
use gaggle::context::{Context, ContextError, Signal, SignalReceived, with_signals};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::low_level::raise;
use std::os::unix::process::ExitStatusExt;

#[test]
fn cx_20_a_signal_cancels_and_the_cause_names_it() {
    watched("a context that waits for a signal", || {
        let root = Context::background();
        let (ctx, cancel) = with_signals(&root, &[Signal::User1, Signal::Hangup]).unwrap();
        let (below, _c) = ctx.with_cancel();
        let (other, _cancel_other) = with_signals(&root, &[Signal::User1]).unwrap();
        assert_eq!(ctx.err(), None);
        raise(SIGUSR1).unwrap();
        for ctx in [&below, &ctx, &other] {
            ctx.done_blocking();
            assert_eq!(ctx.err(), Some(ContextError::Canceled));
            let cause = ctx.cause().unwrap();
            assert_eq!(cause.to_string(), "user defined signal 1 signal received");
            assert_eq!(cause.downcast_ref(), Some(&SignalReceived(Signal::User1)));
        }
        // Still listened for: this one does not end the process either.
        raise(SIGHUP).unwrap();
        raise(SIGUSR1).unwrap();
        cancel.cancel();
        assert_eq!(Signal::Interrupt.to_string(), "interrupt");
        assert_eq!(Signal::Terminate.to_string(), "terminated");
    });
}

#[test]
fn cx_20_cancelled_by_hand_or_from_above_it_has_no_signal_for_a_cause() {
    watched("contexts that are cancelled", || {
        let (parent, cancel_parent) = Context::background().with_cancel_cause();
        let (first, cancel) = with_signals(&parent, &[Signal::User2]).unwrap();
        let (second, _c) = with_signals(&parent, &[Signal::User2]).unwrap();
        cancel.cancel();
        assert_eq!(first.cause().unwrap().to_string(), "context canceled");
        cancel_parent.cancel("from above");
        assert_eq!(second.cause().unwrap().to_string(), "from above");
        // It listens as long as it is held.
        raise(SIGUSR2).unwrap();
        assert_eq!(second.cause().unwrap().to_string(), "from above");
    });
}

/// What the process died of.
fn died_of(name: &str) -> Option<i32> {
    let output = child(name, &[]);
    println!("{}", said(&output));
    output.status.signal()
}

#[test]
fn cx_20_after_cancel_a_signal_does_again_what_it_does_by_default() {
    let name = "cx_20_after_cancel_a_signal_does_again_what_it_does_by_default";
    if !is_child() {
        assert_eq!(died_of(name), Some(SIGTERM));
        return;
    }
    let signals = [Signal::Terminate, Signal::Interrupt];
    let (ctx, cancel) = with_signals(&Context::background(), &signals).unwrap();
    raise(SIGTERM).unwrap();
    ctx.done_blocking();
    cancel.cancel();
    raise(SIGTERM).unwrap();
    until(|| false);
}

#[test]
fn cx_20_and_so_it_does_when_nobody_holds_the_context_any_more() {
    let name = "cx_20_and_so_it_does_when_nobody_holds_the_context_any_more";
    if !is_child() {
        assert_eq!(died_of(name), Some(SIGINT));
        return;
    }
    drop(with_signals(&Context::background(), &[Signal::Interrupt]).unwrap());
    raise(SIGINT).unwrap();
    until(|| false);
}
