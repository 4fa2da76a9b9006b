//! [`Round`]: the commands that a connection has for all shards at once, and their answers in order.
//!
//! The commands of one shard are one [`Job`], that is, one message; the answers of all are put together in the order in which they were asked for.
//! If one shard has answered everything, what it has written is what is sent.

use crate::resp;
use crate::shard::job::{Command, Job, Op, Span};
use crate::shard::{Lot, Msg};
use gaggle::actor::Addr;
use gaggle::chan::{self, Receiver, Sender};
use std::sync::Arc;

/// How many commands one round takes, and how many bytes of arguments.
const COMMANDS: usize = 512;
const BYTES: usize = 1 << 20;
/// Above this much a buffer is not kept.
const KEPT: usize = 64 << 10;

/// How the answers of several shards become one. The first error becomes the answer of all, if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// They are numbers.
    Sum,
    /// `OK`.
    Ok,
    /// An array, with an element from each.
    Array,
    /// They are arrays, which become one.
    Merge,
}

/// What comes next in the answer.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// The bytes up to there of what is answered without a shard.
    Local(usize),
    /// The next answer of that shard.
    Shard(usize),
    /// The next answers, so many, become one.
    Gather(How, usize),
}

/// Who has answered so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Nobody,
    Shard(usize),
    Several,
}

pub(crate) struct Round {
    lot: Arc<Lot>,
    parts: Vec<Part>,
    by: By,
    local: Vec<u8>,
    jobs: Vec<Option<Box<Job>>>,
    known: Vec<Option<Addr<Msg>>>,
    /// The shards that have something to do.
    called: Vec<usize>,
    bytes: usize,
    out: Vec<u8>,
    back: Sender<Box<Job>>,
    answers: Receiver<Box<Job>>,
}

impl Round {
    pub(crate) fn new(lot: &Arc<Lot>) -> Self {
        let (back, answers) = chan::bounded(lot.len());
        Self {
            lot: lot.clone(),
            parts: Vec::new(),
            by: By::Nobody,
            local: Vec::new(),
            jobs: (0..lot.len()).map(|_| None).collect(),
            known: vec![None; lot.len()],
            called: Vec::new(),
            bytes: 0,
            out: Vec::new(),
            back,
            answers,
        }
    }

    pub(crate) fn lot(&self) -> &Arc<Lot> {
        &self.lot
    }

    pub(crate) fn is_of(&self, lot: &Arc<Lot>) -> bool {
        Arc::ptr_eq(&self.lot, lot)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Is it time to carry out what has been collected?
    pub(crate) fn is_full(&self) -> bool {
        self.parts.len() >= COMMANDS || self.bytes >= BYTES
    }

    /// Empty, for other commands.
    pub(crate) fn reset(&mut self) {
        self.parts.clear();
        self.by = By::Nobody;
        for buffer in [&mut self.local, &mut self.out] {
            buffer.clear();
            buffer.shrink_to(KEPT);
        }
        for shard in self.called.drain(..) {
            if let Some(job) = &mut self.jobs[shard] {
                job.reset();
            }
        }
        self.bytes = 0;
    }

    /// An answer that needs no shard.
    pub(crate) fn local(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.local);
        self.parts.push(Part::Local(self.local.len()));
        self.by = By::Several;
    }

    pub(crate) fn error(&mut self, text: impl AsRef<[u8]>) {
        self.local(|out| resp::error(out, text));
    }

    /// The answers to the next commands, so many, become one.
    pub(crate) fn gather(&mut self, how: How, count: usize) {
        self.parts.push(Part::Gather(how, count));
        self.by = By::Several;
    }

    /// A command for the shard of its key; `with` may keep more arguments.
    pub(crate) fn command(&mut self, key: &[u8], with: impl FnOnce(&mut Job) -> Op) {
        let hash = self.lot.hash(key);
        self.command_at(self.lot.place(hash), hash, key, with);
    }

    /// A command for that shard.
    pub(crate) fn command_at(
        &mut self,
        shard: usize,
        hash: u64,
        key: &[u8],
        with: impl FnOnce(&mut Job) -> Op,
    ) {
        let most = self.lot.config.max_answers;
        let job = self.jobs[shard].get_or_insert_with(|| Box::new(Job::new(shard, most)));
        if job.commands.is_empty() {
            self.called.push(shard);
        }
        let before = job.size();
        let key: Span = job.keep(key);
        let op = with(job);
        job.commands.push(Command { hash, key, op });
        self.bytes += job.size() - before;
        self.parts.push(Part::Shard(shard));
        self.by = match self.by {
            By::Nobody => By::Shard(shard),
            By::Shard(same) if same == shard => By::Shard(shard),
            _ => By::Several,
        };
    }

    /// Carries it all out: sends the jobs, and waits until all are back.
    pub(crate) async fn run(&mut self) {
        let mut waiting = 0;
        for at in 0..self.called.len() {
            let shard = self.called[at];
            let Some(job) = self.jobs[shard].take() else {
                continue;
            };
            match self.lot.send(job, &self.back, &mut self.known[shard]) {
                None => waiting += 1,
                refused => self.jobs[shard] = refused,
            }
        }
        for _ in 0..waiting {
            // The other end is here, so it cannot be closed.
            if let Ok(job) = self.answers.recv().await {
                let shard = job.shard;
                self.jobs[shard] = Some(job);
            }
        }
    }

    /// The answers in order.
    pub(crate) fn answers(&mut self) -> &[u8] {
        if let By::Shard(shard) = self.by {
            return self.jobs[shard].as_ref().map_or(&[], |job| &job.out);
        }
        let mut from = 0;
        let mut at = 0;
        while let Some(part) = self.parts.get(at).copied() {
            at += 1;
            match part {
                Part::Local(to) => {
                    self.out.extend_from_slice(&self.local[from..to]);
                    from = to;
                }
                Part::Shard(shard) => {
                    if let Some(job) = &mut self.jobs[shard] {
                        self.out.extend_from_slice(job.take());
                    }
                }
                Part::Gather(how, count) => {
                    self.gathered(how, at, count);
                    at += count;
                }
            }
        }
        &self.out
    }

    /// Puts the answers of the next parts, so many, together.
    fn gathered(&mut self, how: How, first: usize, count: usize) {
        let begin = self.out.len();
        if how == How::Array {
            resp::array(&mut self.out, count);
        }
        let (mut sum, mut elements) = (0_i64, 0);
        let mut merged = Vec::new();
        let mut failed = false;
        for at in first..first + count {
            let Some(Part::Shard(shard)) = self.parts.get(at).copied() else {
                continue;
            };
            let Some(job) = &mut self.jobs[shard] else {
                continue;
            };
            let answer = job.take();
            if failed {
                continue;
            }
            if answer.first() == Some(&b'-') {
                failed = true;
                self.out.truncate(begin);
                self.out.extend_from_slice(answer);
                continue;
            }
            match how {
                How::Array => self.out.extend_from_slice(answer),
                How::Ok => {}
                How::Sum => {
                    let digits = answer.get(1..answer.len() - 2).unwrap_or_default();
                    sum = sum.saturating_add(resp::integer_of(digits).unwrap_or(0));
                }
                How::Merge => {
                    if let Some((length, rest)) = resp::array_end(answer) {
                        elements += length;
                        merged.extend_from_slice(rest);
                    }
                }
            }
        }
        match how {
            _ if failed => {}
            How::Array => {}
            How::Ok => resp::simple(&mut self.out, "OK"),
            How::Sum => resp::integer(&mut self.out, sum),
            How::Merge => {
                resp::array(&mut self.out, elements);
                self.out.extend_from_slice(&merged);
            }
        }
    }
}
