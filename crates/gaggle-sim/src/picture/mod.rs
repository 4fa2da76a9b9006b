//! A story as a picture.
//!
//! | file | what it holds |
//! |---|---|
//! | `list.rs` | one line an event, for any number of goroutines |

mod list;

use crate::story::Story;
use std::fmt;

/// The story for a terminal.
pub(crate) fn text(f: &mut fmt::Formatter<'_>, story: &Story) -> fmt::Result {
    list::write(f, story)
}
