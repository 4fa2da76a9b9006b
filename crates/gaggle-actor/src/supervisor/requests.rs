//! What a supervisor decides when it is asked for something: children that are added, stopped, started and forgotten by hand.
//!
//! As in `decide.rs`, nothing is done here.

use super::decide::Decision;
use super::state::{Action, ChildState, Entry, Refusal, Request, Work};
use std::collections::VecDeque;

impl Decision<'_> {
    pub(super) fn request(&mut self, asker: u64, request: Request) {
        let key = match request {
            Request::Add(key, spec) => {
                let same = |e: &Entry| (e.spec.id == spec.id).then_some(e.state);
                // Dynamic children have none, and may be many.
                let id = spec.id.as_ref();
                let old = id.and_then(|_| self.state.children.values().find_map(same));
                if let Some(old) = old {
                    let why = match old {
                        ChildState::Stopped => Refusal::Present,
                        ChildState::Restarting => Refusal::Restarting,
                        _ => Refusal::Running,
                    };
                    self.act(Action::Forget(key));
                    self.act(Action::Answer(asker, Err(why)));
                    return;
                }
                let mut entry = Entry::new(spec);
                entry.added = true;
                self.state.askers.insert(key, asker);
                self.state.children.insert(key, entry);
                self.state.plan = VecDeque::from([Work::Start(key)]);
                return;
            }
            Request::Stop(key) | Request::Restart(key) | Request::Delete(key) => key,
        };
        let Some(entry) = self.state.children.get_mut(key) else {
            self.act(Action::Answer(asker, Err(Refusal::NotFound)));
            return;
        };
        if let Request::Stop(_) = request {
            self.state.askers.insert(key, asker);
            self.state.plan = VecDeque::from([Work::Stop(key)]);
            return;
        }
        let refusal = match entry.state {
            ChildState::Stopped => None,
            ChildState::Restarting => Some(Refusal::Restarting),
            _ => Some(Refusal::Running),
        };
        if let Some(why) = refusal {
            self.act(Action::Answer(asker, Err(why)));
        } else if let Request::Restart(_) = request {
            self.state.askers.insert(key, asker);
            self.state.plan = VecDeque::from([Work::Start(key)]);
        } else {
            self.forget(key);
            self.act(Action::Answer(asker, Ok(())));
        }
    }
}
