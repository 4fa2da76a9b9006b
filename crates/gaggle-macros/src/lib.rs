//! Macros of gaggle: `#[gaggle::main]`, `#[gaggle::test]` and what `gaggle::select!` expands by.
//!
//! Only what `macro_rules` cannot do is here.
//! This crate knows three paths of the façade, `__private::main`, `__private::test` and `__private::select`, and nothing else of gaggle.
//! `options` reads an attribute's arguments, `expand` checks the function and writes its replacement, `select` reads the arms and writes the wait.

#![forbid(unsafe_code)]

mod expand;
mod options;
mod select;
mod simulation;

use expand::Entry;
use proc_macro::TokenStream;

/// Makes an `async fn main` the first goroutine of the program.
///
/// The body runs as goroutine 1; when it ends, `main` returns and the process ends, whether other goroutines have
/// finished or not.
/// The function takes no arguments and may return anything that a plain `main` may return.
///
/// The program has Go's habits:
///
/// - `SIGQUIT` prints who waits for what and ends the process with status 2; `SIGUSR1` prints it and the program goes on.
///   `GAGGLE_DUMP=json` asks for JSON.
/// - When all goroutines sleep and nothing can wake any, or some wait for each other's locks, that is printed and the
///   process ends with status 2. `GAGGLE_DEADLOCK=report` only prints, `GAGGLE_DEADLOCK=off` does nothing.
/// - A panic in a goroutine whose handle was dropped ends it at once, with status 101.
///
/// # Options
///
/// - `workers = N`: run on `N` worker threads, at least 1. Without it the number comes from `GAGGLE_WORKERS`, else from
///   the CPUs that this process may use.
/// - `tokio`: goroutines find tokio's reactor and timers, for libraries that need them; see `gaggle::compat::tokio`.
///   It needs gaggle's feature `compat-tokio`.
/// - `crate = path`: where gaggle is found if it is not `::gaggle`, for crates that rename or re-export it. A string
///   works too: `crate = "path"`.
///
/// # Examples
///
/// ```
/// #[gaggle::main]
/// async fn main() {
///     let greeting = gaggle::go(async { "hello from a goroutine" });
///     println!("{}", greeting.await.expect("the goroutine did not panic"));
/// }
/// ```
///
/// With two workers and a result:
///
/// ```
/// #[gaggle::main(workers = 2)]
/// async fn main() -> Result<(), std::num::ParseIntError> {
///     let number: u32 = "42".parse()?;
///     assert_eq!(number, 42);
///     Ok(())
/// }
/// ```
#[proc_macro_attribute]
pub fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::entry(Entry::Main, options.into(), item.into()).into()
}

/// Makes an `async fn` a test that is run under many schedules, in virtual time, until one goes wrong.
///
/// It stands in for `#[test]`; other attributes of a test, such as `#[should_panic]` and `#[ignore]`, stay as they are.
/// The test may return anything that a plain test may return.
///
/// The body runs again and again, up to 256 times or for one second, each time with another order of its goroutines: see `gaggle::sim`.
/// It fails with a report when a goroutine panics, when nothing can go on, and when goroutines are left that can never end. The report ends with a line that replays the schedule.
/// So a test must not keep anything from one run to the next, and must not use threads of its own. What needs those runs on real workers: with the option `workers = N`, or all tests with `GAGGLE_SIM=off`.
/// There a deadlock is a panic that says who waits for what, as soon as the tests that run beside it have ended.
///
/// # Options
///
/// - `workers = N`, `tokio` and `crate = path`, as for [`macro@main`]. With `workers` there is one run, on that many real workers; so there is with `tokio`, since a simulation has no sockets and no threads of others.
/// - `schedules = N`: so many schedules, without a limit of time.
/// - `scheduler = ".."`: `fifo`, `random`, `sticky(P)`, `pct(D)`, `dfs` or `dfs(PREEMPTIONS)`; several with spaces between them take turns.
/// - `preempt = "op"` or `"await"`: goroutines may be made to let others run before each operation of gaggle's, or only where they have to wait.
/// - `clock = "quiescent"` or `"racy(P)"`: whether timers may fire early, and with which probability.
/// - `max_steps = N`: a run that takes more is a livelock.
/// - `time_limit = "10m"`: a run that takes longer by the virtual clock fails.
/// - `leaks = "fail"` or `"allow"`: whether goroutines may be left at the end.
/// - `seed = N`, `jobs = N`: where the schedules come from; on how many threads they are run.
///
/// # Examples
///
/// ```
/// #[cfg(test)]
/// mod tests {
///     #[gaggle::test]
///     async fn a_goroutine_hands_back_its_value() {
///         assert_eq!(gaggle::go(async { 6 * 7 }).await.unwrap(), 42);
///     }
///
///     #[gaggle::test(schedules = 2_000, scheduler = "pct(3)", time_limit = "10m")]
///     async fn a_longer_search() {
///         gaggle::time::sleep(std::time::Duration::from_secs(60)).await;
///     }
///
///     #[gaggle::test(workers = 2)]
///     async fn on_real_workers() {
///         gaggle::blocking(|| std::thread::yield_now());
///     }
/// }
/// ```
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::entry(Entry::Test, options.into(), item.into()).into()
}

/// What `gaggle::select!` expands by: the path of the façade, `;`, and the arms. See there.
#[doc(hidden)]
#[proc_macro]
pub fn select_at(input: TokenStream) -> TokenStream {
    select::expand(input.into()).into()
}
