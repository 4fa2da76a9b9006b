//! Stages of a pipeline: work on each value of a channel, a limited number at a time.
//!
//! A stage is so many goroutines that read the same input and send into the same output, and nothing else.
//!
//! * **Back-pressure**: at most `concurrency` values are worked on, and as many results wait in the output; then the input is not read.
//! * **Closing** goes downstream: when the input is closed and drained, and what was read is done, the output is closed.
//! * **Giving up** goes upstream: when the output's last receiver is dropped, the stage ends. Calls under way are dropped where they wait, the input is not read any more and its receiver is dropped.
//! * **Panics**: if the function panics, the stage ends as if the output had been given up, and the panic is raised as that of a goroutine whose handle was dropped. What was done before it can still be received.

use super::{Receiver, Sender, bounded};
use crate::go;
use crate::sync::Mutex;
use gaggle_base::site::Site;
use gaggle_chan::chan::relay;
use std::iter::repeat_n;
use std::pin::pin;
use std::slice::from_ref;
use std::sync::Arc;

/// Calls `f` on each value, up to `concurrency` at a time, and gives the results in the order of the values.
///
/// A slow call holds up the results behind it, and after `concurrency` values the input too. See the [module](self) for the rest.
///
/// # Panics
/// When `concurrency` is 0.
///
/// # Examples
/// ```
/// use gaggle::chan::{self, stage};
/// use std::time::Duration;
/// gaggle::block_on(async {
///     let (tx, rx) = chan::bounded(3);
///     for n in [3, 2, 1] {
///         tx.send(n).await.unwrap();
///     }
///     drop(tx);
///     let doubled = stage::ordered(rx, 3, |n| async move {
///         gaggle::time::sleep(Duration::from_millis(n)).await;
///         2 * n
///     });
///     for expected in [Ok(6), Ok(4), Ok(2), Err(chan::RecvError)] {
///         assert_eq!(doubled.recv().await, expected);
///     }
/// });
/// ```
#[track_caller]
#[must_use]
pub fn ordered<T, U, F, W>(input: Receiver<T>, concurrency: usize, f: F) -> Receiver<U>
where
    T: Send + 'static,
    U: Send + 'static,
    F: Fn(T) -> W + Send + Sync + 'static,
    W: Future<Output = U> + Send + 'static,
{
    let site = Site::caller();
    let (output, results) = outputs(concurrency);
    let line = Arc::new(Line::new(concurrency));
    let f = Arc::new(f);
    for (line, input, output, f) in repeat_n((line, input, output, f), concurrency) {
        drop(go(in_line(line, input, output, f, site)));
    }
    results
}

/// Calls `f` on each value, up to `concurrency` at a time, and gives the results as they come. See the [module](self) for the rest.
///
/// # Panics
/// When `concurrency` is 0.
///
/// # Examples
/// ```
/// use gaggle::chan::{self, stage};
/// gaggle::block_on(async {
///     let (tx, rx) = chan::bounded(1);
///     let squares = stage::unordered(rx, 4, |n: u64| async move { n * n });
///     gaggle::go(async move {
///         for n in 1..=10 {
///             tx.send(n).await.unwrap();
///         }
///     });
///     let mut sum = 0;
///     while let Ok(n) = squares.recv().await {
///         sum += n;
///     }
///     assert_eq!(sum, 385);
/// });
/// ```
#[track_caller]
#[must_use]
pub fn unordered<T, U, F, W>(input: Receiver<T>, concurrency: usize, f: F) -> Receiver<U>
where
    T: Send + 'static,
    U: Send + 'static,
    F: Fn(T) -> W + Send + Sync + 'static,
    W: Future<Output = U> + Send + 'static,
{
    let site = Site::caller();
    let (output, results) = outputs(concurrency);
    let f = Arc::new(f);
    for (input, output, f) in repeat_n((input, output, f), concurrency) {
        drop(go(at_once(input, output, f, site)));
    }
    results
}

fn outputs<U>(concurrency: usize) -> (Sender<U>, Receiver<U>) {
    assert!(concurrency > 0, "a stage that does nothing at a time");
    bounded(concurrency)
}

async fn at_once<T, U, F, W>(input: Receiver<T>, output: Sender<U>, f: Arc<F>, site: Site)
where
    F: Fn(T) -> W,
    W: Future<Output = U>,
{
    let end = EndOnPanic(&output);
    let mut gone = pin!(relay::gone(from_ref(&output), site));
    while let Some(value) = relay::recv(&input, site, gone.as_mut()).await {
        let Some(result) = relay::unless(f(value), gone.as_mut()).await else {
            break;
        };
        if relay::send(&output, result, site).await.is_err() {
            break;
        }
    }
    drop(end);
}

/// Whose turn it is.
///
/// Values are numbered as they are read. The one right to send moves from number k to k + 1: it is the value in channel `k % n`.
/// At most n values have been read and not sent, so no two that wait share a channel.
struct Line {
    /// The next number. Held while a value is read, so that numbers are in the order of values.
    next: Mutex<usize>,
    turns: Vec<(Sender<()>, Receiver<()>)>,
}

impl Line {
    fn new(n: usize) -> Self {
        let line = Self {
            next: Mutex::new(0),
            turns: (0..n).map(|_| bounded(1)).collect(),
        };
        line.give(0);
        line
    }

    fn turn(&self, k: usize) -> &(Sender<()>, Receiver<()>) {
        &self.turns[k % self.turns.len()]
    }

    /// It is number `k`'s turn.
    fn give(&self, k: usize) {
        let given = self.turn(k).0.try_send(());
        debug_assert!(given.is_ok(), "there is one right to send");
    }
}

async fn in_line<T, U, F, W>(
    line: Arc<Line>,
    input: Receiver<T>,
    output: Sender<U>,
    f: Arc<F>,
    site: Site,
) where
    F: Fn(T) -> W,
    W: Future<Output = U>,
{
    let end = EndOnPanic(&output);
    let mut gone = pin!(relay::gone(from_ref(&output), site));
    loop {
        let mut next = line.next.lock().await;
        let Some(value) = relay::recv(&input, site, gone.as_mut()).await else {
            break;
        };
        let k = *next;
        *next = k.wrapping_add(1);
        drop(next);
        let Some(result) = relay::unless(f(value), gone.as_mut()).await else {
            break;
        };
        let turn = &line.turn(k).1;
        if relay::recv(turn, site, gone.as_mut()).await.is_none()
            || relay::send(&output, result, site).await.is_err()
        {
            break;
        }
        line.give(k.wrapping_add(1));
    }
    drop(end);
}

/// Closes the output if the goroutine panics: the others of the stage then end too, and do not wait for a turn that never comes.
struct EndOnPanic<'a, U>(&'a Sender<U>);

impl<U> Drop for EndOnPanic<'_, U> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.close();
        }
    }
}
