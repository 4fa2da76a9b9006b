//! What was done, counted; and choices that all scenes make.

use gaggle::time::sleep;
use gaggle::{JoinHandle, yield_now};
use gaggle_base::rng::Rng;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

macro_rules! tally {
    ($($name:ident: $text:literal),+ $(,)?) => {
        /// Things that happen.
        #[derive(Clone, Copy, Debug)]
        #[allow(clippy::upper_case_acronyms, reason = "none of them is long")]
        pub(crate) enum Did { $($name),+ }
        const TEXTS: &[&str] = &[$($text),+];
    };
}

tally! {
    Connected: "connections",
    Answered: "requests answered",
    Shed: "connections shed",
    TooSlow: "deadlines that passed",
    Malformed: "malformed requests refused",
    Oversized: "oversized requests refused",
    Reset: "resets",
    HalfClosed: "half-closes",
    SlowRead: "slow readers",
    SlowWritten: "slow writers",
    Dropped: "connections dropped at once",
    Burst: "connections open in bursts",
    HandlerAborted: "handlers aborted",
    ClientAborted: "clients aborted",
    AcceptAborted: "accepts aborted",
    Starved: "waits for a descriptor",
    Refused: "connects without a descriptor",
    Unix: "unix connections",
    Datagram: "datagrams",
    Blocked: "handlers that blocked",
    Child: "child processes",
    ChildAborted: "child processes aborted",
    Signal: "signals",
}

static COUNTS: [AtomicU64; TEXTS.len()] = [const { AtomicU64::new(0) }; TEXTS.len()];

pub(crate) fn did(what: Did) {
    did_many(what, 1);
}

pub(crate) fn did_many(what: Did, n: u64) {
    COUNTS[what as usize].fetch_add(n, Relaxed);
}

/// All of it, in one line.
pub(crate) fn all() -> String {
    let mut line = String::new();
    for (text, count) in TEXTS.iter().zip(&COUNTS) {
        let separator = if line.is_empty() { "" } else { ", " };
        let _ = write!(line, "{separator}{} {text}", count.load(Relaxed));
    }
    line
}

/// What has never happened.
pub(crate) fn never() -> Vec<&'static str> {
    let zero =
        |(text, count): (&&'static str, &AtomicU64)| (count.load(Relaxed) == 0).then_some(*text);
    TEXTS.iter().zip(&COUNTS).filter_map(zero).collect()
}

/// A generator of its own for a goroutine.
pub(crate) fn fork(rng: &mut Rng) -> Rng {
    Rng::from_seed(rng.next_u64())
}

pub(crate) fn one_in(rng: &mut Rng, n: u32) -> bool {
    rng.below(n) == 0
}

/// Lets some time pass: mostly none that a clock would see, now and then some milliseconds.
pub(crate) async fn a_moment(rng: &mut Rng) {
    match rng.below(8) {
        0 => sleep(Duration::from_micros(u64::from(rng.below(5_000)))).await,
        1 | 2 => sleep(Duration::from_micros(u64::from(rng.below(300)))).await,
        _ => {
            for _ in 0..rng.below(12) {
                yield_now().await;
            }
        }
    }
}

/// Aborts it, wherever it is by then, and waits until it has ended. Was it aborted before its end?
pub(crate) async fn abort_after_a_moment<T>(rng: &mut Rng, handle: JoinHandle<T>) -> bool {
    a_moment(rng).await;
    handle.abort();
    match handle.await {
        Ok(_) => false,
        Err(error) => {
            assert!(error.is_aborted(), "a scene has panicked: {error}");
            true
        }
    }
}

/// Bytes that tell whose they are: letters only, so that they hold no end of a line.
pub(crate) fn payload(rng: &mut Rng, len: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        bytes.extend(rng.next_u64().to_le_bytes().map(|b| b'a' + (b & 15)));
    }
    bytes.truncate(len);
    bytes
}
