//! What an actor has in front of its mailbox: messages to itself, postponed ones, timers, work of its own.
//!
//! All of it is in one allocation, made when it is first needed: most actors need none.

use gaggle_rt::JoinHandle;
use gaggle_rt::time::{Instant, Sleep, sleep_until};
use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Which timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// Ends with any message.
    Idle,
    /// Ends with the state.
    State,
    Named(&'static str),
}

struct Timer<M> {
    key: Key,
    at: Instant,
    message: M,
}

pub(super) struct Front<M> {
    /// From `then`: before all others.
    pub(super) next: VecDeque<M>,
    /// Put off until the state changes.
    pub(super) postponed: VecDeque<M>,
    /// Put off, and due again.
    replay: VecDeque<M>,
    /// In the order in which they were set.
    timers: Vec<Timer<M>>,
    sleep: Option<(Instant, Pin<Box<Sleep>>)>,
    pub(super) changed: bool,
    pipes: Vec<JoinHandle<()>>,
}

impl<M> Front<M> {
    pub(super) fn new() -> Self {
        Self {
            next: VecDeque::new(),
            postponed: VecDeque::new(),
            replay: VecDeque::new(),
            timers: Vec::new(),
            sleep: None,
            changed: false,
            pipes: Vec::new(),
        }
    }

    /// A message that comes before the mailbox.
    pub(super) fn pop(&mut self) -> Option<M> {
        self.next.pop_front().or_else(|| self.replay.pop_front())
    }

    /// The state has changed: what was put off comes again, before what is newer.
    pub(super) fn change(&mut self) {
        self.changed = false;
        self.cancel(Key::State);
        let mut all = std::mem::take(&mut self.postponed);
        all.append(&mut self.replay);
        self.replay = all;
    }

    pub(super) fn set(&mut self, key: Key, at: Instant, message: M) {
        self.cancel(key);
        self.timers.push(Timer { key, at, message });
    }

    pub(super) fn cancel(&mut self, key: Key) -> bool {
        let at = self.timers.iter().position(|timer| timer.key == key);
        at.map(|at| self.timers.remove(at)).is_some()
    }

    /// The message of the timer that is due first. An idle one is due only if nothing else is there.
    pub(super) fn due(&mut self, idle: bool) -> Option<M> {
        let wanted = |timer: &Timer<M>| idle || timer.key != Key::Idle;
        if !self.timers.iter().any(wanted) {
            return None;
        }
        let now = Instant::now();
        let due = self.timers.iter().enumerate();
        let due = due.filter(|(_, timer)| wanted(timer) && timer.at <= now);
        let (at, _) = due.min_by_key(|(at, timer)| (timer.at, *at))?;
        Some(self.timers.remove(at).message)
    }

    /// Waits for the next timer.
    pub(super) fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(at) = self.timers.iter().map(|timer| timer.at).min() else {
            self.sleep = None;
            return Poll::Pending;
        };
        if self.sleep.as_ref().is_none_or(|(until, _)| *until != at) {
            self.sleep = Some((at, Box::pin(sleep_until(at))));
        }
        let Some((_, sleep)) = &mut self.sleep else {
            return Poll::Pending;
        };
        let polled = sleep.as_mut().poll(cx);
        if polled.is_ready() {
            self.sleep = None;
        }
        polled
    }

    /// Work that ends with the actor.
    pub(super) fn keep(&mut self, pipe: JoinHandle<()>) {
        self.pipes.retain(|pipe| !pipe.is_finished());
        self.pipes.push(pipe);
    }
}

impl<M> Drop for Front<M> {
    fn drop(&mut self) {
        for pipe in &self.pipes {
            pipe.abort();
        }
    }
}
