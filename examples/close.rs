//! Closing a channel: what is buffered still arrives, then receivers stop. Nothing panics, errors say what happened.
//!
//! Run it with `cargo run --example close`.

use gaggle::chan::{self, SendError};

/// Fills a channel, closes it, and looks at what each operation says afterwards.
pub async fn close() {
    let (jobs, to_do) = chan::bounded(3);
    for j in 1..=3 {
        if jobs.send(j).await.is_ok() {
            println!("Sent job {j}");
        }
    }
    println!("This call closed the channel: {}", jobs.close());
    println!("So did a second one: {}", jobs.close());

    if let Err(SendError(j)) = jobs.send(4).await {
        println!("Job {j} came back: the channel is closed");
    }
    while let Ok(j) = to_do.recv().await {
        println!("Received job {j}");
    }
    println!("No more jobs");
}

#[gaggle::main]
async fn main() {
    close().await;
}
