//! The process of a supervisor: it tells `decide.rs` what happens, and does what that says.
//!
//! It waits for nothing but its mailbox and its control lane: starting and stopping a child is a request, whose outcome comes as a notice. So it can always be asked, and told to end.

use super::builder::check_significant;
use super::child::{Child, Factory, Shutdown};
use super::control::{Command, Control, Info, Which};
use super::decide::step;
use super::error::{AddError, StartError};
use super::state::{Action, ChildState, Event, Key, Outcome, Request, Restart, Rules, State};
use crate::actor::{Addr, Reply};
use crate::process::{Event as Heard, Exit, Proc, Process};
use crate::process::{kill, lock, report, stop};
use crate::roster::Roster;
use gaggle_rt::time::{Instant, Sleep, sleep_until};
use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

/// Why it could not be started.
pub(super) type Failure = Arc<Mutex<Option<StartError>>>;

type Answer = Reply<Result<(), AddError>>;

/// What is kept of one child.
struct Place {
    shutdown: Shutdown,
    /// Gone once a temporary child is started: its arguments are not kept (row 27).
    factory: Option<Box<dyn Factory>>,
    temporary: bool,
    starts: u32,
    up: Option<Arc<dyn Proc>>,
}

pub(super) struct Driver {
    state: State,
    places: Roster<Key, Place>,
    next: Key,
    askers: BTreeMap<u64, Answer>,
    asked: u64,
    retries: Vec<(Instant, Key)>,
    timer: Option<(Instant, Pin<Box<Sleep>>)>,
    happened: VecDeque<Event>,
    began: Instant,
    control: Control,
    failure: Failure,
}

impl Driver {
    pub(super) fn new(
        rules: Rules,
        children: Vec<Child>,
        control: Control,
        failure: Failure,
    ) -> Self {
        let mut places = Roster::new();
        let mut specs = Vec::new();
        for (key, child) in (1..).zip(children) {
            specs.push((key, child.spec.clone()));
            places.insert(key, Place::new(&child.spec, child.shutdown, child.factory));
        }
        Self {
            next: specs.len() as Key + 1,
            state: State::new(rules, specs),
            places,
            askers: BTreeMap::new(),
            asked: 0,
            retries: Vec::new(),
            timer: None,
            happened: VecDeque::new(),
            began: Instant::now(),
            control,
            failure,
        }
    }

    /// The body of the process.
    pub(super) async fn run(mut self, process: Process<Command>) -> Exit {
        process.trap_exits(true);
        self.happened.push_back(Event::Begin);
        loop {
            while let Some(event) = self.happened.pop_front() {
                let now = self.began.elapsed();
                let actions = step(&mut self.state, now, event);
                // All that one decision stops has the same time to do so.
                let at = Instant::now();
                for action in actions {
                    if let Some(exit) = self.act(&process, action, at) {
                        return exit;
                    }
                }
            }
            match self.next(&process).await {
                Ok(heard) => self.hear(heard),
                Err(key) => self.happened.push_back(Event::Retry(key)),
            }
        }
    }

    /// What is heard next, or the child whose restart is to be tried again. What is heard comes first: so a restart that fails on and on keeps nobody waiting.
    async fn next(&mut self, process: &Process<Command>) -> Result<Heard<Command>, Key> {
        let mut recv = process.recv();
        poll_fn(|cx| {
            if let Poll::Ready(heard) = Pin::new(&mut recv).poll(cx) {
                return Poll::Ready(Ok(heard));
            }
            let first = self
                .retries
                .iter()
                .enumerate()
                .min_by_key(|(_, (at, _))| *at);
            let Some((index, (at, key))) = first.map(|(index, retry)| (index, *retry)) else {
                return Poll::Pending;
            };
            if self.timer.as_ref().is_none_or(|(until, _)| *until != at) {
                self.timer = Some((at, Box::pin(sleep_until(at))));
            }
            if let Some((_, timer)) = &mut self.timer
                && timer.as_mut().poll(cx).is_pending()
            {
                return Poll::Pending;
            }
            self.timer = None;
            self.retries.remove(index);
            Poll::Ready(Err(key))
        })
        .await
    }

    fn hear(&mut self, heard: Heard<Command>) {
        match heard {
            Heard::Stop(reason) => self.happened.push_back(Event::Shutdown(reason)),
            Heard::Child(key, None) => self.happened.push_back(Event::Started(key)),
            Heard::Child(key, Some(reason)) => {
                if let Some(place) = self.places.get_mut(key) {
                    place.up = None;
                }
                self.happened.push_back(Event::Exited(key, reason));
            }
            // Exits of those who have linked themselves with a supervisor say nothing to it.
            Heard::Signal(_) => {}
            Heard::Message(command) => self.command(command),
        }
    }

    fn command(&mut self, command: Command) {
        let (request, reply) = match command {
            Command::Children(reply) => return reply.send(self.infos()),
            Command::Count(reply) => return reply.send(self.state.counts()),
            Command::Add(spec, shutdown, factory, reply) => {
                if let Err(error) = check_significant(&spec, self.state.rules.auto) {
                    return reply.send(Err(AddError::Invalid(error)));
                }
                let key = self.next;
                self.next += 1;
                self.places
                    .insert(key, Place::new(&spec, shutdown, factory));
                (Request::Add(key, spec), reply)
            }
            Command::Stop(Which::Child(key, pid), reply) => {
                let is_it = |up: &Arc<dyn Proc>| up.core().pid == pid;
                let place = self.places.get(key).and_then(|place| place.up.as_ref());
                let key = if place.is_some_and(is_it) { key } else { 0 };
                (Request::Stop(key), reply)
            }
            Command::Stop(Which::Id(id), reply) => (Request::Stop(self.key(&id)), reply),
            Command::Restart(id, reply) => (Request::Restart(self.key(&id)), reply),
            Command::Delete(id, reply) => (Request::Delete(self.key(&id)), reply),
        };
        self.asked += 1;
        self.askers.insert(self.asked, reply);
        self.happened.push_back(Event::Asked(self.asked, request));
    }

    /// The key of the child with that id; 0 is none's.
    fn key(&self, id: &Arc<str>) -> Key {
        self.state.key_of(id).unwrap_or(0)
    }

    fn infos(&self) -> Vec<Info> {
        let info = |(key, spec, state): (Key, &super::state::Spec, ChildState)| Info {
            id: spec.id.clone(),
            pid: self
                .places
                .get(key)
                .and_then(|place| place.up.as_ref().map(|proc| proc.core().pid)),
            state,
            supervisor: spec.supervisor,
        };
        self.state.children().map(info).collect()
    }

    /// Does what was decided. Gives the exit if it is over.
    fn act(&mut self, process: &Process<Command>, action: Action, now: Instant) -> Option<Exit> {
        match action {
            Action::Start(key) => self.start(process, key),
            Action::Stop(key) => {
                if let Some(proc) = self.places.get(key).and_then(|p| p.up.as_ref()) {
                    let shutdown = self.places.get(key).map_or(Shutdown::Kill, |p| p.shutdown);
                    end(proc, shutdown, now);
                } else {
                    self.happened.push_back(Event::Exited(key, Exit::NoProc));
                }
            }
            Action::RetryAfter(key, delay) => self.retries.push((now + delay, key)),
            Action::Forget(key) => {
                self.places.remove(key);
                self.retries.retain(|(_, other)| *other != key);
            }
            Action::Booted => {
                self.control.slot.fill(&Addr::of(&process.mail));
                process.ready();
            }
            Action::Answer(asker, result) => {
                if let Some(reply) = self.askers.remove(&asker) {
                    reply.send(result.map_err(AddError::from));
                }
            }
            Action::End(Outcome::Exit(exit)) => return Some(exit),
            Action::End(Outcome::GaveUp(id)) => {
                let id = id.map_or_else(|| "a dynamic child".to_owned(), |id| format!("`{id}`"));
                let why = Exit::error(format!("too many restarts, the last of {id}"));
                report(Proc::core(process.mail.as_ref()), why);
                return Some(Exit::shutdown());
            }
            Action::End(Outcome::Boot(id, why)) => {
                let id = id.map_or_else(String::new, |id| id.to_string());
                let error = StartError::Child { id, why };
                let exit = Exit::shutdown_because(&error.to_string());
                *lock(&self.failure) = Some(error);
                return Some(exit);
            }
        }
        None
    }

    fn start(&mut self, process: &Process<Command>, key: Key) {
        let me = process.proc();
        let Some(place) = self.places.get_mut(key) else {
            return;
        };
        place.starts = place.starts.saturating_add(1);
        let (mut up, starts) = (None, place.starts);
        let mut before = |proc: &Arc<dyn Proc>| {
            proc.core().tend(starts, key);
            up = Some(proc.clone());
        };
        let started = match &place.factory {
            Some(factory) => factory.start(&me, place.shutdown, &mut before),
            None => Err(Exit::NoProc),
        };
        if place.temporary {
            place.factory = None;
        }
        place.up = up;
        if let Err(exit) = started {
            self.happened.push_back(Event::Exited(key, exit));
        }
    }
}

impl Place {
    fn new(spec: &super::state::Spec, shutdown: Shutdown, factory: Box<dyn Factory>) -> Self {
        Self {
            shutdown,
            factory: Some(factory),
            temporary: spec.restart == Restart::Temporary,
            starts: 0,
            up: None,
        }
    }
}

/// Ends a child as it wants to be ended.
fn end(proc: &Arc<dyn Proc>, shutdown: Shutdown, now: Instant) {
    let deadline = |limit: Duration| now + limit;
    match shutdown {
        Shutdown::After(limit) => {
            stop(
                proc.as_ref(),
                Exit::shutdown(),
                false,
                Some(deadline(limit)),
            );
        }
        Shutdown::Wait => {
            stop(proc.as_ref(), Exit::shutdown(), false, None);
        }
        Shutdown::Kill => {
            kill(proc.as_ref(), Exit::Killed);
        }
    }
}
