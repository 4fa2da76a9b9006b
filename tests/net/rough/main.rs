//! Sockets under rough treatment, one kind at a time: what waits goes on, and nothing is left behind. (All kinds at once: `tests/faults`.)
//!
//! Descriptors and their limit are the process's, so what counts or limits them runs in a process of its own.

#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    reason = "other threads and the system's own limits are what is tested"
)]

#[path = "../../conformance-go/common/mod.rs"]
mod common;

mod aborted;
mod broken;
mod descriptors;
mod edges;
mod options;

use gaggle::net::TcpListener;
use gaggle::runtime;
use gaggle::time::sleep;
use gaggle::{JoinHandle, go};
use std::time::{Duration, Instant};

/// Does a goroutine wait for a descriptor?
pub(crate) fn is_waiting_for_io<T>(handle: &JoinHandle<T>) -> bool {
    let id = handle.id().as_u64();
    let dump = runtime::dump();
    let mut all = dump.goroutines();
    all.any(|g| g.id == id && g.reason.as_ref().is_some_and(|r| r.starts_with("IO wait")))
}

/// Waits until a goroutine waits for a descriptor.
pub(crate) async fn waits_for_io<T>(handle: &JoinHandle<T>) {
    while !is_waiting_for_io(handle) {
        assert!(!handle.is_finished(), "it has not waited");
        sleep(Duration::from_millis(1)).await;
    }
}

/// Gives everybody back what they send.
pub(crate) async fn serve(listener: TcpListener) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        go(async move {
            let mut buffer = [0; 16];
            while let Ok(n @ 1..) = stream.read(&mut buffer).await {
                if stream.write_all(&buffer[..n]).await.is_err() {
                    return;
                }
            }
        });
    }
}

/// How many descriptors the process has.
pub(crate) fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Waits until there are as many descriptors as there were, on a plain thread.
pub(crate) fn descriptors_return(before: usize) {
    let start = Instant::now();
    while descriptors() != before {
        let late = start.elapsed() > Duration::from_secs(20);
        assert!(!late, "{} descriptors, {before} before", descriptors());
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Runs this test again in a process of its own. `true`: this is that process.
pub(crate) fn in_a_process_of_its_own(name: &str) -> bool {
    if common::is_child() {
        return true;
    }
    let output = common::child(name, &[]);
    assert!(output.status.success(), "{}", common::said(&output));
    false
}
