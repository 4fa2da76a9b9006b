//! `chan::{merge, tee, partition}` and `chan::stage`: every value once and in order, closing downstream, giving up upstream, and no goroutine left behind.

#[path = "../conformance-go/common/mod.rs"]
mod common;

use common::{
    Ledger, Polled, in_goroutine_and_sim, on_workers, random, rounds, sized, until, until_yielding,
};
use futures::StreamExt;
use gaggle::chan::{self, Receiver, RecvError, stage};
use gaggle::go;
use gaggle::runtime::{OnPanic, Runtime, num_goroutines};
use gaggle_base::rng::Rng;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

async fn collect<T>(rx: &Receiver<T>) -> Vec<T> {
    let mut values = Vec::new();
    while let Ok(value) = rx.recv().await {
        values.push(value);
    }
    values
}

/// A channel that gives these values and is then closed.
fn source<T: Send + 'static>(
    capacity: usize,
    values: impl IntoIterator<Item = T> + Send + 'static,
) -> Receiver<T> {
    let (tx, rx) = chan::bounded(capacity);
    let values: Vec<T> = values.into_iter().collect();
    drop(go(async move {
        for value in values {
            if tx.send(value).await.is_err() {
                return;
            }
        }
    }));
    rx
}

/// Waits until as many goroutines are left as there were.
async fn settled(before: usize) {
    until_yielding(|| num_goroutines() == before).await;
}

#[test]
fn merge_gives_every_value_once_and_keeps_the_order_of_each_input() {
    in_goroutine_and_sim(|| async {
        let before = num_goroutines();
        let n = rounds(100);
        let inputs: Vec<_> = (0..7_u64)
            .map(|i| source((i % 3) as usize, (0..n).map(move |k| (i, k))))
            .collect();
        let seen = collect(&chan::merge(inputs)).await;
        assert_eq!(seen.len() as u64, 7 * n);
        for i in 0..7 {
            assert!(seen.iter().filter(|v| v.0 == i).map(|v| v.1).eq(0..n));
        }
        assert_eq!(chan::merge::<u8>([]).recv().await, Err(RecvError));
        settled(before).await;
    });
}

#[test]
fn merge_that_is_given_up_puts_back_what_was_on_its_way() {
    in_goroutine_and_sim(|| async {
        let before = num_goroutines();
        let ledger = Ledger::default();
        let (tx, rx) = chan::bounded(3);
        let (idle, idle_rx) = chan::bounded::<common::Tracked>(0);
        let merged = chan::merge([rx.clone(), idle_rx]);
        for n in 0..4 {
            tx.send(ledger.value(n)).await.unwrap();
        }
        assert_eq!(merged.recv().await.unwrap().n, 0);
        // Value 1 is taken and waits for a receiver; or is about to be.
        until_yielding(|| rx.len() == 2).await;
        drop(merged);
        settled(before).await;
        // Also the input that gave nothing was let go of.
        assert!(idle.is_closed());
        drop(tx);
        let rest: Vec<_> = collect(&rx).await.iter().map(|v| v.n).collect();
        assert_eq!(rest, [1, 2, 3]);
        drop(rx);
        ledger.assert_settled();
    });
}

#[test]
fn what_is_put_back_comes_before_what_others_gave_back() {
    on_workers(|rt| {
        let (tx, rx) = chan::bounded(1);
        let merged = rt.block_on(async { chan::merge([rx.clone()]) });
        tx.send_blocking(0).unwrap();
        until(|| rx.is_empty());
        let given_up = Polled::parked(rx.recv());
        tx.try_send(1).unwrap();
        drop(given_up);
        drop(merged);
        until(|| rt.metrics().goroutines == 0);
        assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(0), Ok(1)));
    });
}

#[test]
fn tee_and_partition_put_back_a_value_that_nobody_got() {
    in_goroutine_and_sim(|| async {
        let before = num_goroutines();
        for partition in [false, true] {
            let (tx, rx) = chan::bounded(2);
            let outputs = if partition {
                chan::partition(rx.clone(), 2, |_| 0)
            } else {
                chan::tee(rx.clone(), 2)
            };
            for n in 0..3 {
                tx.send(n).await.unwrap();
            }
            // 0 is in the buffers of the outputs, 1 waits for room in the first.
            until_yielding(|| rx.len() == 1).await;
            drop(outputs);
            settled(before).await;
            assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(1), Ok(2)));
        }
    });
}

#[test]
fn an_input_that_was_polled_as_a_stream_is_read_all_the_same() {
    on_workers(|rt| {
        let (tx, mut rx) = chan::bounded(1);
        drop(Polled::parked(rx.next()));
        rt.block_on(async {
            let merged = chan::merge([rx]);
            tx.send(1).await.unwrap();
            assert_eq!(merged.recv().await, Ok(1));
        });
    });
}

#[test]
fn tee_gives_each_value_to_each_output_and_leaves_out_who_has_gone() {
    in_goroutine_and_sim(|| async {
        let before = num_goroutines();
        let n = rounds(100);
        let mut outputs = chan::tee(source(2, 0..n), 4);
        let gone = outputs.pop().unwrap();
        assert_eq!(gone.recv().await, Ok(0));
        drop(gone);
        let readers: Vec<_> = outputs
            .into_iter()
            .map(|rx| go(async move { collect(&rx).await }))
            .collect();
        for reader in readers {
            assert!(reader.await.unwrap().into_iter().eq(0..n));
        }
        settled(before).await;
    });
}

#[test]
fn tee_outputs_may_be_read_in_any_order_in_step() {
    in_goroutine_and_sim(|| async {
        let outputs = chan::tee(source(0, 0..50), 3);
        for n in 0..50 {
            for i in [2, 0, 1] {
                assert_eq!(outputs[i].recv().await, Ok(n));
            }
        }
    });
}

#[test]
fn partition_keeps_the_order_of_each_key() {
    in_goroutine_and_sim(|| async {
        let before = num_goroutines();
        let n = rounds(200) as usize;
        let outputs = chan::partition(source(1, 0..n), 3, |n| n % 6);
        let readers: Vec<_> = outputs
            .into_iter()
            .map(|rx| go(async move { collect(&rx).await }))
            .collect();
        for (i, reader) in readers.into_iter().enumerate() {
            assert!(reader.await.unwrap().into_iter().eq((i..n).step_by(3)));
        }
        settled(before).await;
    });
}

#[test]
fn outputs_that_are_dropped_end_tee_and_partition_also_when_the_input_is_idle() {
    in_goroutine_and_sim(|| async {
        let before = num_goroutines();
        for partition in [false, true] {
            let (tx, rx) = chan::bounded(4);
            let mut outputs = if partition {
                chan::partition(rx.clone(), 2, |n| *n)
            } else {
                chan::tee(rx.clone(), 2)
            };
            drop(outputs.remove(1));
            // For the one that is gone, or for both.
            tx.send(1).await.unwrap();
            tx.send(2).await.unwrap();
            let expected = if partition { 2 } else { 1 };
            assert_eq!(outputs[0].recv().await, Ok(expected));
            drop(outputs);
            settled(before).await;
            // The input has other receivers, so it goes on.
            tx.send(3).await.unwrap();
            until_yielding(|| !rx.is_empty()).await;
        }
    });
}

/// Gives way a few times.
async fn wander(times: u32) {
    for _ in 0..times {
        gaggle::yield_now().await;
    }
}

#[test]
fn a_stage_does_so_much_at_a_time_and_keeps_order_if_it_says_so() {
    in_goroutine_and_sim(|| async {
        let before = num_goroutines();
        let mut rng = random("a_stage_does_so_much_at_a_time");
        for concurrency in [1, 2, 3, 8] {
            for in_order in [false, true] {
                let n = rounds(150);
                let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
                let work = {
                    let (now, most, seed) = (now.clone(), most.clone(), rng.next_u64());
                    move |k: u64| {
                        let (now, most) = (now.clone(), most.clone());
                        let times = Rng::from_seed(seed ^ k).below(6);
                        async move {
                            most.fetch_max(
                                now.fetch_add(1, Ordering::SeqCst) + 1,
                                Ordering::SeqCst,
                            );
                            wander(times).await;
                            now.fetch_sub(1, Ordering::SeqCst);
                            k
                        }
                    }
                };
                let input = source(2, 0..n);
                let output = if in_order {
                    stage::ordered(input, concurrency, work)
                } else {
                    stage::unordered(input, concurrency, work)
                };
                let mut seen = collect(&output).await;
                if !in_order {
                    seen.sort_unstable();
                }
                assert!(seen.into_iter().eq(0..n), "{concurrency} {in_order}");
                assert!(most.load(Ordering::SeqCst) <= concurrency);
            }
        }
        settled(before).await;
    });
}

/// One of the two kinds of stage.
fn start<U: Send + 'static, W: Future<Output = U> + Send + 'static>(
    in_order: bool,
    input: Receiver<u64>,
    concurrency: usize,
    f: impl Fn(u64) -> W + Send + Sync + 'static,
) -> Receiver<U> {
    if in_order {
        stage::ordered(input, concurrency, f)
    } else {
        stage::unordered(input, concurrency, f)
    }
}

#[test]
fn a_stage_really_works_on_several_values_at_once() {
    in_goroutine_and_sim(|| async {
        for in_order in [false, true] {
            let together = Arc::new(AtomicUsize::new(0));
            let met = together.clone();
            let output = start(in_order, source(0, 0..4), 4, move |n| {
                let met = met.clone();
                async move {
                    met.fetch_add(1, Ordering::SeqCst);
                    // None goes on before all four are there.
                    until_yielding(|| met.load(Ordering::SeqCst) == 4).await;
                    n
                }
            });
            assert_eq!(collect(&output).await.len(), 4);
            assert_eq!(together.load(Ordering::SeqCst), 4);
        }
    });
}

#[test]
fn a_stage_whose_output_is_not_read_stops_reading() {
    in_goroutine_and_sim(|| async {
        for in_order in [false, true] {
            let before = num_goroutines();
            let (tx, rx) = chan::bounded(100);
            for n in 0..100 {
                tx.send(n).await.unwrap();
            }
            let output = start(in_order, rx, 3, |n| async move { n });
            until_yielding(|| output.len() == 3 && tx.len() == 94).await;
            wander(50).await;
            // Three results wait, and each of three goroutines has one more.
            assert_eq!((output.len(), tx.len()), (3, 94));
            drop(output);
            settled(before).await;
            assert!(tx.is_closed());
        }
    });
}

#[test]
fn a_stage_whose_output_is_dropped_ends_wherever_it_waits() {
    in_goroutine_and_sim(|| async {
        for in_order in [false, true] {
            let before = num_goroutines();
            // At the input.
            let (tx, rx) = chan::bounded(0);
            drop(start(in_order, rx, 3, |n| async move { n }));
            settled(before).await;
            assert!(tx.try_send(0).unwrap_err().is_closed());
            // In the function, which would wait for ever.
            let (tx, rx) = chan::bounded(0);
            let output = start(in_order, rx, 3, |n| async move {
                std::future::pending::<()>().await;
                n
            });
            tx.send(1).await.unwrap();
            tx.send(2).await.unwrap();
            drop(output);
            settled(before).await;
            // For its turn.
            let (tx, rx) = chan::bounded(0);
            let output = start(in_order, rx, 2, |n| async move {
                if n == 0 {
                    std::future::pending::<()>().await;
                }
                n
            });
            tx.send(0).await.unwrap();
            tx.send(1).await.unwrap();
            wander(10).await;
            drop(output);
            settled(before).await;
        }
    });
}

#[test]
fn a_panic_in_a_stage_ends_it_and_is_raised() {
    for in_order in [false, true] {
        // Raised out of `block_on`.
        let runtime = Runtime::builder().workers(2).build().unwrap();
        let raised = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            runtime.block_on(async {
                let output = start(in_order, source(0, 0..10), 2, |n| async move {
                    assert!(n != 5, "on purpose");
                    n
                });
                collect(&output).await;
                std::future::pending::<()>().await;
            });
        }));
        assert!(raised.is_err());
        // If it is only reported, the output ends and nobody is left.
        let runtime = Runtime::builder()
            .workers(2)
            .on_panic(OnPanic::Report)
            .build()
            .unwrap();
        runtime.block_on(async {
            let before = num_goroutines();
            let input = source(0, 0..10);
            let output = start(in_order, input.clone(), 3, |n| async move {
                assert!(n != 5, "on purpose");
                n
            });
            let seen = collect(&output).await;
            assert!(!seen.contains(&5));
            if in_order {
                assert!(seen.iter().copied().eq(0..seen.len() as u64) && seen.len() <= 5);
            }
            drop(input);
            settled(before).await;
        });
    }
}

#[test]
fn a_pipeline_that_is_given_up_anywhere_leaves_no_value_and_no_goroutine() {
    in_goroutine_and_sim(|| async {
        let mut rng = random("a_pipeline_that_is_given_up_anywhere");
        let each = sized(20, 4);
        for _ in 0..rounds(20) {
            let ledger = Ledger::default();
            let (read, width) = (rng.below(sized(60, 10)) as usize, 1 + rng.below(4) as usize);
            let before = num_goroutines();
            let seen = async {
                let inputs: Vec<_> = (0..3)
                    .map(|i| {
                        let values: Vec<_> =
                            (0..each).map(|n| ledger.value(each * i + n)).collect();
                        source((i % 2) as usize, values)
                    })
                    .collect();
                let first = stage::unordered(chan::merge(inputs), width, |v| async move {
                    wander((v.n % 3) as u32).await;
                    v
                });
                let second = stage::ordered(first, width, |v| async move { Arc::new(v) });
                let mut outputs = chan::tee(second, 2);
                let (a, b) = (outputs.remove(0), outputs.remove(0));
                let mut seen = 0;
                for _ in 0..read {
                    let (x, y) = (a.recv().await.unwrap(), b.recv().await.unwrap());
                    assert_eq!(x.n, y.n);
                    seen += 1;
                }
                seen
            }
            .await;
            assert_eq!(seen, read);
            until_yielding(|| num_goroutines() == before).await;
            ledger.assert_settled();
        }
    });
}

/// Senders that wait give their values to nobody once the output is gone.
#[test]
fn a_stage_that_was_given_up_takes_no_value_and_begins_no_call() {
    in_goroutine_and_sim(|| async {
        let (tx, rx) = chan::bounded(0);
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        let before = num_goroutines();
        let out = stage::unordered(rx.clone(), 4, move |_: u8| {
            counted.fetch_add(1, Ordering::SeqCst);
            async {}
        });
        for _ in 0..10 {
            gaggle::yield_now().await;
        }
        drop(out);
        // To those that wait in the stage, and are to give them back.
        let taken = (0..4).filter(|n| tx.try_send(*n).is_ok()).count();
        settled(before).await;
        let back = (0..4).filter(|_| rx.try_recv().is_ok()).count();
        assert_eq!((taken - back, calls.load(Ordering::SeqCst)), (0, 0));
    });
}
