//! `main` takes no arguments.

#[gaggle::main]
async fn main(count: u32, word: &str) {}
