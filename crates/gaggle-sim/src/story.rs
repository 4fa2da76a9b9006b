//! What happened in a run, in lines: for people.
//!
//! A goroutine that was made to give way before an operation does it when it is next in turn, and says so no more: the line for that is added here.
//! This file must not know how lines are drawn.

use crate::execute::Execution;
use crate::finding::{Class, Finding};
use crate::names::{Numbers, direct, file_name, kind};
use gaggle_base::clock::Nanos;
use gaggle_base::site::Site;
use gaggle_base::steps::Op;
use gaggle_base::wait::Reason;
use gaggle_rt::stepped::{Event, What};
use std::collections::BTreeMap;
use std::time::Duration;

/// What is special about a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Nothing out of the way.
    Plain,
    /// A goroutine that could have gone on let another one run: what the schedule is about.
    Switch,
    /// A goroutine waits.
    Waits,
    /// What went wrong: it waits for ever, or it panics.
    Last,
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// A goroutine does something or waits.
    Does,
    /// It starts another one.
    Starts(u64),
    /// It ends.
    Ends,
    /// The clock.
    Clock,
}

/// One line.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Lines are counted from 1.
    pub(crate) number: usize,
    pub(crate) now: Nanos,
    /// The goroutine; 0: the clock.
    pub(crate) who: u64,
    pub(crate) deed: Deed,
    pub(crate) text: String,
    /// Where in the source, or nothing.
    pub(crate) place: String,
    pub(crate) mark: Mark,
}

impl Line {
    /// The place without its folders.
    pub(crate) fn short_place(&self) -> &str {
        file_name(&self.place)
    }
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

/// What it takes to write one.
struct Writer {
    story: Story,
    numbers: Numbers,
    /// Who has given way before which operation.
    put_off: BTreeMap<u64, Op>,
    /// What was to be done by whom, if that was the last event.
    last_op: Option<(u64, Op)>,
}

impl Story {
    pub(crate) fn of(run: &Execution) -> Self {
        let mut writer = Writer {
            story: Self {
                is_cut: run.events.first().is_some_and(|event| event.step > 2),
                ..Self::default()
            },
            numbers: Numbers::of(&run.events),
            put_off: BTreeMap::new(),
            last_op: None,
        };
        let names = &mut writer.story.goroutines;
        names.insert(1, "main".to_owned());
        for event in &run.events {
            if let What::Started(child, site) = event.what {
                let started = place(site);
                names
                    .entry(child)
                    .or_insert_with(|| file_name(&started).to_owned());
            }
        }
        names.extend(run.names.clone());
        for event in &run.events {
            writer.add(event);
        }
        let mut story = writer.story;
        if let Some(finding) = &run.finding {
            story.mark_last(finding);
        }
        for (at, line) in story.lines.iter_mut().enumerate() {
            line.number = at + 1;
        }
        story
    }

    /// `#2 reader`; or the clock.
    pub(crate) fn name(&self, who: u64) -> String {
        match self.goroutines.get(&who) {
            _ if who == 0 => "clock".to_owned(),
            Some(name) => format!("#{who} {name}"),
            None => format!("#{who}"),
        }
    }

    fn mark_last(&mut self, finding: &Finding) {
        let class = finding.class;
        let waits = matches!(
            class,
            Class::Deadlock
                | Class::Leak
                | Class::LockCycle
                | Class::Futurelock
                | Class::LostWakeup
        );
        for who in &finding.goroutines {
            let is_it = |line: &&mut Line| line.who == *who && (!waits || line.mark == Mark::Waits);
            let Some(line) = self.lines.iter_mut().rev().find(is_it) else {
                continue;
            };
            if waits {
                line.text.push_str(" for ever");
            } else if matches!(class, Class::Panic | Class::Misuse) && line.deed == Deed::Ends {
                line.text = match finding.summary.split_once(" panicked: ") {
                    Some((_, message)) => {
                        format!("panics: {}", message.lines().next().unwrap_or_default())
                    }
                    None => "panics".to_owned(),
                };
                if let Some(at) = finding.places.first() {
                    // Without the column, as the other places are.
                    line.place = direct(at.rsplit_once(':').map_or(at, |(line, _)| line));
                }
            }
            line.mark = Mark::Last;
        }
    }
}

impl Writer {
    fn add(&mut self, event: &Event) {
        let who = event.who;
        if let Some(op) = self.put_off.remove(&who) {
            self.does(event, op);
        }
        match event.what {
            What::Op(op) => self.does(event, op),
            What::GaveWay(_) => {
                let Some(op) = self.last_op.take_if(|(by, _)| *by == who) else {
                    return;
                };
                let op = op.1;
                self.story.lines.pop();
                self.put_off.insert(who, op);
                let what = operation(op.reason, op.object, &mut self.numbers);
                let text = format!("preempted before {what}");
                self.line(event, Deed::Does, text, place(op.site), Mark::Switch);
                return;
            }
            What::Waits(waiting) => {
                let text = operation(waiting.reason, waiting.object, &mut self.numbers);
                if let Some(before) = self.story.lines.last_mut()
                    && (before.who, before.mark) == (who, Mark::Plain)
                    && before.text == text
                {
                    before.text.push_str(": waits");
                    before.mark = Mark::Waits;
                    return;
                }
                let text = format!("{text}: waits");
                self.line(event, Deed::Does, text, place(waiting.site), Mark::Waits);
            }
            What::Started(child, site) => {
                // The root is started by nobody.
                if who > 0 {
                    let text = format!("go -> #{child}");
                    self.line(event, Deed::Starts(child), text, place(site), Mark::Plain);
                }
            }
            What::Closed(channel) => {
                let text = format!("close {}", self.numbers.name("chan", channel));
                self.plain(event, Deed::Does, text);
            }
            What::Ended => self.plain(event, Deed::Ends, "ends".to_owned()),
            What::Yielded => self.plain(event, Deed::Does, "gives way".to_owned()),
            What::Clock => {
                let text = format!("-> {:?}", Duration::from_nanos(event.now));
                self.plain(event, Deed::Clock, text);
            }
            What::Early => self.plain(event, Deed::Clock, "a timer fires early".to_owned()),
        }
        self.last_op = match event.what {
            What::Op(op) => Some((who, op)),
            _ => None,
        };
    }

    fn does(&mut self, event: &Event, op: Op) {
        let text = operation(op.reason, op.object, &mut self.numbers);
        self.line(event, Deed::Does, text, place(op.site), Mark::Plain);
    }

    fn plain(&mut self, event: &Event, deed: Deed, text: String) {
        self.line(event, deed, text, String::new(), Mark::Plain);
    }

    fn line(&mut self, event: &Event, deed: Deed, text: String, place: String, mark: Mark) {
        self.story.lines.push(Line {
            number: 0,
            now: event.now,
            who: event.who,
            deed,
            text,
            place,
            mark,
        });
    }
}

/// File and line.
fn place(site: Site) -> String {
    site.location().map_or_else(String::new, |l| {
        format!("{}:{}", direct(l.file()), l.line())
    })
}

/// What an operation is called.
fn operation(reason: Reason, object: u64, numbers: &mut Numbers) -> String {
    let verb = match reason {
        Reason::ChanSend => "send",
        Reason::ChanRecv | Reason::Timer => "recv",
        Reason::ChanRecvNil => return "recv from a channel that nobody sends to".to_owned(),
        Reason::Mutex => "lock",
        Reason::RwLockRead => "read-lock",
        Reason::RwLockWrite => "write-lock",
        Reason::WaitGroup | Reason::Cond | Reason::Barrier => "wait on",
        Reason::Semaphore => "acquire",
        Reason::Context => return "wait for a context to be done".to_owned(),
        Reason::Join => return format!("join #{object}"),
        Reason::Select => return format!("select ({object} arms)"),
        Reason::SelectNone => return "select without an arm".to_owned(),
        Reason::Yield => return "point".to_owned(),
        other => return other.to_string(),
    };
    match kind(reason) {
        Some(kind) => format!("{verb} {}", numbers.name(kind, object)),
        None => verb.to_owned(),
    }
}
