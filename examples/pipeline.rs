//! A pipeline: each stage is a goroutine that receives from the stage before it and sends to the next one.
//!
//! Run it with `cargo run --example pipeline`.

use gaggle::chan::{self, Receiver};
use gaggle::go;

/// The first stage: counts from 1 to `last`.
fn count_to(last: u64) -> Receiver<u64> {
    let (output, numbers) = chan::bounded(0);
    go(async move {
        for n in 1..=last {
            if output.send(n).await.is_err() {
                return; // the next stage has stopped, so this one stops too
            }
        }
    });
    numbers
}

/// A middle stage: sends on what `change` makes of each number.
fn map(input: Receiver<u64>, change: fn(u64) -> u64) -> Receiver<u64> {
    let (output, changed) = chan::bounded(0);
    go(async move {
        while let Ok(n) = input.recv().await {
            if output.send(change(n)).await.is_err() {
                return;
            }
        }
    });
    changed
}

/// Sends 1 to `last` through two stages and prints what comes out.
pub async fn pipeline(last: u64) {
    let squares = map(count_to(last), |n| n * n);
    let one_more = map(squares, |n| n + 1);
    while let Ok(n) = one_more.recv().await {
        println!("{n}");
    }
}

#[gaggle::main]
async fn main() {
    pipeline(6).await;
}
