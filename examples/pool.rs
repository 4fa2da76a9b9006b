//! A worker pool: three workers take jobs from one channel and send results into another.
//!
//! Run it with `cargo run --example pool`.

use gaggle::chan::{self, Receiver, Sender};
use gaggle::go;

/// A worker takes jobs until there are no more. The types say which way values flow:
/// jobs can only be received here, and results can only be sent.
async fn worker(w: usize, jobs: Receiver<u64>, results: Sender<u64>) {
    while let Ok(j) = jobs.recv().await {
        println!("Worker {w} processing job {j}");
        if results.send(j * 2).await.is_err() {
            return; // nobody wants results any more
        }
    }
}

/// Lets `workers` goroutines process the jobs 1 to `last`; both channels have room for `capacity` values.
pub async fn pool(workers: usize, last: u64, capacity: usize) {
    let (jobs, to_do) = chan::bounded(capacity);
    let (done, results) = chan::bounded(capacity);

    for w in 1..=workers {
        go(worker(w, to_do.clone(), done.clone()));
    }
    drop(done); // from here on only the workers hold a sending end

    // A goroutine of its own hands out the jobs: when there are more of them than the
    // channels have room for, main must already be taking results.
    go(async move {
        for j in 1..=last {
            if jobs.send(j).await.is_err() {
                return;
            }
        }
        jobs.close(); // no more jobs: the workers finish what is buffered, and stop
    });

    // When the last worker stops, the last sender is gone, and this loop ends.
    while let Ok(r) = results.recv().await {
        println!("Result: {r}");
    }
}

#[gaggle::main]
async fn main() {
    pool(3, 5, 5).await;
}
