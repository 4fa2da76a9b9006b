//! A goroutine may move between threads, so what it holds across an `.await` must be `Send`.

use std::rc::Rc;

fn main() {
    gaggle::go(async {
        let shared = Rc::new(1);
        gaggle::yield_now().await;
        drop(shared);
    });
}
