//! Panics on the threads of runs are noted, not printed: most of them are found again and again while a schedule is shortened.
//!
//! The hook is installed once, calls the one that was there before, and does nothing on other threads.

use gaggle_base::context;
use gaggle_base::payload::message_of;
use std::cell::{Cell, RefCell};
use std::panic;
use std::sync::Once;

/// A panic as it was raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    /// The goroutine; 0: none.
    pub(crate) goroutine: u64,
    pub(crate) message: String,
    /// Where in the source.
    pub(crate) place: String,
}

/// What gaggle's own panics begin with, or have in them: each says that a rule was broken.
const MISUSE: [&str; 6] = [
    "sync: negative WaitGroup counter",
    "sync: WaitGroup",
    "was polled after it was ready",
    "select!: no pattern matched",
    "semaphore: ",
    "sim::settle: ",
];

impl Note {
    /// Does it say that one of gaggle's rules was broken?
    pub(crate) fn is_misuse(&self) -> bool {
        MISUSE.iter().any(|text| self.message.contains(text))
    }
}

/// What becomes of panics on a thread.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// They are not ours.
    Pass,
    /// They are noted and not printed.
    Quiet,
    /// They are noted and printed.
    Aloud,
}

thread_local! {
    static MODE: Cell<Mode> = const { Cell::new(Mode::Pass) };
    static NOTES: RefCell<Vec<Note>> = const { RefCell::new(Vec::new()) };
}

/// Runs `f`, and gives the panics that were raised on this thread meanwhile.
pub(crate) fn noting<R>(aloud: bool, f: impl FnOnce() -> R) -> (R, Vec<Note>) {
    struct Restore(Mode);
    impl Drop for Restore {
        fn drop(&mut self) {
            MODE.set(self.0);
        }
    }
    install();
    let mode = if aloud { Mode::Aloud } else { Mode::Quiet };
    let restore = Restore(MODE.replace(mode));
    NOTES.take();
    let result = f();
    drop(restore);
    (result, NOTES.take())
}

fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let mode = MODE.try_with(Cell::get).unwrap_or(Mode::Pass);
            if mode != Mode::Pass {
                let note = Note {
                    goroutine: context::current().id(),
                    message: message_of(info.payload()),
                    place: info
                        .location()
                        .map_or_else(String::new, ToString::to_string),
                };
                // A panic while notes are taken is not noted.
                let _ = NOTES.try_with(|notes| notes.try_borrow_mut().map(|mut n| n.push(note)));
            }
            if mode != Mode::Quiet {
                before(info);
            }
        }));
    });
}
