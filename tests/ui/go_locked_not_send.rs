//! The function of a locked goroutine moves to its thread, so what it captures must be `Send`; only the future that it makes need not be.

use std::rc::Rc;

fn main() {
    let shared = Rc::new(1);
    gaggle::go_locked(move || async move {
        drop(shared);
    });
}
