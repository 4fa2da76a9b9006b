//! [`Job`]: what a connection wants of one shard in one go, and what becomes of it.
//!
//! A job goes to the shard and comes back: the arguments of its commands lie in one buffer, the answers in another, and both are used again for the next job.
//! So a command costs one message there and one back, and no allocation but for what is stored.

use crate::resp;
use crate::stats::ShardStats;
use gaggle::chan::Sender;
use std::sync::Arc;

/// Above this much a buffer is not kept.
const KEPT: usize = 64 << 10;

/// A part of a job's `data`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span {
    at: usize,
    length: usize,
}

/// How long a key lives from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    Forever,
    /// As long as it would have.
    Keep,
    Millis(u64),
}

/// When a value is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Always,
    /// If the key is not there.
    New,
    /// If it is.
    There,
}

/// What is to be done with the key; with a pattern in its place for the last ones.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Get,
    Set {
        value: Span,
        life: Life,
        when: When,
        /// The answer is the old value.
        old: bool,
    },
    /// As `Set` does if the key is not there; the answer is a number.
    SetNew(Span),
    GetDelete,
    Delete,
    Exists,
    Length,
    Kind,
    Add(i64),
    /// A key without time to live is deleted.
    Expire(Option<u64>),
    Ttl {
        millis: bool,
    },
    Persist,
    Size,
    Flush,
    Keys,
    Scan {
        from: usize,
        count: usize,
        all: bool,
    },
    Panic,
    Stall(u64),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Command {
    pub(crate) hash: u64,
    pub(crate) key: Span,
    pub(crate) op: Op,
}

/// See above.
pub(crate) struct Job {
    pub(crate) shard: usize,
    data: Vec<u8>,
    pub(crate) commands: Vec<Command>,
    pub(crate) out: Vec<u8>,
    /// Where each answer ends.
    ends: Vec<usize>,
    /// How many answers have been taken.
    taken: usize,
    pub(crate) most: usize,
}

impl Job {
    pub(crate) fn new(shard: usize, most: usize) -> Self {
        Self {
            shard,
            data: Vec::new(),
            commands: Vec::new(),
            out: Vec::new(),
            ends: Vec::new(),
            taken: 0,
            most,
        }
    }

    /// Empty, and small.
    pub(crate) fn reset(&mut self) {
        for buffer in [&mut self.data, &mut self.out] {
            buffer.clear();
            buffer.shrink_to(KEPT);
        }
        self.commands.clear();
        self.ends.clear();
        self.taken = 0;
    }

    pub(crate) fn keep(&mut self, bytes: &[u8]) -> Span {
        let at = self.data.len();
        self.data.extend_from_slice(bytes);
        Span {
            at,
            length: bytes.len(),
        }
    }

    pub(crate) fn size(&self) -> usize {
        self.data.len()
    }

    /// The bytes of a span, beside the buffer for answers.
    pub(crate) fn parts(&mut self, span: Span) -> (&[u8], &mut Vec<u8>) {
        let bytes = self.data.get(span.at..span.at + span.length);
        (bytes.unwrap_or(&[]), &mut self.out)
    }

    /// The same for two spans.
    pub(crate) fn bytes(&self, span: Span) -> &[u8] {
        let bytes = self.data.get(span.at..span.at + span.length);
        bytes.unwrap_or(&[])
    }

    /// The command that is next, if its turn is `number`.
    pub(crate) fn command(&self, number: usize) -> Option<Command> {
        self.commands.get(number).copied()
    }

    /// An answer is complete.
    pub(crate) fn answered(&mut self) {
        self.ends.push(self.out.len());
    }

    /// The next answer.
    pub(crate) fn take(&mut self) -> &[u8] {
        let begin = self.taken.checked_sub(1).map_or(0, |last| self.ends[last]);
        let end = self.ends.get(self.taken).copied().unwrap_or(begin);
        self.taken += 1;
        &self.out[begin..end]
    }

    /// What has no answer yet gets an error; says how many that were.
    pub(crate) fn fail(&mut self, text: &str) -> u64 {
        // What a crash has left half written goes.
        self.out.truncate(self.ends.last().copied().unwrap_or(0));
        let left = self.commands.len() - self.ends.len();
        for _ in 0..left {
            resp::error(&mut self.out, text);
            self.answered();
        }
        left as u64
    }
}

/// A job on its way. However the shard ends, the job goes back: with an error, if it has not been done.
pub(crate) struct Work {
    job: Option<Box<Job>>,
    back: Sender<Box<Job>>,
    stats: Arc<ShardStats>,
}

impl Work {
    pub(crate) fn new(job: Box<Job>, back: Sender<Box<Job>>, stats: Arc<ShardStats>) -> Self {
        Self {
            job: Some(job),
            back,
            stats,
        }
    }

    /// The job, without a way back.
    pub(crate) fn recall(mut self) -> Option<Box<Job>> {
        self.job.take()
    }

    pub(crate) fn job(&mut self) -> Option<&mut Job> {
        self.job.as_deref_mut()
    }

    /// Sends it back. There is room for one job of each shard, so this never waits; a connection that is gone does not need it.
    pub(crate) fn done(mut self) {
        if let Some(job) = self.job.take() {
            drop(self.back.try_send(job));
        }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if let Some(mut job) = self.job.take() {
            let lost =
                job.fail("ERR shard crashed, the command may or may not have been carried out");
            self.stats.failed.add(lost);
            drop(self.back.try_send(job));
        }
    }
}
