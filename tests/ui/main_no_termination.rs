//! `main` returns what a plain `main` may return.

#[gaggle::main]
async fn main() -> u32 {
    1
}
