//! Two goroutines say hello: one runs a named function, one an anonymous block.
//!
//! Run it with `cargo run --example hello`.

use gaggle::{JoinError, go};

async fn greet(name: &str) {
    println!("Hello from {name}");
}

/// Starts both goroutines, then waits until both have ended.
pub async fn hello() -> Result<(), JoinError> {
    let function = go(greet("a function"));
    let block = go(async move {
        println!("Hello from an anonymous block");
    });
    println!("Hello from main");

    function.await?;
    block.await
}

#[gaggle::main]
async fn main() -> Result<(), JoinError> {
    hello().await
}
