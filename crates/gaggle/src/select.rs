//! `select!`: the macro; what it expands by is in `gaggle-macros`, the protocol in `gaggle-chan`.

/// Waits for the first of several operations: Go's `select` (semantics.md SE, T14).
///
/// ```text
/// gaggle::select! {
///     pattern = operation => body,
///     pattern = operation, if condition => body,
///     default => body,        // if no arm can proceed at this instant
///     else => body,           // if no arm can ever proceed
/// }
/// ```
///
/// # Arms
/// * A send or a receive of a channel: **exactly one takes effect**, whatever else is ready, and the others leave no trace: nothing received, nothing sent (SE-09, SE-10). The value of a send that loses is dropped, once.
/// * Any other future: `time::sleep`, a timer, a lock, a `JoinHandle`, an `async` block. The future is dropped if its arm loses; what it has done until then stays done.
/// * `default` runs if no arm can proceed at this instant (SE-02, SE-03): then nothing is waited for.
///
/// Among the arms that are ready one is chosen at random, each with the same chance (SE-04). With `biased;` as the first line the first in source order is taken.
///
/// # Rules
/// * All conditions, operands and values to send are evaluated once, in source order, before anything is chosen; also those of an arm whose condition is false (SE-07).
/// * An arm whose condition is false, or whose operand is `None`, is never ready (SE-14, T8). A select without an arm that can ever be ready waits for ever (SE-06).
/// * An arm whose outcome does not match its pattern is switched off, and the select goes on without it: `Ok(v) = rx.recv()` ignores a closed channel. The outcome is dropped.
///   When the last arm goes in this way the select **panics**, unless it has an `else` (or a `default`).
/// * The operands are gone before a body runs, so a body may change what they borrowed. `break`, `continue`, `return` and `?` in a body act on the code around (SE-16). The select is an expression; all bodies have its type.
/// * Up to 32 arms; [`Select`](crate::Select) is the form for any number, known at run time.
///
/// # Cancel safety
/// A select that is dropped while it waits has received nothing and sent nothing, as for the operations alone (RX-01, RX-02).
///
/// # Examples
/// ```
/// use gaggle::{chan, go, select, time};
/// use std::time::Duration;
///
/// #[gaggle::main]
/// async fn main() {
///     let (jobs, rx) = chan::bounded(0);
///     let (out, results) = chan::bounded(1);
///     go(async move {
///         jobs.send(20).await.unwrap();
///     });
///     let mut sum = 1;
///     loop {
///         select! {
///             job = rx.recv() => match job {
///                 Ok(n) => sum += n,
///                 Err(_) => break,
///             },
///             Ok(()) = out.send(sum), if sum > 1 => println!("sent {sum}"),
///             _ = time::sleep(Duration::from_secs(10)) => panic!("too slow"),
///         }
///     }
///     drop(results);
/// }
/// ```
///
/// A look without waiting:
/// ```
/// # gaggle::block_on(async {
/// let (_tx, rx) = gaggle::chan::bounded::<u8>(1);
/// let got = gaggle::select! {
///     Ok(n) = rx.recv() => Some(n),
///     default => None,
/// };
/// assert_eq!(got, None);
/// # });
/// ```
#[macro_export]
macro_rules! select {
    ($($arms:tt)*) => {
        $crate::__private::select_at! { $crate; $($arms)* }
    };
}
