//! A process: a goroutine with a mailbox, a control lane, links, monitors and an exit reason.
//!
//! | file | what it holds |
//! |---|---|
//! | `exit.rs` | [`Exit`]: why a process ended |
//! | `core.rs` | what is known of a process whatever its messages are: its life, its control lane |
//! | `ties.rs` | links, monitors and children, and what becomes of them at the end |
//! | `monitor.rs` | [`MonitorRef`] |
//! | `mailbox.rs` | the mailbox: a bounded queue, those who wait for room, the asks that are open |
//! | `slab.rs` | things under small numbers |
//! | `receive.rs` | [`Process`]: what the body of a process has in hand |
//! | `run.rs` | the goroutine around the body: killing, panics, the end |
//! | `roll.rs` | the processes that run, for dumps |
//! | `chain.rs` | who waits for whom: asks that can never be answered |
//! | `obituary.rs` | nothing dies unseen: reports of abnormal ends, dead letters |
//!
//! # The two lanes
//! Data waits in the mailbox and takes room there. Control takes none: stop and kill overtake data.
//! The notice that a linked or monitored process has ended is stamped with the number of the last message that was in the mailbox when it came, and is handed out once that message has been: so it never overtakes what the dead process had sent (row 73 of the conformance list).
//!
//! # The end of a process
//! In this order: the mailbox is closed; names and groups are given up; asks that are open fail with the reason; what the process owned is dropped; children, links and monitors hear of it.
//!
//! # Panics
//! They are caught, and are exits. A program that is built with `panic = "abort"` has no such thing: a panic ends it, and the first process that is started says so.
//!
//! This layer must not know what an actor is.

mod chain;
mod core;
mod exit;
mod mailbox;
mod monitor;
mod obituary;
mod receive;
mod roll;
mod run;
mod slab;
mod ties;

pub use self::core::{Pid, Signal};
pub use exit::Exit;
pub use mailbox::Overflow;
pub use monitor::{MonitorId, MonitorRef};
pub use obituary::{Dead, Obituary, dead_letters, on_death};
pub use receive::{Event, Process, Receive};

pub(crate) use self::core::{Cleanup, Core, Proc, kill, lock, stop};
pub(crate) use chain::{Cycle, Edge, Stuck, current, defer_drop, flush_drops, waits_alone};
pub(crate) use mailbox::{AskEnd, Mail, Pushed, Target, Ticket};
pub(crate) use monitor::watch;
pub(crate) use obituary::report;
pub(crate) use run::{Config, Heir, launch, panicked, prepare};
pub(crate) use ties::{
    adopt, at_death, dying, exit_signal, link, link_noproc, not_at_death, unlink,
};
