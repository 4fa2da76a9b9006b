//! tokio is asked for, and gaggle has been built without it.

#[gaggle::main(tokio)]
async fn main() {}
