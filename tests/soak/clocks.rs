//! Timers, contexts and groups: what ends at some time, or is ended by somebody else.

use crate::crew::{
    Census, Crew, a_moment, brief, fork, is_planned, one_in, perhaps, planned_panic, tried,
};
use gaggle::context::Context;
use gaggle::group::Group;
use gaggle::sync::WaitGroup;
use gaggle::time::{Instant, Ticker, Timer, after_func, sleep, sleep_until, timeout};
use gaggle::{chan, go, select, yield_now};
use gaggle_base::rng::Rng;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

/// Further away than any round lasts.
const FAR: Duration = Duration::from_secs(3_600);
const SOON: Duration = Duration::from_micros(500);

/// Sleeps that are kept or given up, and timers and tickers that several set at once.
pub(crate) async fn timers(mut rng: Rng) {
    let (timer, ticker) = (Arc::new(Timer::new(FAR)), Arc::new(Ticker::new(SOON)));
    let mut crew = Crew::default();
    for _ in 0..3 + rng.below(8) {
        let (timer, ticker, mut own) = (timer.clone(), ticker.clone(), fork(&mut rng));
        crew.go(&mut rng, async move {
            for _ in 0..10 + own.below(20) {
                tried();
                let time = brief(&mut own);
                match own.below(12) {
                    0..=2 => {
                        let start = Instant::now();
                        sleep(time).await;
                        assert!(start.elapsed() >= time, "a sleep was too short");
                    }
                    3 => _ = perhaps(&mut own, sleep_until(Instant::now() + time)).await,
                    4 => _ = timeout(time, sleep(FAR)).await,
                    5 => _ = timer.reset(time),
                    6 => _ = timer.stop(),
                    7 => _ = timeout(time, timer.recv()).await,
                    8 => ticker.reset(time + Duration::from_micros(50)),
                    9 => ticker.stop(),
                    10 => select! {
                        _ = timer.recv() => {}
                        _ = ticker.recv() => {}
                        () = sleep(time) => {}
                    },
                    _ => _ = timeout(time, ticker.recv()).await,
                }
            }
        });
    }
    a_moment(&mut rng).await;
    crew.abort_some(&mut rng, 4, 0);
    crew.join(&mut rng).await;
    // They are as good as new.
    timer.stop();
    assert!(!timer.reset(SOON), "it was stopped");
    timer.recv().await;
    ticker.reset(SOON);
    ticker.recv().await;
    ticker.recv().await;
}

/// Functions that are to run later run once, or were stopped.
pub(crate) async fn functions(mut rng: Rng) {
    let (wg, ran) = (WaitGroup::new(), Arc::new(AtomicUsize::new(0)));
    let mut stopped = 0;
    let timers: Vec<_> = (0..5 + rng.below(30))
        .map(|_| {
            let (guard, ran) = (wg.guard(), ran.clone());
            after_func(brief(&mut rng), async move {
                yield_now().await;
                ran.fetch_add(1, SeqCst);
                drop(guard);
            })
        })
        .collect();
    a_moment(&mut rng).await;
    for timer in &timers {
        tried();
        match rng.below(4) {
            0 => _ = timer.reset(brief(&mut rng)),
            1 => stopped += usize::from(timer.stop()),
            2 if timer.stop() => {
                assert!(!timer.reset(SOON), "it was stopped");
            }
            _ => {}
        }
    }
    let all = timers.len();
    if stopped == 0 {
        wg.wait().await;
    } else {
        // A stopped timer keeps its function until it is dropped.
        while ran.load(SeqCst) + stopped < all {
            sleep(SOON).await;
        }
    }
    drop(timers);
    wg.wait().await;
    assert_eq!(ran.load(SeqCst) + stopped, all);
}

/// A tree of contexts that ends from the root, from a branch or by its deadlines.
pub(crate) async fn contexts(mut rng: Rng) {
    let (root, end) = Context::background().with_cancel();
    let mut tree = vec![(root, end)];
    let (functions, ran) = (WaitGroup::new(), Arc::new(AtomicUsize::new(0)));
    let (mut registered, mut stopped) = (0, 0);
    for _ in 0..4 + rng.below(12) {
        let above = &tree[rng.below(tree.len() as u32) as usize].0;
        let (context, cancel) = match rng.below(4) {
            0 => above.with_timeout(brief(&mut rng) * 4),
            1 => above.with_deadline(Instant::now() + FAR),
            2 => {
                let (context, cancel) = above.with_cancel_cause();
                (context, cancel.plain())
            }
            _ => above.with_cancel(),
        };
        if one_in(&mut rng, 2) {
            registered += 1;
            let (guard, ran) = (functions.guard(), ran.clone());
            let function = context.after_func(async move {
                ran.fetch_add(1, SeqCst);
                drop(guard);
            });
            stopped += usize::from(one_in(&mut rng, 4) && function.stop());
        }
        tree.push((context, cancel));
    }
    let mut crew = Crew::default();
    for (context, _) in &tree {
        let (context, mut own) = (context.clone(), fork(&mut rng));
        crew.go(&mut rng, async move {
            for _ in 0..6 {
                tried();
                perhaps(&mut own, context.done()).await;
                _ = context.run(sleep(brief(&mut own))).await;
                let (_below, cancel) = context.with_timeout(brief(&mut own));
                if one_in(&mut own, 2) {
                    cancel.cancel();
                }
            }
            context.done().await;
            assert!(context.err().is_some());
        });
    }
    a_moment(&mut rng).await;
    for (_, cancel) in tree.iter().skip(1) {
        if one_in(&mut rng, 3) {
            cancel.cancel();
        }
    }
    if one_in(&mut rng, 2) {
        crew.abort_some(&mut rng, 3, 0);
    }
    tree[0].1.cancel();
    for (i, (context, _)) in tree.iter().enumerate() {
        assert!(context.err().is_some(), "context {i} outlives the root");
    }
    crew.join(&mut rng).await;
    functions.wait().await;
    assert_eq!(ran.load(SeqCst) + stopped, registered);
}

/// Groups with limits, errors, panics and contexts.
pub(crate) async fn groups(mut rng: Rng) {
    let alive = Census::default();
    let (root, cancel) = Context::background().with_cancel();
    let (group, context) = Group::<u32>::with_context(&root);
    if one_in(&mut rng, 2) {
        group.limit(1 + rng.below(3) as usize);
    }
    let panics = one_in(&mut rng, 4);
    let (mut errors, mut started) = (0, 0);
    for i in 0..3 + rng.below(12) {
        tried();
        let (one, context, mut own) = (alive.one(), context.clone(), fork(&mut rng));
        let way = rng.below(6);
        let task = async move {
            let _one = one;
            match way {
                0 => {
                    sleep(brief(&mut own)).await;
                    return Err(i);
                }
                1 if panics => planned_panic(),
                2 => drop(context.run(sleep(brief(&mut own))).await),
                3 => select! { () = context.done() => {}, () = sleep(brief(&mut own)) => {} },
                _ => yield_now().await,
            }
            Ok(())
        };
        let runs = match rng.below(4) {
            0 => group.try_go(task),
            1 => {
                group.go_wait(task).await;
                true
            }
            _ => {
                group.go(task);
                true
            }
        };
        started += u32::from(runs);
        errors += u32::from(runs && way == 0);
        if one_in(&mut rng, 20) {
            cancel.cancel();
        }
    }
    match go(async move { group.wait().await }).await {
        Ok(outcome) => assert_eq!(outcome.is_err(), errors > 0, "of {started}"),
        Err(error) => {
            let text = error.to_string();
            let planned = is_planned(&*error.into_panic());
            assert!(panics && planned, "{text}");
        }
    }
    assert!(context.err().is_some(), "the group has ended");
    assert_eq!(alive.count(), 0, "a future outlives its group");
}

/// A line of stages, each a goroutine, ended from the front, from the back, or in the middle.
pub(crate) async fn pipelines(mut rng: Rng) {
    let (first, mut last) = chan::bounded::<u64>(rng.below(3) as usize);
    let mut stages = Crew::default();
    for _ in 0..=rng.below(12) {
        let (tx, rx) = chan::bounded(rng.below(3) as usize);
        let input = std::mem::replace(&mut last, rx);
        stages.go(&mut rng, async move {
            while let Ok(n) = input.recv().await {
                if tx.send(n + 1).await.is_err() {
                    return;
                }
            }
        });
    }
    let values = u64::from(rng.below(60));
    let mut source = Crew::default();
    source.go(&mut rng, async move {
        for n in 0..values {
            tried();
            if first.send(n).await.is_err() {
                return;
            }
        }
    });
    let end = rng.below(4);
    let mut received = 0;
    while let Ok(n) = last.recv().await {
        assert!(n >= received, "out of order");
        received += 1;
        match end {
            0 if received == values / 2 => stages.abort_some(&mut rng, 3, 0),
            1 if received == values / 2 => break,
            _ => {}
        }
    }
    drop(last);
    source.join(&mut rng).await;
    stages.join(&mut rng).await;
    assert!(end < 2 || received == values, "{received} of {values}");
}
