//! A goroutine panics. If somebody holds its handle, that is an error like any other; if nobody does, the program ends.
//!
//! Run it with `cargo run --example panic`.

use std::time::Duration;

use gaggle::{go, time};

/// Halves even numbers, and cannot do with others.
async fn half(n: u32) -> u32 {
    assert!(n.is_multiple_of(2), "{n} is odd");
    n / 2
}

/// Whoever awaits the handle gets the panic as an error, and goes on.
pub async fn joined() {
    for n in [6, 7, 8] {
        match go(half(n)).await {
            Ok(half) => println!("Half of {n} is {half}"),
            Err(error) => println!("Half of {n} is unknown: {error}"),
        }
    }
    println!("Main goes on");
}

/// Nobody holds the handle: the panic is reported, and raised again out of main.
pub async fn detached() {
    go(half(7));
    println!("Main goes on for a while");
    time::sleep(Duration::from_secs(60)).await;
    println!("A minute has passed");
}

#[gaggle::main]
async fn main() {
    joined().await;
    detached().await;
}
