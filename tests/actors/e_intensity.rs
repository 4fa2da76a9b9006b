//! Rows 37 to 45: how many restarts are too many.

use crate::common::{both, crash, kid, kid_with, ms, simulated, slots};
use gaggle::actor::testkit::{Part, Puppet, Trace};
use gaggle::actor::{Exit, Restart, Strategy, Supervisor, on_death};
use gaggle::time::{Instant, sleep, sleep_until};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Whether the supervisor lives after crashes at these times, in milliseconds.
async fn survives(restarts: u32, window: u64, crashes: &[u64]) -> bool {
    let trace = Trace::new();
    let [a] = slots(["a"]);
    let app = Supervisor::new(Strategy::OneForOne)
        .intensity(restarts, ms(window))
        .child(kid(&a, &trace))
        .start()
        .await
        .unwrap();
    let begin = Instant::now();
    for at in crashes {
        sleep_until(begin + ms(*at)).await;
        if !app.is_alive() {
            return false;
        }
        crash(&a).await;
    }
    let lives = app.is_alive();
    if lives {
        app.shutdown().await.unwrap();
    } else {
        assert_eq!(app.exited().await, Exit::shutdown());
    }
    lives
}

#[test]
fn row_037_one_more_than_the_intensity_ends_the_supervisor_with_shutdown() {
    both(|| async {
        assert!(survives(2, 10_000, &[0, 1]).await);
        assert!(!survives(2, 10_000, &[0, 1, 2]).await);
        for strategy in [Strategy::OneForAll, Strategy::RestForOne] {
            let trace = Trace::new();
            let [a, b] = slots(["a", "b"]);
            let app = Supervisor::new(strategy)
                .intensity(0, ms(1000))
                .child(kid(&a, &trace))
                .child(kid(&b, &trace))
                .start()
                .await
                .unwrap();
            crash(&a).await;
            assert_eq!(app.exited().await, Exit::shutdown());
            trace.assert("start a; start b; stop a(crash); stop b(shutdown)");
        }
    });
}

#[test]
fn row_038_the_window_slides() {
    simulated(|| async {
        assert!(survives(2, 1000, &[0, 600, 1100, 1700, 2200]).await);
        assert!(!survives(2, 1000, &[0, 600, 1100, 1500]).await);
    });
}

#[test]
fn row_039_a_failed_restart_costs_as_much_as_a_crash() {
    both(|| async {
        for (intensity, lives) in [(3, true), (2, false)] {
            let trace = Trace::new();
            let [a] = slots(["a"]);
            let no = || Some(Exit::error("no"));
            let part = Part::new("a", &trace).starts([None, no(), no()]);
            let app = Supervisor::new(Strategy::OneForOne)
                .intensity(intensity, ms(10_000))
                .child(kid_with(&a, part))
                .start()
                .await
                .unwrap();
            crash(&a).await;
            assert_eq!(app.is_alive(), lives);
            if lives {
                trace.assert("start a; stop a(crash); a-fails; a-fails; start a");
                app.shutdown().await.unwrap();
            } else {
                assert_eq!(app.exited().await, Exit::shutdown());
            }
        }
    });
}

#[test]
fn row_040_the_restart_of_a_group_costs_one() {
    both(|| async {
        let trace = Trace::new();
        let all = slots(["a", "b", "c"]);
        let mut tree = Supervisor::new(Strategy::OneForAll).intensity(2, ms(10_000));
        for slot in &all {
            tree = tree.child(kid(slot, &trace));
        }
        let app = tree.start().await.unwrap();
        crash(&all[0]).await;
        crash(&all[1]).await;
        assert!(app.is_alive());
        app.shutdown().await.unwrap();
    });
}

#[test]
fn row_041_the_budget_is_the_supervisors_not_the_childs() {
    both(|| async {
        let trace = Trace::new();
        let all = slots(["a", "b", "c"]);
        let mut tree = Supervisor::new(Strategy::OneForOne).intensity(2, ms(10_000));
        for slot in &all {
            tree = tree.child(kid(slot, &trace));
        }
        let app = tree.start().await.unwrap();
        for slot in &all {
            crash(slot).await;
        }
        assert_eq!(app.exited().await, Exit::shutdown());
    });
}

#[test]
fn row_042_no_restarts_at_all_are_fine_while_only_temporary_children_crash() {
    both(|| async {
        let trace = Trace::new();
        let [t] = slots(["t"]);
        let app = Supervisor::new(Strategy::OneForOne)
            .intensity(0, ms(1000))
            .child(kid(&t, &trace).restart(Restart::Temporary))
            .start()
            .await
            .unwrap();
        crash(&t).await;
        assert!(app.is_alive());
        app.shutdown().await.unwrap();
    });
}

#[test]
fn row_043_stopping_and_starting_by_hand_costs_nothing() {
    both(|| async {
        let trace = Trace::new();
        let [a] = slots(["a"]);
        let app = Supervisor::new(Strategy::OneForOne)
            .intensity(1, ms(10_000))
            .child(kid(&a, &trace))
            .start()
            .await
            .unwrap();
        for _ in 0..4 {
            app.stop_child("a").await.unwrap();
            app.restart_child("a").await.unwrap();
        }
        crash(&a).await;
        assert!(app.is_alive());
        app.shutdown().await.unwrap();
    });
}

#[test]
fn row_044_the_window_is_exact_and_its_boundary_is_within() {
    simulated(|| async {
        assert!(!survives(1, 1000, &[0, 1000]).await);
        assert!(survives(1, 1000, &[0, 1001]).await);
    });
}

#[test]
fn row_045_three_restarts_in_five_seconds_are_tolerated_if_nothing_is_said() {
    simulated(|| async {
        for (last, lives) in [(Duration::from_secs(5), false), (ms(5001), true)] {
            let trace = Trace::new();
            let [a] = slots(["a"]);
            let tree = Supervisor::new(Strategy::OneForOne).child(kid(&a, &trace));
            let app = tree.start().await.unwrap();
            for _ in 0..3 {
                crash(&a).await;
            }
            assert!(app.is_alive());
            sleep(last).await;
            let addr = a.addr().unwrap();
            Puppet::crash(&addr).await;
            addr.exited().await;
            crate::common::calm().await;
            assert_eq!(app.is_alive(), lives);
        }
    });
}

#[test]
fn row_037_a_supervisor_at_the_top_that_gives_up_is_reported_though_its_exit_is_clean() {
    both(|| async {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let into = seen.clone();
        let observer = on_death(move |obituary| into.lock().unwrap().push(obituary.clone()));
        let trace = Trace::new();
        let [a] = slots(["a"]);
        let app = Supervisor::new(Strategy::OneForOne)
            .title("top")
            .intensity(0, ms(1000))
            .child(kid(&a, &trace))
            .start()
            .await
            .unwrap();
        crash(&a).await;
        assert!(!app.is_alive());
        drop(observer);
        let all = std::mem::take(&mut *seen.lock().unwrap());
        let mine: Vec<_> = all
            .iter()
            .filter(|obituary| obituary.pid == app.pid())
            .collect();
        let text = "too many restarts, the last of `a`";
        assert_eq!((mine.len(), &mine[0].reason), (1, &Exit::error(text)));
        assert!(!mine[0].noticed);
        assert_eq!(app.exited().await, Exit::shutdown());
    });
}
