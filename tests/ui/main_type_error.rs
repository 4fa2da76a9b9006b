//! A type error in the body of `main` is shown where it is.

use std::process::ExitCode;

#[gaggle::main]
async fn main() -> ExitCode {
    gaggle::yield_now().await;
    1
}
