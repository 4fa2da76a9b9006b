//! When `main` returns, the program ends, whether its goroutines have finished or not.
//!
//! Run it with `cargo run --example main_exits_first`.

use std::time::Duration;

use gaggle::sync::WaitGroup;
use gaggle::{go, time};

async fn chore(n: u32) {
    println!("Chore {n} begins");
    time::sleep(Duration::from_millis(300)).await;
    println!("Chore {n} is done");
}

/// Starts the chores and leaves at once.
pub async fn hasty(chores: u32) {
    for n in 1..=chores {
        go(chore(n));
    }
    println!("main returns");
}

/// Starts the same chores, but waits until they are done.
pub async fn patient(chores: u32) {
    let all = WaitGroup::new();
    for n in 1..=chores {
        all.go(chore(n));
    }
    all.wait().await;
    println!("main returns");
}

#[gaggle::main]
async fn main() {
    hasty(3).await; // try `patient(3)`
}
