//! Everything at once on real workers: links, monitors, asks, names, groups, kills and restarts, in random order. Nothing may hang, and nothing may be left over.

use crate::common::{ms, slots};
use gaggle::actor::testkit::{Order, Part, Puppet, Trace};
use gaggle::actor::{Addr, Dynamic, Exit, Groups, Registry, Restart, Strategy, Supervisor, spawn};
use gaggle::sync::WaitGroup;
use gaggle::time::timeout;
use std::time::Duration;

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// `GAGGLE_STRESS` multiplies the rounds.
fn times() -> u64 {
    let times = std::env::var("GAGGLE_STRESS").ok();
    times.and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// One thing that may happen to two actors.
async fn happens(
    dice: &mut Dice,
    a: &Addr<Order>,
    b: &Addr<Order>,
    names: &Registry,
    groups: &Groups<Order>,
) {
    let other = b.clone();
    match dice.roll(10) {
        0 => drop(Puppet::call(a, move |cx| cx.link(&other)).await),
        1 => drop(Puppet::call(a, move |cx| cx.unlink(&other)).await),
        2 => drop(Puppet::call(a, move |cx| drop(cx.monitor(&other))).await),
        3 => {
            let kept = Puppet::call(a, move |cx| cx.monitor(&other)).await;
            drop(kept);
        }
        4 => drop(a.try_send(Order::Note("x".into()))),
        5 => {
            let work = async move {
                // Circles are found, and deadlines are for the rest.
                let asked = other.ask(|reply| {
                    Order::Do(Box::new(move |_| {
                        reply.send(());
                        Ok(())
                    }))
                });
                drop(asked.deadline(ms(100)).await);
                Ok(())
            };
            // Queued only: who it asks may be busy with asking.
            drop(a.try_send(Order::Await(Box::pin(work))));
        }
        6 => drop(names.register("n", a)),
        7 => drop(groups.join("g", a)),
        8 => Puppet::crash(a).await,
        _ => drop(a.kill()),
    }
}

async fn storm(seed: u64, rounds: u64) {
    let trace = Trace::new();
    let (names, groups) = (Registry::new(), Groups::new());
    let pool = Dynamic::<Puppet>::new().restart(Restart::Temporary);
    let app = pool.run().await.unwrap();
    let watch = groups.watch();
    let storms = WaitGroup::new();
    for part in 0..4 {
        let (pool, trace, names, groups) =
            (pool.clone(), trace.clone(), names.clone(), groups.clone());
        storms.go(async move {
            let mut dice = Dice(seed * 31 + part);
            let mut all = Vec::new();
            for _ in 0..rounds {
                if all.len() < 4 {
                    all.push(pool.start(Part::new("p", &trace)).await.unwrap());
                }
                let (one, two) = (dice.roll(all.len() as u64), dice.roll(all.len() as u64));
                let (a, b) = (all[one as usize].clone(), all[two as usize].clone());
                happens(&mut dice, &a, &b, &names, &groups).await;
                all.retain(Addr::is_alive);
            }
        });
    }
    storms.wait().await;
    app.shutdown().await.unwrap();
    assert!(names.names().is_empty(), "a name is left");
    assert!(groups.names().is_empty(), "a member is left");
    let _ = watch.snapshot();
    let _ = trace.take();
}

#[test]
fn nothing_hangs_and_nothing_is_left_whatever_happens() {
    crate::common::simulated(|| storm(7, 6));
    let real = gaggle::go(async {
        for seed in 0..20 * times() {
            let done = timeout(Duration::from_secs(60), storm(seed, 300)).await;
            assert!(done.is_ok(), "storm {seed} hangs");
        }
    });
    real.join_blocking().unwrap();
}

#[test]
fn children_that_crash_at_once_all_come_back() {
    let real = gaggle::go(async {
        let trace = Trace::new();
        let all = slots(["a", "b", "c", "d"]);
        for strategy in [
            Strategy::OneForOne,
            Strategy::OneForAll,
            Strategy::RestForOne,
        ] {
            let mut tree = Supervisor::new(strategy).intensity(1_000_000, ms(1000));
            for slot in &all {
                tree = tree.child(crate::common::kid(slot, &trace));
            }
            let app = tree.start().await.unwrap();
            let crashes = WaitGroup::new();
            for slot in all.clone() {
                crashes.go(async move {
                    for _ in 0..100 {
                        let addr = slot.up().await;
                        Puppet::crash(&addr).await;
                        addr.exited().await;
                    }
                });
            }
            crashes.wait().await;
            for slot in &all {
                slot.up().await;
            }
            app.shutdown().await.unwrap();
            let left = all.iter().filter(|slot| slot.is_up()).count();
            assert_eq!(left, 0);
        }
        let lone = spawn::<Puppet>(Part::new("lone", &trace)).await.unwrap();
        assert_eq!(lone.stop().await, Exit::Normal);
    });
    real.join_blocking().unwrap();
}
