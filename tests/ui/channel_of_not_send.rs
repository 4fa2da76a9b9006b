//! A channel is as `Send` as what it carries: one of `Rc`s stays on its thread.

use std::rc::Rc;

fn main() {
    let (_sender, receiver) = gaggle::chan::bounded::<Rc<u32>>(1);
    gaggle::go(async move {
        let _ = receiver.recv().await;
    });
}
