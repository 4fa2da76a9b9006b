//! Goroutines that wait for each other's locks.
//!
//! Every wait for a lock is listed (`gaggle_base::listing`) and says who has the lock. That gives arrows between goroutines, and a circle of them is a suspicion.
//! It becomes certain by a look at one instant, for which these are held: the list, so that no wait is given up; and the queues' locks of all locks in the circle, in the order of their addresses.
//! If then
//!
//! * each of the goroutines is parked, was not asked to end, and has one waker only,
//! * its wait is still in the queue of its lock, so that waker is there, and the lock is still the next one's,
//! * and none of the guards is of the kind that is made to be handed on,
//!
//! none of them can be woken but by an unlock of one of these locks, and that only one of them could do. So they wait for ever, whatever else runs.
//! The one thing that is taken on trust: a guard that borrows its mutex stays with the goroutine that took it. One that borrows from a `static` could be sent elsewhere; `lock_owned` is the way to say so.

use crate::sched::Shared;
use crate::task::Look;
use gaggle_base::listing::{self, Blocked, Entry};
use gaggle_base::wait::Who;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The circles that are certain, and those that are not; each from its goroutine with the lowest number on. Only goroutines of `runtimes` can be in a certain one.
pub(super) fn find(runtimes: &[Arc<Shared>]) -> (Vec<Vec<Who>>, Vec<Vec<Who>>) {
    let mut arrows: HashMap<Who, Blocked> = HashMap::new();
    listing::for_each(|entry| {
        if let Some(blocked) = entry.thing.blocked() {
            arrows.insert(entry.who, blocked);
        }
    });
    circles(&arrows)
        .into_iter()
        .partition(|circle| is_certain(runtimes, circle))
}

/// The circles that are certain among the goroutines of one runtime, by their numbers.
pub(crate) fn lock_cycles(runtime: &Arc<Shared>) -> Vec<Vec<u64>> {
    let (certain, _) = find(std::slice::from_ref(runtime));
    let ids = |circle: Vec<Who>| circle.into_iter().map(Who::id).collect();
    certain.into_iter().map(ids).collect()
}

/// Which goroutines of one runtime wait for the same lock in two futures at once, with the lock's address: one of the two is not polled, and may have been given the lock.
pub(crate) fn doubled_waits(runtime: &Shared) -> Vec<(u64, u64)> {
    let mut seen = HashSet::new();
    let mut doubled = Vec::new();
    listing::for_each(|entry| {
        if entry.who.runtime() == runtime.number && entry.thing.word().is_some() {
            let wait = (entry.who.id(), entry.thing.describe().address);
            if !seen.insert(wait) {
                doubled.push(wait);
            }
        }
    });
    doubled.sort_unstable();
    doubled.dedup();
    doubled
}

/// The circles among the arrows. Each goroutine has one arrow at most.
fn circles(arrows: &HashMap<Who, Blocked>) -> Vec<Vec<Who>> {
    let mut found = Vec::new();
    // Which walk has come by, so that each goroutine is walked over once.
    let mut walked: HashMap<Who, usize> = HashMap::new();
    let mut starts: Vec<Who> = arrows.keys().copied().collect();
    starts.sort_unstable();
    for (walk, start) in starts.into_iter().enumerate() {
        let mut path = Vec::new();
        let mut at = start;
        loop {
            if let Some(earlier) = walked.get(&at) {
                if *earlier == walk
                    && let Some(begin) = path.iter().position(|who| *who == at)
                {
                    let mut circle = path.split_off(begin);
                    let least = (0..circle.len()).min_by_key(|i| circle[*i]).unwrap_or(0);
                    circle.rotate_left(least);
                    found.push(circle);
                }
                break;
            }
            let Some(blocked) = arrows.get(&at) else {
                break;
            };
            walked.insert(at, walk);
            path.push(at);
            at = blocked.holder;
        }
    }
    found
}

fn is_certain(runtimes: &[Arc<Shared>], circle: &[Who]) -> bool {
    listing::with_all(|entries| {
        let waits: Option<Vec<&Entry<'_>>> = circle
            .iter()
            .map(|who| {
                let mut of_it = entries
                    .iter()
                    .filter(|e| e.who == *who && e.thing.blocked().is_some());
                // One that waits in two places at once is no case for us.
                match (of_it.next(), of_it.next()) {
                    (Some(wait), None) => Some(wait),
                    _ => None,
                }
            })
            .collect();
        let Some(waits) = waits else {
            return false;
        };
        let mut words: Vec<_> = waits.iter().filter_map(|w| w.thing.word()).collect();
        words.sort_unstable_by_key(|w| w.address());
        words.dedup_by_key(|w| w.address());
        let _held: Vec<_> = words
            .into_iter()
            .map(gaggle_base::spin::SpinWord::lock)
            .collect();
        let looks = looks_of(runtimes, circle);
        waits.iter().enumerate().all(|(i, wait)| {
            let next = circle[(i + 1) % circle.len()];
            let held = wait
                .thing
                .blocked()
                .is_some_and(|b| b.holder == next && !b.may_wander);
            let parked = looks
                .get(&circle[i])
                .is_some_and(|look| !look.scheduled && !look.aborted && look.wakers == 1);
            held && parked
        })
    })
}

/// The states of some goroutines.
fn looks_of(runtimes: &[Arc<Shared>], whose: &[Who]) -> HashMap<Who, Look> {
    let mut looks = HashMap::new();
    // Numbers of runtimes come round: where two have the same, nothing is certain.
    let mut numbers: Vec<u8> = runtimes.iter().map(|r| r.number).collect();
    numbers.sort_unstable();
    if numbers.windows(2).any(|two| two[0] == two[1]) {
        return looks;
    }
    for runtime in runtimes {
        if !whose.iter().any(|who| who.runtime() == runtime.number) {
            continue;
        }
        runtime.live.for_each(|header, look| {
            let who = Who::new(runtime.number, header.id().as_u64());
            if whose.contains(&who) {
                looks.insert(who, look);
            }
        });
    }
    looks
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn arrows(list: &[(u64, u64)]) -> HashMap<Who, Blocked> {
        let arrow = |(from, to): &(u64, u64)| {
            let blocked = Blocked {
                holder: Who::new(1, *to),
                lock: *to,
                may_wander: false,
            };
            (Who::new(1, *from), blocked)
        };
        list.iter().map(arrow).collect()
    }

    fn found(list: &[(u64, u64)]) -> Vec<Vec<u64>> {
        let circles = circles(&arrows(list));
        circles
            .iter()
            .map(|c| c.iter().map(|who| who.id()).collect())
            .collect()
    }

    #[test]
    fn circles_are_found_once_each_and_nothing_else_is() {
        assert!(found(&[]).is_empty());
        assert!(found(&[(1, 2), (2, 3), (4, 3)]).is_empty());
        assert_eq!(found(&[(1, 1)]), [[1]]);
        assert_eq!(found(&[(5, 2), (2, 3), (3, 2), (4, 5)]), [[2, 3]]);
        let two = [(1, 9), (9, 4), (4, 1), (7, 8), (8, 7), (3, 1)];
        assert_eq!(found(&two), [vec![1, 9, 4], vec![7, 8]]);
    }
}
