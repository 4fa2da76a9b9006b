//! Seeing inside: who waits for what, and what can never go on.
//!
//! | file | what it holds |
//! |---|---|
//! | `runtimes.rs` | the list of all runtimes of the process |
//! | `names.rs` | names and labels of goroutines |
//! | `collect.rs` | a look at everything: goroutines, workers, sleeping threads |
//! | `dump.rs` | what was seen, as data |
//! | `about.rs` | what a layer above says of its goroutines: actors, supervisors |
//! | `tree.rs` | who looks after whom, as text |
//! | `text.rs` | the same as text, equal goroutines in one group |
//! | `asleep.rs` | does everyone sleep for good? |
//! | `cycles.rs` | goroutines that wait for each other's locks |
//! | `verdict.rs` | what follows from that: a report, a panic, the end of the process |
//! | `stuck.rs` | who blocks or spins without a word |
//! | `leaks.rs` | goroutines that nobody can wake, and those that a test leaves behind |
//!
//! Why a verdict is certain is in `README.md`.
//! Nothing here runs on a worker: the calling thread, a monitor or the thread for signals looks, and nobody stops for it.
//! What is read of a running goroutine may be a moment old; what a verdict rests on is not, and the files say why.

mod about;
pub(crate) mod asleep;
mod collect;
mod cycles;
mod dump;
mod leaks;
pub(crate) mod names;
mod runtimes;
pub(crate) mod stuck;
mod text;
mod tree;
pub(crate) mod verdict;

pub use about::{About, Source, explain};
pub use collect::{dump, dump_all};
pub(crate) use collect::{look_at_one, mark_blocked};
pub(crate) use cycles::{doubled_waits, lock_cycles};
pub use dump::{Dump, GoState, Goroutine, Object, RuntimeDump, Thread, Worker, WorkerState};
pub use leaks::{LeakCheck, Leaks, leak_check, leaks};
pub(crate) use runtimes::{next_number, register, wake_monitors};
pub use tree::Tree;
