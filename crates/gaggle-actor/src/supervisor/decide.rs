//! The decisions of a supervisor: a function from what it knows and what happens to what it does.
//!
//! There is no clock, no process and no waiting in here: time comes with each event, and what takes time is an [`Action`] that ends with an [`Event`].
//! At most one plan is carried out at a time, one step after the other: a boot, a restart, a stop. Ends of children and requests that come meanwhile wait; a [`Event::Shutdown`] does not, it takes the place of the plan (row 22).
//!
//! This file must not know how anything is done.

use super::budget::{affords, delay};
use super::state::{
    Action, AutoShutdown, ChildState, Event, Key, Outcome, Phase, Refusal, Restart, State,
    Strategy, Work,
};
use crate::process::Exit;
use std::collections::VecDeque;
use std::time::Duration;

/// What a supervisor does when something happens at a time, counted from any fixed moment.
pub fn step(state: &mut State, now: Duration, event: Event) -> Vec<Action> {
    let mut decision = Decision {
        state,
        now,
        actions: Vec::new(),
    };
    decision.take(event);
    decision.go_on();
    decision.actions
}

pub(super) struct Decision<'a> {
    pub(super) state: &'a mut State,
    now: Duration,
    actions: Vec<Action>,
}

impl Decision<'_> {
    fn take(&mut self, event: Event) {
        match event {
            Event::Begin => {
                let all = self.state.children.keys();
                self.state.plan = all.map(Work::Start).collect();
            }
            Event::Started(key) => self.started(key),
            Event::Exited(key, exit) => self.exited(key, exit),
            Event::Retry(key) => self.state.retries.push_back(key),
            Event::Asked(asker, request) => self.state.requests.push_back((asker, request)),
            Event::Shutdown(reason) => {
                if matches!(self.state.phase, Phase::Booting | Phase::Running) {
                    self.end(Outcome::Exit(reason));
                }
            }
        }
    }

    pub(super) fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    fn answer(&mut self, key: Key, result: Result<(), Refusal>) {
        if let Some(asker) = self.state.askers.remove(key) {
            self.act(Action::Answer(asker, result));
        }
    }

    fn started(&mut self, key: Key) {
        let now = self.now;
        let Some(entry) = self.state.children.get_mut(key) else {
            return;
        };
        if entry.state != ChildState::Starting {
            return;
        }
        entry.state = ChildState::Up;
        entry.added = false;
        if entry.backoff().is_some() {
            entry.past().up_since = now;
        }
        if self.state.busy == Some(Work::Start(key)) {
            self.state.busy = None;
        }
        self.answer(key, Ok(()));
    }

    fn exited(&mut self, key: Key, exit: Exit) {
        let ending = matches!(self.state.phase, Phase::Ending(_));
        let Some(entry) = self.state.children.get_mut(key) else {
            return;
        };
        match entry.state {
            ChildState::Starting if !ending => self.start_failed(key, exit),
            ChildState::Up if !ending => {
                entry.dead = true;
                self.state.exits.push_back((key, exit));
            }
            ChildState::Starting | ChildState::Up | ChildState::Stopping => self.stopped(key),
            ChildState::Stopped | ChildState::Restarting => {}
        }
    }

    /// It is down because it was to be, or does not matter any more.
    fn stopped(&mut self, key: Key) {
        if self.state.busy == Some(Work::Stop(key)) {
            self.state.busy = None;
        }
        self.answer(key, Ok(()));
        self.rest(key);
        if self.state.busy == Some(Work::StopAll)
            && self
                .state
                .children
                .values()
                .all(|e| e.state != ChildState::Stopping)
        {
            self.state.busy = None;
        }
    }

    /// It does nothing any more; one that is not to be restarted by hand is forgotten.
    fn rest(&mut self, key: Key) {
        let Some(entry) = self.state.children.get_mut(key) else {
            return;
        };
        if entry.dead {
            self.state.exits.retain(|(dead, _)| *dead != key);
        }
        entry.state = ChildState::Stopped;
        (entry.dead, entry.paid) = (false, false);
        if entry.spec.restart == Restart::Temporary || self.state.rules.dynamic {
            self.forget(key);
        }
    }

    pub(super) fn forget(&mut self, key: Key) {
        self.state.children.remove(key);
        self.state.askers.remove(key);
        self.act(Action::Forget(key));
    }

    fn start_failed(&mut self, key: Key, exit: Exit) {
        if self.state.busy == Some(Work::Start(key)) {
            self.state.busy = None;
        }
        let declined = exit == Exit::Ignore;
        let booting = matches!(self.state.phase, Phase::Booting);
        let asked = self.state.askers.get(key).is_some();
        if declined {
            self.answer(key, Ok(()));
            self.rest(key);
        } else if booting {
            let mut id = None;
            if let Some(entry) = self.state.children.get_mut(key) {
                entry.state = ChildState::Stopped;
                id.clone_from(&entry.spec.id);
            }
            self.end(Outcome::Boot(id, exit));
        } else if asked {
            let added = self.state.children.get(key).is_some_and(|e| e.added);
            self.answer(key, Err(Refusal::Failed(exit)));
            if added {
                self.forget(key);
            } else {
                self.rest(key);
            }
        } else {
            // The rest of the plan waits for this child (rows 33 and 34).
            self.state.plan.clear();
            self.retry_later(key);
        }
    }

    fn retry_later(&mut self, key: Key) {
        let now = self.now;
        let Some(entry) = self.state.children.get_mut(key) else {
            return;
        };
        entry.state = ChildState::Restarting;
        let delay = entry
            .backoff()
            .map_or(Duration::ZERO, |b| delay(b, entry, now));
        self.act(Action::RetryAfter(key, delay));
    }

    /// Does what can be done at once: plans step by step, then what has waited for the end of a plan.
    fn go_on(&mut self) {
        while self.state.busy.is_none() {
            if let Some(work) = self.state.plan.pop_front() {
                self.work(work);
                continue;
            }
            match &self.state.phase {
                Phase::Booting => {
                    self.state.phase = Phase::Running;
                    self.act(Action::Booted);
                }
                Phase::Ending(outcome) => {
                    let outcome = outcome.clone();
                    self.state.phase = Phase::Over;
                    self.act(Action::End(outcome));
                    return;
                }
                Phase::Over => return,
                Phase::Running => {
                    if let Some((key, exit)) = self.state.exits.pop_front() {
                        self.ended(key, &exit);
                    } else if let Some(key) = self.state.retries.pop_front() {
                        self.retry(key);
                    } else if let Some((asker, request)) = self.state.requests.pop_front() {
                        self.request(asker, request);
                    } else {
                        return;
                    }
                }
            }
        }
    }

    fn work(&mut self, work: Work) {
        match work {
            Work::Start(key) => {
                if let Some(entry) = self.state.children.get_mut(key) {
                    entry.state = ChildState::Starting;
                    self.state.busy = Some(work);
                    self.act(Action::Start(key));
                }
            }
            Work::Stop(key) => {
                let Some(entry) = self.state.children.get_mut(key) else {
                    return;
                };
                match entry.state {
                    ChildState::Up | ChildState::Starting if !entry.dead => {
                        entry.state = ChildState::Stopping;
                        self.state.busy = Some(work);
                        self.act(Action::Stop(key));
                    }
                    ChildState::Stopping => self.state.busy = Some(work),
                    _ => {
                        self.answer(key, Ok(()));
                        self.rest(key);
                    }
                }
            }
            Work::StopAll => {
                let keys: Vec<Key> = self.state.children.keys().collect();
                let mut any = false;
                for key in keys {
                    match self.state.children.get_mut(key) {
                        Some(entry) if entry.state == ChildState::Stopping => any = true,
                        Some(entry)
                            if matches!(entry.state, ChildState::Up | ChildState::Starting)
                                && !entry.dead =>
                        {
                            entry.state = ChildState::Stopping;
                            any = true;
                            self.act(Action::Stop(key));
                        }
                        _ => self.rest(key),
                    }
                }
                self.state.busy = any.then_some(Work::StopAll);
            }
        }
    }

    /// A child has ended by itself.
    fn ended(&mut self, key: Key, exit: &Exit) {
        let Some(entry) = self.state.children.get_mut(key) else {
            return;
        };
        entry.dead = false;
        entry.state = ChildState::Stopped;
        let again = match entry.spec.restart {
            Restart::Permanent => true,
            Restart::Transient => exit.is_abnormal(),
            Restart::Temporary => false,
        };
        if again {
            self.restart(key);
            return;
        }
        let significant = entry.spec.significant;
        self.rest(key);
        if significant && self.is_enough() {
            self.end(Outcome::Exit(Exit::shutdown()));
        }
    }

    /// A significant child has ended for good: is that the end?
    fn is_enough(&self) -> bool {
        match self.state.rules.auto {
            AutoShutdown::Never => false,
            AutoShutdown::AnySignificant => true,
            AutoShutdown::AllSignificant => {
                let mut all = self.state.children.values();
                all.all(|e| !e.spec.significant || e.state == ChildState::Stopped)
            }
        }
    }

    fn restart(&mut self, key: Key) {
        if !affords(self.state, self.now, key) {
            self.give_up(key);
            return;
        }
        let Some(entry) = self.state.children.get_mut(key) else {
            return;
        };
        if entry.backoff().is_some() {
            entry.paid = true;
            self.retry_later(key);
            return;
        }
        self.plan_restart(key);
    }

    fn retry(&mut self, key: Key) {
        let Some(entry) = self.state.children.get_mut(key) else {
            return;
        };
        // It may have been stopped meanwhile, or been restarted with the others.
        if entry.state != ChildState::Restarting {
            return;
        }
        if !std::mem::take(&mut entry.paid) && !affords(self.state, self.now, key) {
            self.give_up(key);
            return;
        }
        self.plan_restart(key);
    }

    fn plan_restart(&mut self, key: Key) {
        let first = match self.state.rules.strategy {
            Strategy::OneForOne => {
                self.state.plan = VecDeque::from([Work::Start(key)]);
                return;
            }
            Strategy::OneForAll => 0,
            Strategy::RestForOne => key,
        };
        let all = self.state.children.keys();
        let group: Vec<Key> = all.filter(|other| *other >= first).collect();
        let stops = group.iter().rev().filter(|other| **other != key);
        let mut plan: VecDeque<Work> = stops.map(|other| Work::Stop(*other)).collect();
        plan.extend(group.iter().map(|key| Work::Start(*key)));
        self.state.plan = plan;
    }

    fn give_up(&mut self, key: Key) {
        let entry = self.state.children.get(key);
        self.end(Outcome::GaveUp(
            entry.and_then(|entry| entry.spec.id.clone()),
        ));
    }

    fn end(&mut self, outcome: Outcome) {
        self.state.phase = Phase::Ending(outcome);
        self.state.busy = None;
        self.state.exits.clear();
        self.state.retries.clear();
        for entry in self.state.children.values_mut().filter(|e| e.dead) {
            (entry.dead, entry.state) = (false, ChildState::Stopped);
        }
        if self.state.rules.dynamic {
            self.state.plan = VecDeque::from([Work::StopAll]);
            return;
        }
        // One that is being stopped is waited for first.
        let all = self.state.children.iter();
        let stopping = all
            .clone()
            .filter(|(_, entry)| entry.state == ChildState::Stopping);
        let keys = stopping.chain(all.rev()).map(|(key, _)| Work::Stop(key));
        self.state.plan = keys.collect();
    }
}
