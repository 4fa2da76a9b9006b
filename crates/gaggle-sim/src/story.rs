//! What happened in a run, in lines: for people.

use crate::execute::Execution;
use crate::finding::{Class, Numbers};
use gaggle_base::clock::Nanos;
use gaggle_base::site::Site;
use gaggle_base::wait::Reason;
use gaggle_rt::stepped::{Event, What};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Nothing out of the way.
    Plain,
    /// A goroutine that could have gone on let another one run: what the schedule is about.
    Switch,
    /// A goroutine waits.
    Waits,
    /// It waits, and for ever; or it panics.
    Last,
}

/// One line.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) step: u64,
    pub(crate) now: Nanos,
    /// The goroutine; 0: the clock.
    pub(crate) who: u64,
    pub(crate) text: String,
    /// Where in the source, or nothing.
    pub(crate) place: String,
    pub(crate) mark: Mark,
}

/// A run in lines.
#[derive(Clone, Debug, Default)]
pub(crate) struct Story {
    pub(crate) lines: Vec<Line>,
    /// The goroutines in it, with their names or where they were started.
    pub(crate) goroutines: BTreeMap<u64, String>,
    /// The beginning is missing.
    pub(crate) is_cut: bool,
}

impl Story {
    pub(crate) fn of(run: &Execution) -> Self {
        let mut story = Self {
            is_cut: run.events.first().is_some_and(|event| event.step > 2),
            ..Self::default()
        };
        let mut numbers = Numbers::default();
        story.goroutines.insert(1, "main".to_owned());
        for event in &run.events {
            if let What::Started(child, site) = event.what {
                story.goroutines.entry(child).or_insert_with(|| short(site));
            }
            story.add(event, &mut numbers);
        }
        for (id, name) in &run.names {
            story.goroutines.insert(*id, name.clone());
        }
        story.mark_last(run);
        story
    }

    fn add(&mut self, event: &Event, numbers: &mut Numbers) {
        let mut line = Line {
            step: event.step,
            now: event.now,
            who: event.who,
            text: String::new(),
            place: String::new(),
            mark: Mark::Plain,
        };
        match event.what {
            What::Op(op) => {
                line.text = operation(op.reason, op.object, numbers);
                line.place = place(op.site);
            }
            What::GaveWay(to) => {
                if let Some(before) = self.of_same_op(event.who) {
                    before.mark = Mark::Switch;
                    before.text = format!("(before {}) lets #{to} run", before.text);
                    return;
                }
                line.text = format!("lets #{to} run");
                line.mark = Mark::Switch;
            }
            What::Waits(waiting) => {
                let text = operation(waiting.reason, waiting.object, numbers);
                if let Some(before) = self.of_same_op(event.who)
                    && before.text == text
                    && before.mark == Mark::Plain
                {
                    before.mark = Mark::Waits;
                    return;
                }
                line.text = text;
                line.place = place(waiting.site);
                line.mark = Mark::Waits;
            }
            What::Started(child, site) => {
                // The root is started by nobody.
                if event.who == 0 {
                    return;
                }
                line.text = format!("go -> #{child}");
                line.place = place(site);
            }
            What::Ended => line.text.push_str("ends"),
            What::Yielded => line.text.push_str("gives way"),
            What::Clock => line.text = format!("-> {:?}", Duration::from_nanos(event.now)),
            What::Early => line.text.push_str("a timer fires early"),
        }
        self.lines.push(line);
    }

    /// The last line, if it is this goroutine's.
    fn of_same_op(&mut self, who: u64) -> Option<&mut Line> {
        self.lines.last_mut().filter(|line| line.who == who)
    }

    fn mark_last(&mut self, run: &Execution) {
        let Some(finding) = &run.finding else { return };
        for who in &finding.goroutines {
            let waits = matches!(
                finding.class,
                Class::Deadlock
                    | Class::Leak
                    | Class::LockCycle
                    | Class::Futurelock
                    | Class::LostWakeup
            );
            let mark = |line: &&mut Line| line.who == *who && (!waits || line.mark == Mark::Waits);
            if let Some(line) = self.lines.iter_mut().rev().find(mark) {
                if waits {
                    line.text.push_str(", for ever");
                } else if finding.class == Class::Panic && line.text == "ends" {
                    "panics".clone_into(&mut line.text);
                }
                line.mark = Mark::Last;
            }
        }
    }
}

fn place(site: Site) -> String {
    site.location()
        .map_or_else(String::new, |l| format!("{}:{}", l.file(), l.line()))
}

/// Without its folders.
fn short(site: Site) -> String {
    site.location().map_or_else(String::new, |l| {
        let file = l.file().rsplit(['/', '\\']).next().unwrap_or_default();
        format!("{file}:{}", l.line())
    })
}

/// What an operation is called.
fn operation(reason: Reason, object: u64, numbers: &mut Numbers) -> String {
    let (verb, kind) = match reason {
        Reason::ChanSend => ("send", "chan"),
        Reason::ChanRecv => ("recv", "chan"),
        Reason::ChanRecvNil => return "recv from a channel that nobody sends to".to_owned(),
        Reason::Mutex => ("lock", "sync.Mutex"),
        Reason::RwLockRead => ("read-lock", "sync.RWMutex"),
        Reason::RwLockWrite => ("write-lock", "sync.RWMutex"),
        Reason::WaitGroup => ("wait", "sync.WaitGroup"),
        Reason::Cond => ("wait for a signal", "sync.Cond"),
        Reason::Semaphore => ("acquire", "semaphore"),
        Reason::Barrier => ("wait at a barrier", "barrier"),
        Reason::Timer => ("recv from a timer", "timer"),
        Reason::Context => return "wait for a context to be done".to_owned(),
        Reason::Join => return format!("join #{object}"),
        Reason::Select => return format!("select ({object} arms)"),
        Reason::SelectNone => return "select without an arm".to_owned(),
        Reason::Sleep => return "sleep".to_owned(),
        Reason::Yield => return "point".to_owned(),
        other => return other.to_string(),
    };
    format!("{verb} {}", numbers.name(kind, object))
}
