//! `Pool`: semantics.md LK-22, LK-23, and MM-10 as far as it is about pools.
//!
//! A trim takes the place of a collection (T25). Trimming by time is tested beside the pool, where the clock can be set.
//! Go's stress has 10 goroutines with 10^6 rounds and 2 * 10^6 values; here it is 10^4 rounds and 10^5 values, times `GAGGLE_STRESS`.

mod common;

use common::{Ledger, in_goroutine_and_sim, rounds};
use gaggle::sync::{Pool, WaitGroup};
use gaggle::{chan, go, yield_now};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};

#[test]
fn lk_22_get_gives_nothing_or_some_stored_item_which_is_removed() {
    let pool = Pool::new();
    assert_eq!(pool.get(), None);
    pool.put("a");
    pool.put("b");
    assert_eq!(pool.len(), 2);
    let both: BTreeSet<_> = [pool.get(), pool.get()].into_iter().flatten().collect();
    assert_eq!(both, BTreeSet::from(["a", "b"]));
    assert_eq!((pool.get(), pool.is_empty()), (None, true));
}

#[test]
fn lk_22_with_a_function_get_makes_what_is_missing() {
    let made = AtomicUsize::new(0);
    let pool = Pool::with(|| made.fetch_add(1, SeqCst) + 1);
    assert_eq!((pool.get(), pool.get()), (1, 2));
    pool.put(42);
    assert_eq!((pool.get(), pool.get()), (42, 3));
    pool.put(42);
    pool.trim();
    assert_eq!(pool.get(), 42);
    pool.put(42);
    pool.trim();
    pool.trim();
    assert_eq!(pool.get(), 4);
}

#[test]
fn lk_22_items_survive_one_trim_and_are_gone_after_the_second() {
    let ledger = Ledger::default();
    let pool = Pool::new();
    (0..100).for_each(|n| pool.put(ledger.value(n)));
    pool.trim();
    assert_eq!(pool.len(), 100);
    // What was taken and put back is fresh again.
    let survivor = pool.get().unwrap();
    let n = survivor.n;
    pool.put(survivor);
    pool.trim();
    assert_eq!(pool.len(), 1);
    assert!((0..100).all(|k| ledger.drops(k) == u32::from(k != n)));
    assert_eq!(pool.get().unwrap().n, n);
    assert!(pool.get().is_none());
    ledger.assert_settled();
}

#[test]
fn lk_22_a_drained_pool_keeps_no_reference() {
    let item = Arc::new(());
    let pool = Pool::new();
    (0..1000).for_each(|_| pool.put(item.clone()));
    assert_eq!(Arc::strong_count(&item), 1001);
    while let Some(taken) = pool.get() {
        drop(taken);
    }
    assert_eq!(Arc::strong_count(&item), 1);
    (0..1000).for_each(|_| pool.put(item.clone()));
    pool.trim();
    pool.trim();
    assert_eq!(Arc::strong_count(&item), 1);
    (0..1000).for_each(|_| pool.put(item.clone()));
    drop(pool);
    assert_eq!(Arc::strong_count(&item), 1);
}

#[test]
fn lk_22_a_guard_puts_its_item_back() {
    let pool = Pool::new();
    assert!(pool.get_guard().is_none());
    pool.put(vec![1]);
    let mut guard = pool.get_guard().unwrap();
    guard.push(2);
    assert_eq!((&**guard, pool.len()), (&[1, 2][..], 0));
    drop(guard);
    assert_eq!(pool.get_guard().unwrap().into_inner(), [1, 2]);
    assert!(pool.is_empty(), "it was taken for good");

    let pool = Pool::with(|| vec![3]);
    assert_eq!(*pool.get_guard(), [3]);
    assert_eq!(pool.len(), 1);
}

#[test]
fn lk_22_what_one_worker_has_put_another_gets() {
    in_goroutine_and_sim(|| async {
        let pool = Arc::new(Pool::new());
        for n in 0..rounds(200) {
            let other = pool.clone();
            go(async move { other.put(n) }).await.unwrap();
            assert_eq!(pool.get(), Some(n));
        }
    });
}

/// An item that knows whether somebody has it.
struct Item {
    taken: AtomicBool,
}

#[test]
fn lk_23_no_item_is_given_to_two_callers() {
    in_goroutine_and_sim(|| async {
        let pool = Arc::new(Pool::with(|| {
            Arc::new(Item {
                taken: AtomicBool::new(false),
            })
        }));
        let wg = WaitGroup::new();
        for g in 0..10 {
            let pool = pool.clone();
            drop(wg.go(async move {
                for n in 0..rounds(10_000) {
                    let item = pool.get();
                    assert!(!item.taken.swap(true, SeqCst), "two have it");
                    if n % 64 == g {
                        yield_now().await;
                    }
                    if n % 512 == g {
                        pool.trim();
                    }
                    assert!(item.taken.swap(false, SeqCst));
                    pool.put(item);
                }
            }));
        }
        wg.wait().await;
        assert!(pool.len() <= 10, "no more than were in use at a time");
    });
}

#[test]
fn lk_23_each_of_many_values_is_taken_once() {
    in_goroutine_and_sim(|| async {
        let values = rounds(100_000);
        let pool = Arc::new(Pool::new());
        let seen: Arc<Vec<AtomicUsize>> =
            Arc::new((0..values).map(|_| AtomicUsize::new(0)).collect());
        let left = Arc::new(AtomicU64::new(values));
        let wg = WaitGroup::new();
        for g in 0..10 {
            let (pool, seen, left) = (pool.clone(), seen.clone(), left.clone());
            drop(wg.go(async move {
                let mut mine = (g..values).step_by(10);
                while left.load(SeqCst) > 0 {
                    let more = mine.by_ref().take(50).map(|n| pool.put(n)).count();
                    while let Some(n) = pool.get() {
                        seen[usize::try_from(n).unwrap()].fetch_add(1, SeqCst);
                        left.fetch_sub(1, SeqCst);
                        // Some stay for others to find.
                        if more > 0 && n % 40 == 0 {
                            break;
                        }
                    }
                    yield_now().await;
                }
            }));
        }
        wg.wait().await;
        assert!(seen.iter().all(|times| times.load(SeqCst) == 1));
        assert!(pool.is_empty());
    });
}

#[test]
fn mm_10_put_comes_before_the_get_that_returns_the_item() {
    in_goroutine_and_sim(|| async {
        let pool = Arc::new(Pool::new());
        let (tx, rx) = chan::bounded(4);
        let putting = go({
            let pool = pool.clone();
            async move {
                for n in 1..=rounds(2_000) {
                    // Relaxed: only the pool orders this store and the load below.
                    let written = Arc::new(AtomicU64::new(0));
                    written.store(n, Relaxed);
                    pool.put((n, written));
                    let _ = tx.try_send(());
                }
            }
        });
        while rx.recv().await.is_ok() {
            while let Some((n, written)) = pool.get() {
                assert_eq!(written.load(Relaxed), n);
            }
        }
        putting.await.unwrap();
    });
}
