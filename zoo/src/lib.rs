//! A zoo of concurrency bugs: small programs, each in a version that can go wrong and in one that cannot.
//!
//! Most are modelled on bugs that were found in well-known Go and Rust projects, from their descriptions.
//! They are a sample: what is measured with them is whether the simulator finds bugs of such kinds, how soon, and whether what it says of them is of use.
//!
//! | module | what it holds |
//! |---|---|
//! | [`programs`] | the programs |
//! | [`measure`] | searches, replays, and what they cost |
//! | [`accept`] | what must hold for each entry |
//! | [`table`] | how that is printed |
//!
//! This crate must not know how the simulator works inside.

#![forbid(unsafe_code)]

pub mod accept;
pub mod measure;
pub mod programs;
pub mod table;

use gaggle::sim::{Builder, Class, Preempt};
use std::fmt::Debug;
use std::pin::Pin;

/// A program: the future of its root, with the `Debug` form of what that gives.
pub type Boxed = Pin<Box<dyn Future<Output = String> + Send>>;

/// Makes a root of any future.
pub fn boxed<F>(root: F) -> Boxed
where
    F: Future<Output: Debug> + Send + 'static,
{
    Box::pin(async move { format!("{:?}", root.await) })
}

/// One bug.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What it is called in the table.
    pub id: &'static str,
    /// The bug in a line.
    pub about: &'static str,
    /// Where such a bug was found, or what it was made up after.
    pub source: &'static str,
    /// What it may be reported as.
    pub classes: &'static [Class],
    /// Where goroutines must be made to give way for it to show.
    pub level: Preempt,
    /// So many schedules may be needed.
    pub limit: u64,
    /// So many preemptions the shortened schedule may have.
    pub preemptions: usize,
    /// The kernel that it is modelled on is marked as flaky in Go's own test of its leak detector.
    pub flaky: bool,
    /// What else is to be set.
    pub tune: fn(Builder) -> Builder,
    /// Places that the fixed version must come by, in some schedule.
    pub goals: &'static [&'static str],
    /// The program with the bug.
    pub buggy: fn() -> Boxed,
    /// The program without it.
    pub fixed: fn() -> Boxed,
}

impl Entry {
    /// What most entries have in common.
    pub(crate) const BASE: Self = Self {
        id: "",
        about: "",
        source: "",
        classes: &[],
        level: Preempt::Await,
        limit: 2_000,
        preemptions: 3,
        flaky: false,
        tune: |builder| builder,
        goals: &[],
        buggy: || boxed(async {}),
        fixed: || boxed(async {}),
    };

    /// Can its report be replayed? Not if the bug is that a run cannot be repeated, or that it never gives its thread back.
    #[must_use]
    pub fn replays(&self) -> bool {
        let never = [Class::Nondeterminism, Class::ForeignThread, Class::Stuck];
        !self.classes.iter().any(|class| never.contains(class))
    }
}

/// The whole zoo, in the order of the table.
#[must_use]
pub fn all() -> Vec<Entry> {
    programs::GROUPS.concat()
}

/// The entry of that name, in capitals or not.
#[must_use]
pub fn entry(id: &str) -> Option<Entry> {
    all().into_iter().find(|e| e.id.eq_ignore_ascii_case(id))
}
