//! The same program under a seeded scheduler with virtual time.
//!
//! [`#[gaggle::test]`](crate::test) does it for a test. [`Builder`] says more about how, and gives a [`Report`]; [`run`] is one run with one seed, and [`replay`] one with the schedule that a report has printed.
//!
//! ```
//! use gaggle::sync::Mutex;
//! use std::sync::Arc;
//!
//! // Two goroutines look at the balance and then change it: nobody holds the lock in between.
//! let report = gaggle::sim::Builder::new().run(|| async {
//!     let balance = Arc::new(Mutex::new(100));
//!     let group = gaggle::sync::WaitGroup::new();
//!     for _ in 0..2 {
//!         let balance = balance.clone();
//!         group.go(async move {
//!             let before = *balance.lock().await;
//!             *balance.lock().await = before - 10;
//!         });
//!     }
//!     group.wait().await;
//!     assert_eq!(*balance.lock().await, 80);
//! });
//! let finding = report.finding().expect("one withdrawal can be lost");
//! assert_eq!(finding.class(), gaggle::sim::Class::Panic);
//! println!("{report}");
//! ```
//!
//! What a program that is simulated may ask: [`now`], [`advance`], [`settle`], [`rand`], [`point`], [`reached!`].
//! See `docs/testing.md`.

pub use gaggle_sim::*;

/// The examples of the text for users are tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/testing.md")]
mod testing_md {}
