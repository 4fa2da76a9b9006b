//! Each wrong option is reported at its place, along with what is allowed.

#[gaggle::main(threads = 4)]
async fn main() {}

#[gaggle::main(workers = 0)]
async fn zero() {}

#[gaggle::main(workers = 1, workers = 2)]
async fn twice() {}

#[gaggle::main(workers)]
async fn no_value() {}

#[gaggle::main(workers = "4", crate = 4)]
async fn wrong_values() {}
