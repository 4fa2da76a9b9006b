//! The wheel against a sorted list: same timers, same times, same order.

use super::*;
use gaggle_base::rng::Rng;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Wake;

struct Nothing;
impl Wake for Nothing {
    fn wake(self: Arc<Self>) {}
}

fn waker() -> Waker {
    Waker::from(Arc::new(Nothing))
}

fn linked(wheel: &Wheel, deadline: Nanos) -> Pin<Box<Entry>> {
    let entry = Box::pin(Entry::new(deadline));
    // SAFETY: the entry is new, boxed, and each test removes or expires it before it drops it.
    unsafe { wheel.insert(&entry, waker()) };
    entry
}

/// Deadlines of all magnitudes, expired at times of all magnitudes, some removed before.
#[test]
fn ti_03_any_mix_of_deadlines_expires_exactly_and_in_order() {
    for seed in 0..60 {
        let mut rng = Rng::from_seed(seed);
        let wheel = Wheel::new();
        let (mut now, mut entries) = (0_u64, Vec::new());
        for _ in 0..400 {
            for _ in 0..rng.below(6) {
                let deadline = now + (rng.next_u64() >> (8 + rng.below(56)));
                entries.push(linked(&wheel, deadline));
            }
            if rng.below(4) == 0 && !entries.is_empty() {
                let entry = entries.swap_remove(rng.below(entries.len() as u32) as usize);
                wheel.remove(&entry);
                assert_eq!(entry.state(), State::Idle);
            }
            let earliest = entries.iter().map(|e| e.deadline()).min().unwrap_or(NEVER);
            assert!(
                wheel.next() <= earliest,
                "seed {seed}: would sleep past a deadline"
            );
            now += rng.next_u64() >> (10 + rng.below(54));
            let mut expired = Expired::new();
            wheel.expire(now, usize::MAX, &mut expired);
            let mut due: Vec<_> = entries
                .iter()
                .map(|e| e.deadline())
                .filter(|d| *d <= now)
                .collect();
            due.sort_unstable();
            assert_eq!(
                expired.iter().map(|e| e.0).collect::<Vec<_>>(),
                due,
                "seed {seed} at {now}"
            );
            assert!(
                entries
                    .iter()
                    .all(|e| (e.state() == State::Fired) == (e.deadline() <= now))
            );
            entries.retain(|e| e.deadline() > now);
        }
        let mut rest = Expired::new();
        wheel.orphan_all(&mut rest);
        assert_eq!(rest.len(), entries.len());
    }
}

/// A keeper that always sleeps until `next` reaches a far deadline in few steps: one for each level.
#[test]
fn a_far_deadline_costs_one_look_a_level() {
    let wheel = Wheel::new();
    let deadline = 86_400_000_000_000 + 12_345;
    let entry = linked(&wheel, deadline);
    let (mut looks, mut expired) = (0, Expired::new());
    while expired.is_empty() {
        let next = wheel.next();
        assert!(next <= deadline);
        wheel.expire(next, usize::MAX, &mut expired);
        looks += 1;
    }
    assert_eq!(entry.state(), State::Fired);
    assert!(looks <= LEVELS + 1, "{looks} looks");
}

/// A limit cuts between ticks, keeps the order and loses nothing.
#[test]
fn a_limited_expiry_goes_on_where_it_stopped() {
    let wheel = Wheel::new();
    let mut rng = Rng::from_seed(3);
    let entries: Vec<_> = (0..2_000)
        .map(|_| linked(&wheel, u64::from(rng.below(1 << 24))))
        .collect();
    let (mut seen, mut rounds) = (Vec::new(), 0);
    while seen.len() < entries.len() {
        assert!(
            wheel.next() <= 1 << 24,
            "something is left, and the wheel says so"
        );
        let mut expired = Expired::new();
        wheel.expire(1 << 24, 100, &mut expired);
        seen.extend(expired.iter().map(|(deadline, _)| *deadline));
        rounds += 1;
    }
    assert!(rounds > 10 && seen.is_sorted(), "{rounds} rounds");
    assert_eq!(wheel.next(), NEVER);
}
