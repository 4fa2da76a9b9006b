//! How far can a sender run ahead of the receiver? As far as the channel has room.
//!
//! Run it with `cargo run --example buffered`.

use gaggle::{chan, go};

/// Sends 1 to `last` through a channel with room for `capacity` values; 0 means hand to hand.
pub async fn buffered(capacity: usize, last: u32) {
    let (parcels, counter) = chan::bounded(capacity);

    go(async move {
        for n in 1..=last {
            // Waits while the channel has no room; the thread serves other goroutines meanwhile.
            if parcels.send(n).await.is_err() {
                return;
            }
            println!("sent {n}");
        }
    });

    while let Ok(n) = counter.recv().await {
        println!("received {n}");
    }
}

#[gaggle::main]
async fn main() {
    buffered(0, 6).await;
    println!();
    buffered(3, 6).await;
}
