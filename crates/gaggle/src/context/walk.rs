//! How a scope ends together with everything below it (semantics.md CX-02, CX-03, CX-18).
//!
//! 1. **Mark**: from the top down, each scope gets its `end` under its own lock, unless it has one. From then on it takes no more children.
//!    Whoever sets `end` has the functions that are to be called.
//! 2. **Tell**: each scope's event is set, which wakes who waits for it.
//! 3. **Settle**: lists, alarms and the places in parents' lists are given back, and the functions are called.
//!
//! Two that end the same scopes at the same time both go through all of it. The second finds scopes that are marked, and marks and tells what the first has not come to yet.
//! So whichever call returns, everything below is done: a scope is passed over only once it is settled, and it is settled only after all that is below it was told.
//! For that a scope keeps its list of children until it is settled.
//!
//! There is no recursion, and no step is done twice by one call: a tree of n scopes costs O(n).

use super::error::End;
use super::scope::{Callback, Scope};
use crate::panics::{Payload, held_back, raise};
use crate::slab::Slab;
use std::sync::Arc;

/// How many children are looked up under one hold of the lock.
const BATCH: usize = 64;

/// What was found when a scope was marked.
struct Mark {
    /// Nobody is below it.
    leaf: bool,
    settled: bool,
    /// What is to be called; empty if it was marked before.
    funcs: Slab<Callback>,
}

impl Scope {
    /// Ends this scope and all below it. When it returns, all of them are done; the first end of each counts.
    ///
    /// Wakers, functions and foreign contexts that panic are passed over; the first panic goes on when all is done.
    pub(super) fn finish(self: &Arc<Self>, end: &End) {
        let mark = self.mark(end);
        if mark.settled {
            return;
        }
        if mark.leaf {
            let panic = self.tell().or(held_back(|| self.settle()));
            raise(call(mark.funcs.into_values(), panic));
            return;
        }
        let (scopes, funcs) = mark_below(self, mark.funcs);
        let mut panic = None;
        for scope in &scopes {
            panic = panic.or(scope.tell());
        }
        for scope in &scopes {
            panic = panic.or(held_back(|| scope.settle()));
        }
        drop(scopes);
        raise(call(funcs.into_iter().flat_map(Slab::into_values), panic));
    }

    fn mark(&self, end: &End) -> Mark {
        let end = end.clone();
        let mut state = self.state.lock();
        let refused = self.end.set(end).err();
        let mark = Mark {
            leaf: state.children.is_empty(),
            settled: state.settled,
            funcs: if refused.is_none() {
                state.funcs.take()
            } else {
                Slab::new()
            },
        };
        drop(state);
        // A cause may be the last of its kind.
        drop(refused);
        mark
    }

    fn tell(&self) -> Option<Payload> {
        held_back(|| {
            self.event.set();
        })
    }

    /// Up to [`BATCH`] children from `index` on that are still there, and where to go on.
    fn children_from(&self, mut index: usize, found: &mut Vec<Arc<Scope>>) -> Option<usize> {
        found.reserve(BATCH);
        let state = self.state.lock();
        for _ in 0..BATCH {
            let (next, child) = state.children.next_from(index)?;
            found.extend(child.upgrade());
            index = next;
        }
        Some(index)
    }
}

/// Marks all below `top`, which is marked. They come with their parents before them.
fn mark_below(top: &Arc<Scope>, funcs: Slab<Callback>) -> (Vec<Arc<Scope>>, Vec<Slab<Callback>>) {
    let (mut scopes, mut funcs) = (vec![top.clone()], vec![funcs]);
    let mut children = Vec::new();
    let mut at = 0;
    while at < scopes.len() {
        let scope = scopes[at].clone();
        let Some(end) = scope.end.get() else {
            unreachable!("a scope in the list is marked");
        };
        let mut next = Some(0);
        while let Some(index) = next {
            next = scope.children_from(index, &mut children);
            for child in children.drain(..) {
                let mark = child.mark(end);
                if !mark.settled {
                    scopes.push(child);
                    funcs.push(mark.funcs);
                }
            }
        }
        at += 1;
    }
    (scopes, funcs)
}

/// Calls all of them. The first panic, or the one there was before, comes back.
fn call(funcs: impl Iterator<Item = Callback>, mut panic: Option<Payload>) -> Option<Payload> {
    for f in funcs {
        panic = panic.or(held_back(f));
    }
    panic
}
