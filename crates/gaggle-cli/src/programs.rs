//! The programs of the tutorial: the files under `examples/`, compiled into the command as they are.
//!
//! The files are ordinary programs for readers: they print with `println!` and have a `main`.
//! Here they become modules, and the tour calls the same functions that their `main` calls.
//!
//! **How their lines are caught.** A `macro_rules!` macro is visible in all code that follows it in the text, modules
//! in other files included, and such a macro comes before the standard library's macro of the same name.
//! So the `println!` defined below is the one that the modules below it see: it hands the line to [`crate::record::line`].
//! Compiled on their own, as examples, the same files print with the real one.
//!
//! This file must not know what the programs do.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each module is a whole program, of which the tour calls one function"
)]
#![allow(
    clippy::unused_async,
    reason = "what `go` starts is async, whether it ever waits or not"
)]

macro_rules! println {
    () => {
        $crate::record::line(::std::format_args!(""))
    };
    ($($text:tt)*) => {
        $crate::record::line(::std::format_args!($($text)*))
    };
}

/// The places in `text` as a reader knows them: `examples/pool.rs:12`, without the way there from this file, which the compiler writes down.
pub(crate) fn as_readers_know_them(text: &str) -> String {
    match file!().strip_suffix("programs.rs") {
        Some(folder) => text.replace(&format!("{folder}../../../"), ""),
        None => text.to_owned(),
    }
}

#[path = "../../../examples/actors.rs"]
pub(crate) mod actors;
#[path = "../../../examples/blocking.rs"]
pub(crate) mod blocking;
#[path = "../../../examples/buffered.rs"]
pub(crate) mod buffered;
#[path = "../../../examples/channel.rs"]
pub(crate) mod channel;
#[path = "../../../examples/close.rs"]
pub(crate) mod close;
#[path = "../../../examples/deadlock.rs"]
pub(crate) mod deadlock;
#[path = "../../../examples/hello.rs"]
pub(crate) mod hello;
#[path = "../../../examples/leak.rs"]
pub(crate) mod leak;
#[path = "../../../examples/main_exits_first.rs"]
pub(crate) mod main_exits_first;
#[path = "../../../examples/million.rs"]
pub(crate) mod million;
#[path = "../../../examples/order.rs"]
pub(crate) mod order;
#[path = "../../../examples/ownership.rs"]
pub(crate) mod ownership;
#[path = "../../../examples/panic.rs"]
pub(crate) mod panic;
#[path = "../../../examples/parallel.rs"]
pub(crate) mod parallel;
#[path = "../../../examples/pipeline.rs"]
pub(crate) mod pipeline;
#[path = "../../../examples/pool.rs"]
pub(crate) mod pool;
#[path = "../../../examples/replay.rs"]
pub(crate) mod replay;
#[path = "../../../examples/three_readers.rs"]
pub(crate) mod three_readers;
