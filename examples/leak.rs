//! Goroutines that are left behind: which of them gaggle can name for certain, and how a test finds the others.
//!
//! Run it with `cargo run --example leak`.

use std::time::Duration;

use gaggle::{chan, named, runtime, time};

/// Three goroutines wait for what never comes. Which of them can never go on?
pub async fn forgotten() {
    // Its sender goes: in Go it would wait for ever, here it is told.
    let (jobs, to_do) = chan::bounded::<u32>(1);
    let reader =
        named("reader").go(async move { println!("The reader got {:?}", to_do.recv().await) });
    drop(jobs);

    // Nobody can send to a channel of this kind, as to a nil channel in Go.
    named("hopeless").go(async { chan::never::<u32>().recv().await });

    // Its sender is still there, and may send one day.
    let (jobs, to_do) = chan::bounded::<u32>(1);
    named("patient").go(async move { to_do.recv().await });

    let _ = reader.await;
    while runtime::leaks().is_empty() {
        time::sleep(Duration::from_millis(10)).await; // until the hopeless one waits
    }
    println!("{}", runtime::leaks());
    drop(jobs);
}

/// What a test does: goroutines that it starts are to end before it does.
pub async fn left_behind() {
    let check = runtime::leak_check();
    let (jobs, to_do) = chan::bounded::<u32>(1);
    jobs.set_name("jobs");
    named("patient")
        .label("test", "left_behind")
        .go(async move {
            while let Ok(j) = to_do.recv().await {
                println!("Job {j}");
            }
        });
    let _ = jobs.send(1).await; // the reader is there
    check.finish(); // panics with a list: `drop(jobs)` should stand above this line
    println!("Nobody was left behind");
}

#[gaggle::main]
async fn main() {
    forgotten().await;
    left_behind().await;
}
