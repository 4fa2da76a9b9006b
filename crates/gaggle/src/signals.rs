//! The signals that print a dump: `SIGQUIT`, which then ends the process with status 2 as in Go, and `SIGUSR1`, after which it goes on (semantics.md RT-04, T35).
//!
//! `#[gaggle::main]` installs them, and nothing else does. Whoever listens for one of them through `signal` gets it in place of the dump.
//! A thread of their own waits for them and does the printing, so it works while every worker spins.

use crate::signal::{Signal, is_listened_for};
use gaggle_base::blocked::Servant;
use signal_hook::consts::{SIGQUIT, SIGUSR1};
use signal_hook::iterator::Signals;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

/// Says on which form to print: `json` for JSON, everything else for text.
const FORM: &str = "GAGGLE_DUMP";

static INSTALLED: AtomicBool = AtomicBool::new(false);

/// Is a dump what happens by default when this signal comes?
pub(crate) fn prints_a_dump(signal: Signal) -> bool {
    matches!(signal, Signal::Quit | Signal::User1) && INSTALLED.load(Ordering::Relaxed)
}

/// From now on the signals print a dump. Without a thread or a descriptor for them the program runs as it would without this, and says so.
pub(crate) fn install() {
    let signals = match Signals::new([SIGQUIT, SIGUSR1]) {
        Ok(signals) => signals,
        Err(error) => return complain(&error),
    };
    let body = move || wait(signals);
    if let Err(error) = gaggle_base::thread::start("gaggle-signals".to_owned(), body) {
        return complain(&error);
    }
    INSTALLED.store(true, Ordering::Relaxed);
}

fn complain(error: &std::io::Error) {
    print(&format!(
        "gaggle: SIGQUIT and SIGUSR1 will not print the goroutines: {error}\n"
    ));
}

fn wait(mut signals: Signals) {
    let _servant = Servant::new();
    for signal in signals.forever() {
        if is_listened_for(signal) {
            continue;
        }
        let dump = crate::runtime::dump_all();
        if std::env::var_os(FORM).is_some_and(|form| form == "json") {
            print(&(dump.to_json() + "\n"));
        } else {
            let name = if signal == SIGQUIT {
                "SIGQUIT"
            } else {
                "SIGUSR1"
            };
            print(&format!("{name}: who waits for what\n\n{dump}\n"));
        }
        if signal == SIGQUIT {
            std::process::exit(2);
        }
    }
}

/// One write, so that it does not mix with what others print.
fn print(text: &str) {
    // There is nobody to tell that stderr is gone.
    let _ = std::io::stderr().write_all(text.as_bytes());
}
