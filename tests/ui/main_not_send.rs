//! The body of `main` is a goroutine: what is wrong with it is shown in the body, not at the attribute.

use std::rc::Rc;

#[gaggle::main]
async fn main() {
    let shared = Rc::new(1);
    gaggle::yield_now().await;
    drop(shared);
}
