//! Two programs that can never go on: gaggle says so, says who waits for what, and ends them with status 2.
//!
//! Run it with `cargo run --example deadlock`.

use std::sync::Arc;
use std::time::Duration;

use gaggle::sync::{Barrier, Mutex, WaitGroup};
use gaggle::{chan, named, time};

/// The worker pool again, but nobody says that there are no more jobs.
pub async fn forgotten_close(workers: usize, last: u64) {
    let (jobs, to_do) = chan::bounded(5);
    jobs.set_name("jobs");
    let all = WaitGroup::new();
    for w in 1..=workers {
        let to_do = to_do.clone();
        all.go(async move {
            while let Ok(j) = to_do.recv().await {
                println!("Worker {w} processing job {j}");
            }
        });
    }
    for j in 1..=last {
        let _ = jobs.send(j).await; // the workers are there
    }
    all.wait().await; // `jobs.close()` should stand above this line
    println!("All jobs are done");
}

/// Moves money from one account to another; takes the lock of the first one first.
async fn transfer(from: Arc<Mutex<i64>>, to: Arc<Mutex<i64>>, amount: i64, begun: Arc<Barrier>) {
    let mut from = from.lock().await;
    begun.wait().await; // the bank is slow: the other transfer has begun as well
    let mut to = to.lock().await;
    *from -= amount;
    *to += amount;
}

/// Two transfers in opposite directions. Main does not wait for them, and could go on.
pub async fn lock_cycle() {
    let (ann, bob) = (Arc::new(Mutex::new(100)), Arc::new(Mutex::new(100)));
    let begun = Arc::new(Barrier::new(2));
    named("ann to bob").go(transfer(ann.clone(), bob.clone(), 10, begun.clone()));
    named("bob to ann").go(transfer(bob, ann, 20, begun));
    println!("Main does something else");
    time::sleep(Duration::from_secs(60)).await;
    println!("A minute has passed");
}

#[gaggle::main]
async fn main() {
    forgotten_close(3, 5).await; // try `lock_cycle()`
}
