//! Ten goroutines print one word each. Run it several times: what do you notice about the order?
//!
//! Run it with `cargo run --example order`.

use gaggle::sync::WaitGroup;

/// One word for each goroutine.
pub const WORDS: [&str; 10] = [
    "ten", "geese", "set", "out", "together", "and", "land", "in", "no", "order",
];

/// Starts one goroutine per word and waits for all of them.
pub async fn order() {
    let flock = WaitGroup::new();
    for word in WORDS {
        flock.go(async move {
            println!("{word}");
        });
    }
    flock.wait().await;
}

#[gaggle::main]
async fn main() {
    order().await;
}
