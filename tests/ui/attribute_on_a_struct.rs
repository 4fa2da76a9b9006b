//! The attribute goes on a function.

#[gaggle::main]
struct Main;

fn main() {}
