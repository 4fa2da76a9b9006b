//! A system that has no thread to give: the runtime gives its error, and nothing is left of what it had begun.

use super::*;
use gaggle_base::clock::{Clock, Nanos, system_now};
use gaggle_base::thread;
use std::sync::atomic::AtomicUsize;

/// Has so many threads to give, and counts those that run.
#[derive(Default)]
struct Scarce {
    left: AtomicUsize,
    running: Arc<AtomicUsize>,
}

impl Clock for Scarce {
    fn now(&self) -> Nanos {
        system_now()
    }
}

impl Driver for Scarce {
    fn seed(&self) -> u64 {
        4
    }

    fn start_thread(
        &self,
        name: String,
        body: Box<dyn FnOnce() + Send>,
    ) -> io::Result<ThreadHandle<()>> {
        let take = |left: usize| left.checked_sub(1);
        let order = std::sync::atomic::Ordering::SeqCst;
        if self.left.fetch_update(order, order, take).is_err() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let running = self.running.clone();
        running.fetch_add(1, order);
        thread::start(name, move || {
            body();
            running.fetch_sub(1, order);
        })
    }
}

fn start(workers: usize, threads: usize) -> (io::Result<Arc<Shared>>, Arc<AtomicUsize>) {
    let driver = Scarce {
        left: AtomicUsize::new(threads),
        ..Scarce::default()
    };
    let running = driver.running.clone();
    let started = Shared::start(Config {
        workers,
        name: "scarce".to_owned(),
        on_panic: OnPanic::Raise,
        on_deadlock: OnDeadlock::Ignore,
        report_stuck: false,
        bystander: None,
        thread_guard: None,
        max_threads: workers,
        stepping: None,
        driver: Arc::new(driver),
    });
    (started, running)
}

#[test]
fn a_runtime_for_which_there_are_not_enough_threads() {
    for threads in 0..8 {
        let (started, running) = start(8, threads);
        let error = started.err().expect("there are too few");
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        let text = error.to_string();
        let number = threads + 1;
        let expected =
            format!("thread {number} of 8 for the workers of a runtime could not be started");
        assert!(text.starts_with(&expected), "{text}");
        assert_eq!(running.load(std::sync::atomic::Ordering::SeqCst), 0);
    }
}

#[test]
fn without_a_thread_for_its_monitor_a_runtime_does_not_start_either() {
    let (started, running) = start(2, 2);
    assert_eq!(
        started.err().map(|e| e.kind()),
        Some(io::ErrorKind::WouldBlock)
    );
    assert_eq!(running.load(std::sync::atomic::Ordering::SeqCst), 0);
    let (started, running) = start(2, 3);
    let Ok(shared) = started else {
        panic!("there are enough");
    };
    let sum = shared.go(async { 2 + 3 }, Site::UNKNOWN);
    assert_eq!(sum.join_blocking().unwrap(), 5);
    shared.shutdown(None).unwrap();
    assert_eq!(running.load(std::sync::atomic::Ordering::SeqCst), 0);
}
