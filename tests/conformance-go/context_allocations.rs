//! What contexts allocate: semantics.md CX-19. It has a target of its own because of its allocator.

use gaggle::context::Context;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

/// Counts what this thread allocates; workers do as they like.
struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(body: impl Fn()) -> usize {
    // The first time starts the default runtime, and whatever else is started on demand.
    body();
    let before = COUNT.get();
    body();
    COUNT.get() - before
}

#[test]
fn cx_19_contexts_keep_to_their_budget() {
    let background = allocations(|| drop(Context::background()));
    assert_eq!(background, 0);
    let cancel = allocations(|| {
        let (ctx, cancel) = Context::background().with_cancel();
        cancel.cancel();
        ctx.done_blocking();
    });
    assert!(cancel <= 5, "a cancel context: {cancel}");
    let child = allocations(|| {
        let (ctx, cancel) = Context::background().with_cancel();
        let (child, _c) = ctx.with_cancel();
        cancel.cancel();
        child.done_blocking();
    });
    assert!(child <= 2 * 5, "a cancel context below another: {child}");
    let timeout = allocations(|| {
        let (ctx, cancel) = Context::background().with_timeout(Duration::from_secs(3600));
        cancel.cancel();
        ctx.done_blocking();
    });
    assert!(timeout <= 12, "a timeout context: {timeout}");
    println!("background {background}, cancel {cancel}, child {child}, timeout {timeout}");
}
