//! One goroutine sends the numbers 1 to 10 over a channel, another one prints them.
//!
//! Run it with `cargo run --example channel`.

use gaggle::{JoinError, chan, go};

/// Sends 1 to `last` through an unbuffered channel, from one goroutine to another.
pub async fn channel(last: u32) -> Result<(), JoinError> {
    let (numbers, incoming) = chan::bounded(0);

    go(async move {
        for n in 1..=last {
            if numbers.send(n).await.is_err() {
                return; // nobody listens any more
            }
        }
        // The only sender goes away here, and that closes the channel.
    });

    let printer = go(async move {
        while let Ok(n) = incoming.recv().await {
            println!("{n}");
        }
    });
    printer.await
}

#[gaggle::main]
async fn main() -> Result<(), JoinError> {
    channel(10).await
}
