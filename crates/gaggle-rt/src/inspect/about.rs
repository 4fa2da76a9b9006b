//! What a layer above says about goroutines that are more than that: what each is, whose it is, what it is doing.
//!
//! Such a layer keeps its own list, and is asked for it when somebody looks; until then this costs nothing.
//! This file must not know what the goroutines are.

use gaggle_base::wait::Who;
use serde::Serialize;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// What a goroutine is to the layer that has started it: an actor, a supervisor.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct About {
    /// What it is, in a word.
    pub kind: String,
    /// What it is called.
    pub name: Option<String>,
    /// The type behind it.
    pub of: Option<String>,
    /// What it is doing.
    pub doing: String,
    /// That is nothing: it waits for something to do, or is about to.
    pub idle: bool,
    /// Where it was started, if that is another place than where its goroutine was; the dump then has it in place of that.
    #[serde(skip)]
    pub started_at: Option<String>,
    /// Figures with their names, in the order in which they are shown.
    pub figures: Vec<(String, u64)>,
    /// The goroutine that looks after it.
    pub under: Option<u64>,
    /// Its place among those that the same one looks after; 0: none in particular.
    pub place: u64,
    /// Its number in the layer above; of a process, its `Pid`.
    pub number: u64,
}

impl About {
    /// One of which no more is known.
    #[must_use]
    pub fn new(kind: &str, doing: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            name: None,
            of: None,
            doing: doing.to_owned(),
            idle: false,
            started_at: None,
            figures: Vec::new(),
            under: None,
            place: 0,
            number: 0,
        }
    }

    /// One more figure.
    pub fn figure(&mut self, name: &str, number: u64) {
        self.figures.push((name.to_owned(), number));
    }
}

/// Calls what it is given with each goroutine that it can say something about.
pub type Source = fn(&mut dyn FnMut(Who, About));

static SOURCES: Mutex<Vec<Source>> = Mutex::new(Vec::new());

/// From now on `source` is asked whenever somebody looks at goroutines: from any thread, while the goroutines go on. It must be short, and wait for nothing.
pub fn explain(source: Source) {
    SOURCES
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(source);
}

/// All that is said now.
pub(super) fn ask() -> HashMap<Who, About> {
    let sources = SOURCES
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let mut all = HashMap::new();
    for source in sources {
        source(&mut |who, about| {
            all.insert(who, about);
        });
    }
    all
}
