//! The decisions of a supervisor, fed with whatever may happen in any order: what must hold after each step, whatever the rules are.

use gaggle::actor::supervisor::{
    Action, Event, Key, Outcome, Request, Restart, Rules, Spec, State, Strategy, step,
};
use gaggle::actor::{AutoShutdown, ChildState, Exit};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Numbers that are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len() as u64) as usize]
    }
}

/// What is true of the processes outside, as the driver sees it.
#[derive(Default)]
struct World {
    starting: BTreeSet<Key>,
    up: BTreeSet<Key>,
    stopping: BTreeSet<Key>,
    retries: Vec<Key>,
    asked: BTreeSet<u64>,
    over: bool,
}

impl World {
    fn lives(&self, key: Key) -> bool {
        self.starting.contains(&key) || self.up.contains(&key) || self.stopping.contains(&key)
    }

    fn apply(&mut self, action: Action, dynamic: bool) {
        assert!(!self.over, "{action:?} after the end");
        match action {
            Action::Start(key) => {
                assert!(!self.lives(key), "two incarnations of {key} at once");
                assert!(self.starting.is_empty(), "two starts at once");
                assert!(self.stopping.is_empty(), "a start during a stop");
                self.starting.insert(key);
            }
            Action::Stop(key) => {
                let was = self.up.remove(&key) || self.starting.remove(&key);
                assert!(was, "a stop of {key}, which does not run");
                assert!(dynamic || self.stopping.is_empty(), "two stops at once");
                self.stopping.insert(key);
            }
            Action::RetryAfter(key, _) => self.retries.push(key),
            Action::Forget(key) => assert!(!self.lives(key), "{key} is forgotten and runs"),
            Action::Booted => {}
            Action::Answer(asker, _) => assert!(self.asked.remove(&asker), "answered twice"),
            Action::End(outcome) => {
                self.over = true;
                let left = self.starting.len() + self.up.len() + self.stopping.len();
                assert_eq!(left, 0, "somebody runs after the end");
                assert!(!matches!(outcome, Outcome::Exit(exit) if exit.is_abnormal()));
            }
        }
    }
}

fn spec(dice: &mut Dice, id: u64, auto: AutoShutdown) -> Spec {
    let restart = dice.one(&[Restart::Permanent, Restart::Transient, Restart::Temporary]);
    let may = auto != AutoShutdown::Never && restart != Restart::Permanent;
    Spec {
        id: Some(Arc::from(id.to_string())),
        restart,
        significant: may && dice.roll(2) == 0,
        supervisor: false,
        extras: None,
    }
}

/// What happens next; `None`: nothing can.
fn happens(
    dice: &mut Dice,
    world: &mut World,
    next: &mut Key,
    auto: AutoShutdown,
) -> Option<Event> {
    let exit = dice.one(&[0, 1, 2]);
    let exit = [Exit::Normal, Exit::shutdown(), Exit::error("crash")][exit].clone();
    let starting = world.starting.first().copied();
    let stopping = world.stopping.iter().copied().collect::<Vec<_>>();
    match dice.roll(9) {
        0..=2 => {
            let key = starting?;
            world.starting.remove(&key);
            if dice.roll(5) == 0 {
                let why = dice.one(&[0, 1]);
                return Some(Event::Exited(key, [exit, Exit::Ignore][why].clone()));
            }
            world.up.insert(key);
            Some(Event::Started(key))
        }
        3 | 4 if !stopping.is_empty() => {
            let key = dice.one(&stopping);
            world.stopping.remove(&key);
            Some(Event::Exited(key, Exit::shutdown()))
        }
        5 if !world.up.is_empty() => {
            let all = world.up.iter().copied().collect::<Vec<_>>();
            let key = dice.one(&all);
            world.up.remove(&key);
            Some(Event::Exited(key, exit))
        }
        6 if !world.retries.is_empty() => Some(Event::Retry(world.retries.remove(0))),
        7 => {
            let asker = *next;
            *next += 1;
            world.asked.insert(asker);
            let key = 1 + dice.roll(5);
            let request = match dice.roll(4) {
                0 => Request::Add(asker, spec(dice, key, auto)),
                1 => Request::Stop(key),
                2 => Request::Restart(key),
                _ => Request::Delete(key),
            };
            Some(Event::Asked(asker, request))
        }
        8 if dice.roll(30) == 0 => Some(Event::Shutdown(Exit::shutdown())),
        _ => None,
    }
}

fn story(seed: u64) {
    let mut dice = Dice(seed);
    let dynamic = dice.roll(4) == 0;
    let auto = [
        AutoShutdown::Never,
        AutoShutdown::AnySignificant,
        AutoShutdown::AllSignificant,
    ];
    let auto = if dynamic {
        AutoShutdown::Never
    } else {
        dice.one(&auto)
    };
    let strategies = [
        Strategy::OneForOne,
        Strategy::OneForAll,
        Strategy::RestForOne,
    ];
    let rules = Rules {
        strategy: if dynamic {
            Strategy::OneForOne
        } else {
            dice.one(&strategies)
        },
        intensity: dice.roll(6) as u32,
        window: Duration::from_millis(50),
        auto,
        dynamic,
    };
    let declared = if dynamic { 0 } else { dice.roll(5) };
    let children: Vec<_> = (1..=declared)
        .map(|key| (key, spec(&mut dice, key, auto)))
        .collect();
    let mut state = State::new(rules, children);
    let (mut world, mut next, mut now) = (World::default(), 100, Duration::ZERO);
    for action in step(&mut state, now, Event::Begin) {
        world.apply(action, dynamic);
    }
    for turn in 0..400 {
        if world.over {
            break;
        }
        now += Duration::from_millis(dice.roll(10));
        let event = if turn == 300 {
            Some(Event::Shutdown(Exit::shutdown()))
        } else {
            happens(&mut dice, &mut world, &mut next, auto)
        };
        // One that is told to stop and ends by itself first ends all the same.
        let Some(event) = event else { continue };
        for action in step(&mut state, now, event) {
            world.apply(action, dynamic);
        }
        for (key, _, child) in state.children() {
            match child {
                ChildState::Starting => assert!(world.starting.contains(&key)),
                ChildState::Stopping => assert!(world.stopping.contains(&key)),
                ChildState::Stopped | ChildState::Restarting => assert!(!world.lives(key)),
                _ => {}
            }
        }
    }
    // After a shutdown, all that is needed for the end is that those who were told to stop do.
    for _ in 0..100 {
        let Some(key) = world.stopping.first().copied() else {
            break;
        };
        world.stopping.remove(&key);
        for action in step(&mut state, now, Event::Exited(key, Exit::shutdown())) {
            world.apply(action, dynamic);
        }
    }
    assert!(world.over, "it does not end");
}

#[test]
fn whatever_happens_no_two_incarnations_live_at_once_and_nobody_outlives_the_end() {
    for seed in 0..20_000 {
        let told = std::panic::catch_unwind(|| story(seed));
        assert!(told.is_ok(), "seed {seed}");
    }
}

#[test]
fn the_same_events_lead_to_the_same_actions() {
    for seed in 0..50 {
        let tell = || {
            let mut dice = Dice(seed);
            let rules = Rules {
                strategy: Strategy::OneForAll,
                intensity: 3,
                window: Duration::from_secs(1),
                auto: AutoShutdown::Never,
                dynamic: false,
            };
            let specs: Vec<_> = (1..4)
                .map(|k| (k, spec(&mut dice, k, AutoShutdown::Never)))
                .collect();
            let mut state = State::new(rules, specs);
            let mut all = step(&mut state, Duration::ZERO, Event::Begin);
            for _ in 0..20 {
                let key = 1 + dice.roll(3);
                let event = dice.one(&[0, 1]);
                let event = [Event::Started(key), Event::Exited(key, Exit::Killed)][event].clone();
                all.extend(step(&mut state, Duration::ZERO, event));
            }
            all
        };
        assert_eq!(tell(), tell());
    }
}
