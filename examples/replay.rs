//! A worker pool with a mistake that seldom shows, and a search for the schedule that shows it.
//!
//! Run it with `cargo run --example replay`.

use gaggle::chan::{self, Receiver, Sender};
use gaggle::{blocking, named, sim};

async fn worker(jobs: Receiver<u64>, results: Sender<u64>, hasty: bool) {
    while let Ok(j) = jobs.recv().await {
        if results.send(j * 2).await.is_err() {
            return;
        }
    }
    if hasty {
        results.close(); // the mistake: another worker may still have a result
    }
}

/// The sum of the results of two workers.
async fn pool(hasty: bool) -> u64 {
    let (jobs, to_do) = chan::bounded(2);
    let (done, results) = chan::bounded(2);
    for name in ["worker 1", "worker 2"] {
        named(name).go(worker(to_do.clone(), done.clone(), hasty));
    }
    drop(done);
    for j in 1..=2 {
        let _ = jobs.send(j).await; // the workers are there
    }
    jobs.close();
    let mut sum = 0;
    while let Ok(r) = results.recv().await {
        sum += r;
    }
    sum
}

/// This would be a test, and `#[gaggle::test]` would do the search.
async fn check(hasty: bool) {
    assert!(pool(hasty).await == 6, "a result is missing");
}

/// The pool under many schedules, and again under the one that went wrong.
pub async fn search() {
    let report = blocking(|| sim::Builder::new().run(|| check(true)));
    report.to_string().lines().for_each(|l| println!("{l}"));
    for _ in 0..3 {
        let again = blocking(|| sim::replay(report.token().unwrap_or("?"), check(true)));
        println!("Replayed: {}", again.finding().map_or("", |f| f.summary()));
    }
    let corrected = blocking(|| sim::Builder::new().run(|| check(false)));
    println!("Without the mistake: {corrected}");
}

#[gaggle::main]
async fn main() {
    println!("On real workers the sum is {}", pool(true).await);
    search().await;
}
