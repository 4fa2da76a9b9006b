//! A million goroutines wait on one channel; a single `close` releases them all.
//!
//! Run it with `cargo run --release --example million`.

use gaggle::sync::WaitGroup;
use gaggle::{chan, go};

/// Starts `count` goroutines that wait, then closes the channel that they wait on.
pub async fn million(count: usize) {
    let (gate, closed) = chan::bounded::<()>(0);
    let (arriving, leaving) = (WaitGroup::new(), WaitGroup::new());
    arriving.add(count);
    leaving.add(count);

    println!("Starting {count} goroutines");
    for _ in 0..count {
        let (closed, arriving, leaving) = (closed.clone(), arriving.clone(), leaving.clone());
        go(async move {
            arriving.done();
            let _ = closed.recv().await; // nothing is ever sent: this waits for the close
            leaving.done();
        });
    }
    arriving.wait().await;
    println!("All {count} wait");

    gate.close();
    leaving.wait().await;
    println!("All {count} have ended");
}

#[gaggle::main]
async fn main() {
    million(1_000_000).await;
}
