//! A story as a picture.
//!
//! | file | what it holds |
//! |---|---|
//! | `list.rs` | one line an event, for any number of goroutines |
//! | `lanes.rs` | a column a goroutine, for a few of them |
//! | `html.rs` | the same as a page, for any number |
//! | `style.rs` | what that page looks like |
//! | `lives.rs` | who was ready and who waited, line by line |
//!
//! This folder must not know how a run comes about, nor where pictures go.

mod html;
mod lanes;
mod list;
mod lives;
mod style;

pub(crate) use html::{Head, page};

use crate::story::{Line, Mark, Story};
use std::collections::BTreeSet;
use std::fmt;

/// How many lines are shown in a terminal at most: the last ones.
const SHOWN: usize = 60;
/// How many goroutines get a lane there.
const LANES: usize = 4;

/// The story for a terminal.
pub(crate) fn text(f: &mut fmt::Formatter<'_>, story: &Story) -> fmt::Result {
    let first = story.lines.len().saturating_sub(SHOWN);
    if first > 0 || story.is_cut {
        writeln!(f, "        .. earlier steps are left out")?;
    }
    let (before, shown) = story.lines.split_at(first);
    let who = actors(shown);
    if (2..=LANES).contains(&who.len()) {
        lanes::write(f, story, &who, before, shown)
    } else {
        list::write(f, story, shown)
    }
}

/// The goroutines that do something in these lines.
fn actors(lines: &[Line]) -> Vec<u64> {
    let all: BTreeSet<u64> = lines.iter().map(|line| line.who).collect();
    all.into_iter().filter(|who| *who > 0).collect()
}

/// What stands before a line in a terminal.
fn sign(mark: Mark) -> &'static str {
    match mark {
        Mark::Last => "=>",
        Mark::Switch => " *",
        Mark::Plain | Mark::Waits => "  ",
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
