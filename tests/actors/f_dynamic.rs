//! Rows 46 to 51: children that come and go.

use crate::common::{both, calm, ms, slots};
use gaggle::actor::supervisor::{AutoShutdown, Event, Request, Rules, Spec, State, step};
use gaggle::actor::testkit::{Part, Puppet, Trace};
use gaggle::actor::{
    Actor, AddError, Child, Ctx, Dynamic, Exit, Restart, Strategy, Supervisor, spawn,
};
use gaggle::time::Instant;
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

#[test]
fn row_046_children_come_from_one_template_each_with_its_arguments() {
    both(|| async {
        let trace = Trace::new();
        let pool = Dynamic::<Puppet>::new();
        let app = pool.run().await.unwrap();
        let a = pool.start(Part::new("a", &trace)).await.unwrap();
        let b = pool.start(Part::new("b", &trace)).await.unwrap();
        assert_ne!(a, b);
        trace.assert("start a; start b");
        let children = pool.control().children().await.unwrap();
        assert!(
            children
                .iter()
                .all(|info| info.id.is_none() && info.pid.is_some())
        );
        let boom = Part::new("c", &trace).starts([Some(Exit::error("boom"))]);
        let failed = pool.start(boom).await.unwrap_err();
        assert_eq!(failed, AddError::Failed(Exit::error("boom")));
        assert_eq!(pool.count().await.unwrap().specs, 2);
        app.shutdown().await.unwrap();
    });
}

#[test]
fn row_047_a_restarted_child_gets_its_own_arguments_again() {
    both(|| async {
        let trace = Trace::new();
        let pool = Dynamic::<Puppet>::new();
        let app = pool.run().await.unwrap();
        let a = pool.start(Part::new("a", &trace)).await.unwrap();
        pool.start(Part::new("b", &trace)).await.unwrap();
        Puppet::crash(&a).await;
        a.exited().await;
        calm().await;
        trace.assert("start a; start b; stop a(crash); start a");
        app.shutdown().await.unwrap();
    });
}

#[test]
fn row_048_stopping_a_dead_child_is_fine_and_a_stranger_is_left_alone() {
    both(|| async {
        let trace = Trace::new();
        let pool = Dynamic::<Puppet>::new().restart(Restart::Temporary);
        let app = pool.run().await.unwrap();
        let a = pool.start(Part::new("a", &trace)).await.unwrap();
        pool.stop(&a).await.unwrap();
        assert!(!a.is_alive());
        pool.stop(&a).await.unwrap();
        let stranger = spawn::<Puppet>(Part::new("s", &trace)).await.unwrap();
        assert_eq!(pool.stop(&stranger).await, Err(AddError::NotFound));
        assert!(stranger.is_alive());
        stranger.stop().await;
        app.shutdown().await.unwrap();
    });
}

#[test]
fn row_049_a_restart_that_declines_removes_the_child() {
    both(|| async {
        let trace = Trace::new();
        let pool = Dynamic::<Puppet>::new();
        let app = pool.run().await.unwrap();
        let part = Part::new("a", &trace).starts([None, Some(Exit::Ignore)]);
        let a = pool.start(part).await.unwrap();
        Puppet::crash(&a).await;
        a.exited().await;
        calm().await;
        assert_eq!(pool.count().await.unwrap().specs, 0);
        app.shutdown().await.unwrap();
    });
}

/// Does nothing.
struct Idle;

impl Actor for Idle {
    type Args = ();
    type Msg = ();

    async fn init((): &(), _cx: &mut Ctx<Self>) -> Result<Self, Exit> {
        Ok(Self)
    }

    async fn handle(&mut self, (): (), _cx: &mut Ctx<Self>) -> Result<(), Exit> {
        Err(Exit::Normal)
    }
}

async fn start_and_stop(children: usize) -> Duration {
    let begin = Instant::now();
    let pool = Dynamic::<Idle>::new().restart(Restart::Temporary);
    let app = pool.run().await.unwrap();
    let mut all = Vec::new();
    for _ in 0..children {
        all.push(pool.start(()).await.unwrap());
    }
    // Half of them one by one, from the middle; the others with the supervisor.
    for addr in all.iter().skip(children / 4).take(children / 2) {
        addr.send(()).await.unwrap();
    }
    app.shutdown().await.unwrap();
    begin.elapsed()
}

#[test]
fn row_050_ten_times_the_children_cost_about_ten_times_as_much() {
    crate::common::simulated(|| async {
        start_and_stop(5).await;
    });
    gaggle::block_on(async {
        start_and_stop(300).await;
        let mut ratios = Vec::new();
        for _ in 0..3 {
            let (few, many) = (start_and_stop(300).await, start_and_stop(3000).await);
            ratios.push(many.as_secs_f64() / few.as_secs_f64());
        }
        let best = ratios.into_iter().fold(f64::MAX, f64::min);
        assert!(best < 40.0, "{best} times");
    });
}

/// What it takes to decide so many starts of dynamic children, in time of this thread: what else runs does not matter.
fn decide(children: u64) -> Duration {
    let spec = Spec {
        id: None,
        restart: Restart::Temporary,
        significant: false,
        supervisor: false,
        extras: None,
    };
    let rules = Rules {
        strategy: Strategy::OneForOne,
        intensity: 3,
        window: Duration::from_secs(5),
        auto: AutoShutdown::Never,
        dynamic: true,
    };
    let mut state = State::new(rules, []);
    let now = Duration::ZERO;
    step(&mut state, now, Event::Begin);
    let start = time_of_thread();
    for key in 1..=children {
        step(
            &mut state,
            now,
            Event::Asked(key, Request::Add(key, spec.clone())),
        );
        step(&mut state, now, Event::Started(key));
    }
    let took = time_of_thread().saturating_sub(start);
    assert_eq!(state.counts().active, children as usize);
    took
}

fn time_of_thread() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap()
}

#[test]
fn row_050_a_start_takes_no_longer_when_there_are_many() {
    // Of some tries the best counts: a comparison with all others took hundreds of times as long.
    let few = (0..5).map(|_| decide(500)).min().unwrap();
    let many = (0..3).map(|_| decide(20_000)).min().unwrap();
    let times = many.as_secs_f64() / few.as_secs_f64();
    assert!(
        times < 40.0 * 6.0,
        "{times} times, for 40 times the children"
    );
}

#[test]
fn row_051_counts_tell_specs_active_supervisors_and_workers() {
    both(|| async {
        let trace = Trace::new();
        let [a, b] = slots(["a", "b"]);
        let no = Exit::error("no");
        let part = Part::new("b", &trace).starts([None, Some(no)]);
        let app = Supervisor::new(Strategy::OneForOne)
            .child(crate::common::kid(&a, &trace).restart(Restart::Transient))
            .child(crate::common::kid_with(&b, part).backoff(ms(200), ms(2000)))
            .child(Child::supervisor("s", || {
                Supervisor::new(Strategy::OneForOne)
            }))
            .start()
            .await
            .unwrap();
        let counts = app.count().await.unwrap();
        let all = (
            counts.specs,
            counts.active,
            counts.supervisors,
            counts.workers,
        );
        assert_eq!(all, (3, 3, 1, 2));
        crate::common::end(&a, Exit::Normal).await;
        crate::common::crash(&b).await;
        // a has ended for good, b is about to be restarted: both are declared, neither runs.
        let counts = app.count().await.unwrap();
        let all = (
            counts.specs,
            counts.active,
            counts.supervisors,
            counts.workers,
        );
        assert_eq!(all, (3, 1, 1, 2));
        app.shutdown().await.unwrap();
    });
}
