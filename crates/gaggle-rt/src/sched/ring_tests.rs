//! Tests of the ring: GO-10 by stress, and by loom for all interleavings of small cases.

use super::*;

fn item(n: usize) -> *mut () {
    ptr::without_provenance_mut(n)
}

#[cfg(not(loom))]
mod plain {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn go_10_owner_gets_them_in_order() {
        let ring = Ring::new();
        for round in 0..10 {
            for n in 1..=SIZE {
                ring.push(item(round * SIZE + n)).unwrap();
            }
            assert_eq!(ring.push(item(1)), Err(item(1)));
            for n in 1..=SIZE {
                assert_eq!(ring.pop(), Some(item(round * SIZE + n)));
            }
            assert_eq!(ring.pop(), None);
        }
    }

    #[test]
    fn go_10_half_of_a_full_ring_is_the_older_half() {
        let ring = Ring::new();
        (1..=SIZE).for_each(|n| ring.push(item(n)).unwrap());
        let mut taken = Vec::new();
        assert!(ring.take_half(|p| taken.push(p.addr())));
        assert_eq!(taken, (1..=SIZE / 2).collect::<Vec<_>>());
        assert_eq!(ring.pop(), Some(item(SIZE / 2 + 1)));
    }

    #[test]
    fn go_10_a_steal_takes_the_older_half_and_keeps_its_order() {
        let (from, to) = (Ring::new(), Ring::new());
        (1..=7).for_each(|n| from.push(item(n)).unwrap());
        assert_eq!(from.steal_into(&to), Some(item(1)));
        assert_eq!(
            [to.pop(), to.pop(), to.pop(), to.pop()],
            [2, 3, 4, 0].map(|n| (n > 0).then(|| item(n)))
        );
        assert_eq!(from.pop(), Some(item(5)));
    }

    #[test]
    fn go_10_nothing_is_lost_or_doubled_under_theft() {
        const N: usize = 200_000;
        let ring = Arc::new(Ring::<()>::new());
        let stop = Arc::new(AtomicBool::new(false));
        let thieves: Vec<_> = (0..2)
            .map(|i| {
                let (ring, stop) = (ring.clone(), stop.clone());
                gaggle_base::thread::start(format!("thief-{i}"), move || {
                    let (own, mut seen) = (Ring::new(), Vec::new());
                    while !stop.load(Ordering::Relaxed) || ring.len() > 0 {
                        let mut next = ring.steal_into(&own);
                        while let Some(p) = next {
                            seen.push(p.addr());
                            next = own.pop();
                        }
                        if i == 1 {
                            seen.extend(ring.steal_one().map(<*mut ()>::addr));
                        }
                    }
                    seen
                })
                .unwrap()
            })
            .collect();
        let mut seen = Vec::new();
        for n in 1..=N {
            let mut p = item(n);
            while let Err(back) = ring.push(p) {
                p = back;
                if n % 3 == 0 {
                    ring.take_half(|p| seen.push(p.addr()));
                } else {
                    seen.extend(ring.pop().map(<*mut ()>::addr));
                }
            }
            if n % 5 == 0 {
                seen.extend(ring.pop().map(<*mut ()>::addr));
            }
        }
        stop.store(true, Ordering::Relaxed);
        for t in thieves {
            seen.extend(t.join().unwrap());
        }
        while let Some(p) = ring.pop() {
            seen.push(p.addr());
        }
        seen.sort_unstable();
        assert_eq!(seen, (1..=N).collect::<Vec<_>>());
    }
}

#[cfg(loom)]
mod models {
    use super::*;
    use loom::sync::Arc;

    /// The owner pushes past the end of the ring and pops while one thief steals: everything comes out exactly once.
    /// A slot that is overwritten while a thief reads it, or a `head` that is taken twice, would break the sum.
    #[test]
    fn loom_ring_owner_and_thief() {
        loom::model(|| {
            let ring = Arc::new(Ring::<()>::new());
            (1..=3).for_each(|n| ring.push(item(n)).unwrap());
            let other = ring.clone();
            let thief = loom::thread::spawn(move || {
                let own = Ring::new();
                let mut sum = other.steal_into(&own).map_or(0, |p| p.addr());
                while let Some(p) = own.pop() {
                    sum += p.addr();
                }
                sum
            });
            let mut sum = 0;
            for n in 4..=6 {
                let mut p = item(n);
                while let Err(back) = ring.push(p) {
                    p = back;
                    sum += ring.pop().map_or(0, |p| p.addr());
                }
            }
            sum += thief.join().unwrap();
            while let Some(p) = ring.pop() {
                sum += p.addr();
            }
            assert_eq!(sum, 21);
        });
    }

    /// Two thieves and the owner at the last item: one of them gets it.
    #[test]
    fn loom_ring_last_item() {
        loom::model(|| {
            let ring = Arc::new(Ring::<()>::new());
            ring.push(item(1)).unwrap();
            let threads: Vec<_> = (0..2)
                .map(|i| {
                    let ring = ring.clone();
                    loom::thread::spawn(move || {
                        let own = Ring::new();
                        let got = if i == 0 {
                            ring.steal_into(&own)
                        } else {
                            ring.steal_one()
                        };
                        usize::from(got.is_some())
                    })
                })
                .collect();
            let mut got = usize::from(ring.pop().is_some());
            for t in threads {
                got += t.join().unwrap();
            }
            assert_eq!(got, 1);
        });
    }
}
