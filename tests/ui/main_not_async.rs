//! The attribute goes on an `async fn`.

#[gaggle::main]
fn main() {}
