//! One node in the tree of contexts that can be done.
//!
//! A child holds its parent; a parent knows its children weakly, so a child whose last handle goes is gone, and leaves its parent's list in O(1).
//! Values are not in this tree: see `values.rs`.
//!
//! Each node has a lock of its own for its [`State`], and no two of them are ever held together, nor is one held while anything of a user's is called or dropped.
//! How a node ends together with everything below it is in `walk.rs`.

use super::error::{Cause, Due, End};
use super::foreign::Source;
use super::watch::Watch;
use crate::slab::{Slab, SlabKey};
use crate::time::Instant;
use gaggle_base::spin::SpinLock;
use gaggle_chan::sync::Event;
use gaggle_rt::time::{Alarm, alarm};
use std::sync::{Arc, OnceLock, Weak};

/// What is to be done once a context is done. It is called under no lock.
pub(super) type Callback = Box<dyn FnOnce() + Send>;

pub(super) struct Scope {
    /// Set when the scope is done. Whoever sees it set sees `end`.
    pub(super) event: Event,
    /// How it ended. Written under the lock, once, before `event` is set.
    pub(super) end: OnceLock<End>,
    pub(super) deadline: Option<Instant>,
    /// The context of somebody else that this one follows.
    foreign: Option<Arc<dyn Source>>,
    pub(super) state: SpinLock<State>,
}

pub(super) struct State {
    /// Until it is settled: the parent, and the place in its list.
    parent: Option<(Arc<Scope>, SlabKey)>,
    /// Nobody is added once `end` is set.
    pub(super) children: Slab<Weak<Scope>>,
    /// What is to be called at the end; taken out by whoever sets `end`.
    pub(super) funcs: Slab<Callback>,
    alarm: Option<Alarm>,
    /// Itself, while there are functions and an alarm: they are called at the deadline also when everybody has let go of the context.
    own: Option<Arc<Scope>>,
    watch: Option<Watch>,
    /// Everything below is done, and told. What is in this state was given back.
    pub(super) settled: bool,
}

impl Scope {
    fn new(deadline: Option<Instant>, foreign: Option<Arc<dyn Source>>) -> Arc<Self> {
        Arc::new(Self {
            event: Event::new(),
            end: OnceLock::new(),
            deadline,
            foreign,
            state: SpinLock::new(State {
                parent: None,
                children: Slab::new(),
                funcs: Slab::new(),
                alarm: None,
                own: None,
                watch: None,
                settled: false,
            }),
        })
    }

    /// A scope that follows a foreign context.
    pub(super) fn foreign(source: Arc<dyn Source>) -> Arc<Self> {
        Self::new(source.deadline(), Some(source))
    }

    /// A scope below `parent` (CX-05).
    pub(super) fn below(parent: Option<&Arc<Scope>>) -> Arc<Self> {
        let scope = Self::new(parent.and_then(|p| p.deadline), None);
        if let Some(parent) = parent {
            scope.attach(parent);
        }
        scope
    }

    /// A scope below `parent` that ends at a point in time, unless the parent's comes first (CX-06).
    pub(super) fn below_until(parent: Option<&Arc<Scope>>, due: Due) -> Arc<Self> {
        let deadline = due.deadline;
        if parent.is_some_and(|p| p.deadline.is_some_and(|earlier| earlier < deadline)) {
            return Self::below(parent);
        }
        let scope = Self::new(Some(deadline), None);
        if let Some(parent) = parent {
            scope.attach(parent);
        }
        if deadline <= Instant::now() {
            scope.finish(&due.end());
        } else if !scope.is_ended() {
            scope.arm(due);
        }
        scope
    }

    /// Sets the alarm. It knows the scope weakly: it may outlive it by no more than the moment in which it goes off.
    fn arm(self: &Arc<Self>, due: Due) {
        let scope = Arc::downgrade(self);
        let alarm = alarm(due.deadline, move || {
            if let Some(scope) = scope.upgrade() {
                scope.finish(&due.end());
            }
        });
        let mut state = self.state.lock();
        if state.settled {
            drop(state);
            alarm.stop();
        } else {
            state.alarm = Some(alarm);
        }
    }

    /// Puts a new scope into its parent's list, or ends it if the parent has ended.
    fn attach(self: &Arc<Self>, parent: &Arc<Scope>) {
        parent.refresh();
        let weak = Arc::downgrade(self);
        let mut above = parent.state.lock();
        if let Some(end) = parent.end.get() {
            drop(above);
            self.finish(end);
            return;
        }
        let place = above.children.insert(weak);
        drop(above);
        // From here on the parent may end, and this one with it.
        let mut state = self.state.lock();
        if !state.settled {
            state.parent = Some((parent.clone(), place));
        }
    }

    /// A foreign context may be done before anybody has told us.
    pub(super) fn refresh(self: &Arc<Self>) {
        if let Some(source) = &self.foreign
            && !self.is_ended()
            && let Some(error) = source.err()
        {
            let cause = source.cause();
            self.finish(&End { error, cause });
        }
    }

    /// The foreign context says that it is done.
    pub(super) fn follow(self: &Arc<Self>) {
        self.refresh();
        // One that is done without an error was cancelled.
        let cause = self.foreign.as_ref().and_then(|source| source.cause());
        self.finish(&End {
            cause,
            ..End::CANCELED
        });
    }

    fn is_ended(&self) -> bool {
        self.end.get().is_some()
    }

    /// How it ended, once that is known to all who wait.
    pub(super) fn end(&self) -> Option<&End> {
        if self.event.is_set() {
            self.end.get()
        } else {
            None
        }
    }

    pub(super) fn cause(&self) -> Option<Cause> {
        self.end().map(End::cause)
    }

    /// How many children there are, and how many functions.
    pub(super) fn counts(&self) -> (usize, usize) {
        let state = self.state.lock();
        (state.children.len(), state.funcs.len())
    }

    /// What watches on behalf of this scope, for as long as it is needed.
    pub(super) fn keep_watch(&self, watch: Watch) {
        let mut state = self.state.lock();
        if state.settled && !watch.outlives_the_end() {
            drop(state);
            watch.release();
        } else {
            state.watch = Some(watch);
        }
    }

    /// Ends a watch that outlives the end of its scope.
    pub(super) fn release_watch(&self) {
        let watch = self.state.lock().watch.take();
        if let Some(watch) = watch {
            watch.release();
        }
    }

    /// Everything below is done and told: gives back what is not needed any more.
    pub(super) fn settle(&self) {
        let mut state = self.state.lock();
        state.settled = true;
        let children = state.children.take();
        let parent = state.parent.take();
        let alarm = state.alarm.take();
        let own = state.own.take();
        let watch = state.watch.take_if(|watch| !watch.outlives_the_end());
        drop(state);
        drop((children, own));
        if let Some(alarm) = alarm {
            alarm.stop();
        }
        if let Some(watch) = watch {
            watch.release();
        }
        if let Some((parent, place)) = parent {
            parent.forget(place);
        }
    }

    /// A function was registered.
    pub(super) fn add_func(self: &Arc<Self>, state: &mut State, func: Callback) -> SlabKey {
        if state.alarm.is_some() {
            state.own.get_or_insert_with(|| self.clone());
        }
        state.funcs.insert(func)
    }

    /// A registration is taken back, if it is still there.
    pub(super) fn remove_func(&self, key: SlabKey) -> Option<Callback> {
        let mut state = self.state.lock();
        let func = state.funcs.remove(key);
        let own = if state.funcs.is_empty() {
            state.own.take()
        } else {
            None
        };
        drop(state);
        drop(own);
        func
    }

    /// A child has ended or is gone (CX-04).
    fn forget(&self, place: SlabKey) {
        let child = self.state.lock().children.remove(place);
        drop(child);
    }

    /// The last handle is gone: takes the scope out of its parent's list, which it gives back.
    fn detach(&mut self) -> Option<Arc<Scope>> {
        let state = self.state.get_mut();
        if let Some(alarm) = state.alarm.take() {
            alarm.stop();
        }
        if let Some(watch) = state.watch.take() {
            watch.release();
        }
        let (parent, place) = state.parent.take()?;
        parent.forget(place);
        Some(parent)
    }
}

impl Drop for Scope {
    /// A chain of any length goes without recursion: each parent whose last handle was its child is taken apart here.
    fn drop(&mut self) {
        let mut parent = self.detach();
        while let Some(mut scope) = parent.take().and_then(Arc::into_inner) {
            parent = scope.detach();
        }
    }
}
