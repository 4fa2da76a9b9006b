//! The macros over a stand-in for the façade: what they expand to compiles without a warning and runs.
//!
//! `crate = ..` points them at [`fake`], so these tests need no runtime.

#![deny(warnings, clippy::pedantic)]

use std::cell::Cell;
use std::future::Future;
use std::num::ParseIntError;
use std::pin::pin;
use std::process::{ExitCode, Termination};
use std::task::{Context, Poll, Waker};

/// Stands in for the façade: polls the future in place and records the configuration.
mod fake {
    pub(crate) mod __private {
        use crate::{Cell, Context, Future, Poll, Termination, Waker, pin};

        #[derive(Clone, Copy)]
        pub(crate) struct Config {
            pub(crate) workers: Option<usize>,
            pub(crate) tokio: bool,
        }

        thread_local! {
            pub(crate) static WORKERS: Cell<Option<usize>> = const { Cell::new(None) };
            pub(crate) static SCHEDULES: Cell<Option<u64>> = const { Cell::new(None) };
        }

        pub(crate) fn main<F>(config: Config, future: F) -> F::Output
        where
            F: Future + Send + 'static,
            F::Output: Send + 'static,
        {
            assert!(!config.tokio, "nobody has asked for it");
            WORKERS.set(config.workers);
            let mut future = pin!(future);
            let mut context = Context::from_waker(Waker::noop());
            loop {
                if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                    return output;
                }
            }
        }

        #[derive(Clone, Copy, Default)]
        pub(crate) struct TestConfig {
            pub(crate) workers: Option<usize>,
            pub(crate) tokio: bool,
            pub(crate) name: &'static str,
            pub(crate) schedules: Option<u64>,
            pub(crate) seed: Option<u64>,
        }

        pub(crate) fn test<F, R>(config: TestConfig, root: F)
        where
            F: Fn() -> R,
            R: Future + Send + 'static,
            R::Output: Termination + Send + 'static,
        {
            assert!(config.name.starts_with("a_test_"));
            SCHEDULES.set(config.schedules.or(config.seed));
            let TestConfig { workers, tokio, .. } = config;
            let _ = main(Config { workers, tokio }, root()).report();
        }
    }

    pub(crate) fn workers() -> Option<usize> {
        __private::WORKERS.get()
    }
}

async fn pause() {
    std::future::ready(()).await;
}

#[gaggle_macros::main(crate = crate::fake)]
async fn unit() {
    pause().await;
}

#[gaggle_macros::main(workers = 3, crate = "crate::fake")]
async fn with_workers() -> Option<usize> {
    pause().await;
    fake::workers()
}

/// Documented, public and without any `.await`.
#[gaggle_macros::main(crate = fake)]
pub async fn with_question_mark() -> Result<u32, ParseIntError> {
    let number = "40".parse::<u32>()?;
    if number > 39 {
        return Ok(number + 2);
    }
    Err("x".parse::<u32>().unwrap_err())
}

#[gaggle_macros::main(crate = fake)]
async fn with_opaque_result() -> impl Termination {
    pause().await;
    ExitCode::SUCCESS
}

#[test]
fn a_unit_main_runs() {
    unit();
    assert_eq!(fake::workers(), None);
}

#[test]
fn the_worker_count_arrives() {
    assert_eq!(with_workers(), Some(3));
}

#[test]
fn question_mark_and_return_work_in_the_body() {
    assert_eq!(with_question_mark(), Ok(42));
}

#[test]
fn the_result_may_be_opaque() {
    let _ = with_opaque_result().report();
}

#[gaggle_macros::test(crate = fake)]
async fn a_test_runs() {
    pause().await;
}

#[gaggle_macros::test(schedules = 9, crate = fake)]
async fn a_test_with_settings_runs() {
    pause().await;
    assert_eq!(fake::__private::SCHEDULES.get(), Some(9));
}

#[gaggle_macros::test(crate = fake)]
async fn a_test_may_return_a_result() -> Result<(), ParseIntError> {
    "1".parse::<u8>()?;
    Ok(())
}

#[gaggle_macros::test(crate = fake)]
#[should_panic(expected = "on purpose")]
async fn a_test_may_be_expected_to_panic() {
    pause().await;
    panic!("on purpose");
}

#[gaggle_macros::test(workers = 2, crate = fake)]
#[ignore = "shows that the attribute is kept: this test would fail"]
async fn a_test_may_be_ignored() {
    unreachable!("an ignored test does not run");
}

#[gaggle_macros::test(crate = fake)]
#[cfg(not(test))]
async fn a_test_may_be_configured_away() {
    compile_error!("the attribute `cfg` was lost");
}
