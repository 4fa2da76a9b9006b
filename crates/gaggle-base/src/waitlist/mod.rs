//! Lists of waiters that live inside the waiting futures: what channels, locks and timers wait in.
//!
//! | file | what it holds |
//! |---|---|
//! | `node.rs` | one waiter: its links, its waker, the slot for a value, its state |
//! | `list.rs` | the list, first come first served, with removal from anywhere in O(1) |
//! | `commit.rs` | the one word that the nodes of a select share: whoever completes one must win it first |
//! | `wakes.rs` | wakers that were taken out under a lock and are called after it |
//!
//! The protocol, its states and the argument that nothing is lost are in `README.md` beside this file.

mod commit;
mod list;
mod node;
mod wakes;

pub use commit::{Claim, Commit};
pub use list::WaitList;
pub use node::{Node, State};
pub use wakes::{Wakes, prepare_waker};
