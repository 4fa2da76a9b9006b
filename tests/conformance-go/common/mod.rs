//! What the conformance tests share: runtimes of several sizes with a watchdog, polling by hand, seeds, values that count.
//!
//! * [`on_workers`] and [`in_goroutine`] run a body at 1, 2 and 4 workers (or at `GAGGLE_WORKERS`), and fail it when it hangs.
//! * [`in_goroutine_and_sim`] runs one also under 1,000 schedules of the simulation; `simulated.rs` says which cases are not.
//! * [`in_virtual_time`] runs one on a runtime whose clock jumps to the next deadline when nothing is ready: times are exact.
//! * [`Polled`] polls a future by hand: it puts it into a queue, and takes it out, at a moment of our choice and without a clock.
//!   To be used on plain threads only: in a goroutine a poll may be put off by the budget.
//! * [`random`] prints its seed and takes it back from `GAGGLE_SEED`; [`rounds`] multiplies by `GAGGLE_STRESS`.
//! * [`child`] runs one test of this executable in a process of its own.

#![allow(
    dead_code,
    unused_imports,
    clippy::disallowed_methods,
    reason = "each target uses a part of it; the watchdog needs a plain thread and the real time"
)]

mod simulated;

pub(crate) use simulated::{in_goroutine_and_sim, sized};

use gaggle::runtime::Runtime;
use gaggle::sim::{Builder, Preempt, Sched, is_simulated};
use gaggle_base::rng::Rng;
use std::collections::BTreeMap;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::pin::Pin;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

/// A body that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(60);
/// How many rounds there are under simulation.
const FEW: u64 = 3;
/// Set in the processes that [`child`] starts.
const CHILD: &str = "GAGGLE_TEST_CHILD";

pub(crate) fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.trim()
            .parse()
            .unwrap_or_else(|_| panic!("{variable} is {text:?}, not a number")),
    )
}

/// By how much `GAGGLE_STRESS` multiplies the rounds.
pub(crate) fn stress() -> u64 {
    number("GAGGLE_STRESS").unwrap_or(1).max(1)
}

/// `n` rounds, times `GAGGLE_STRESS`. Under simulation a few at most: there the schedules are the rounds.
pub(crate) fn rounds(n: u64) -> u64 {
    if is_simulated() {
        return n.min(FEW);
    }
    n * stress()
}

/// `GAGGLE_SEED`, or a seed by the system; it is printed.
pub(crate) fn seed(what: &str) -> u64 {
    let seed = number("GAGGLE_SEED").unwrap_or_else(|| Rng::from_entropy().next_u64());
    eprintln!("{what}: GAGGLE_SEED={seed}");
    seed
}

/// A generator seeded by [`seed`]; under simulation by the schedule, which a replay repeats.
pub(crate) fn random(what: &str) -> Rng {
    if is_simulated() {
        return Rng::from_seed(gaggle::sim::rand());
    }
    Rng::from_seed(seed(what))
}

/// Runs `body` on a thread of its own and fails when it takes too long. The thread is left behind then.
pub(crate) fn watched(what: &str, body: impl FnOnce() + Send + 'static) {
    watched_with(what, String::new, body);
}

fn watched_with(what: &str, state: impl FnOnce() -> String, body: impl FnOnce() + Send + 'static) {
    let (ended, end) = channel();
    let thread = thread::Builder::new()
        .name("test body".to_owned())
        .spawn(move || {
            let result = catch_unwind(AssertUnwindSafe(body));
            let _ = ended.send(());
            result
        })
        .unwrap();
    let limit = LIMIT * u32::try_from(stress()).unwrap_or(u32::MAX).min(60);
    if let Err(RecvTimeoutError::Timeout) = end.recv_timeout(limit) {
        panic!("{what} hangs: not done after {limit:?}; {}", state());
    }
    if let Err(payload) = thread.join().unwrap() {
        eprintln!("failed: {what}");
        resume_unwind(payload);
    }
}

/// The worker counts at which everything must hold.
pub(crate) fn worker_counts() -> Vec<usize> {
    number("GAGGLE_WORKERS").map_or_else(|| vec![1, 2, 4], |n| vec![usize::try_from(n).unwrap()])
}

/// Runs `body` on a plain thread, with a runtime of each size. The runtime ends with it, under the same watchdog.
#[track_caller]
pub(crate) fn on_workers(body: impl Fn(&Runtime) + Send + Sync + 'static) {
    let body = Arc::new(body);
    for workers in worker_counts() {
        let runtime = Runtime::builder().workers(workers).build().unwrap();
        let handle = runtime.handle();
        let body = body.clone();
        let state = move || format!("{:?}", handle.metrics());
        watched_with(
            &format!("the test at {workers} workers"),
            state,
            move || {
                body(&runtime);
                drop(runtime);
            },
        );
    }
}

/// Runs `body` as a goroutine on a runtime of each size.
#[track_caller]
pub(crate) fn in_goroutine<B, F>(body: B)
where
    B: Fn() -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    on_workers(move |rt| {
        if let Err(error) = rt.block_on(rt.go(body())) {
            match error.try_into_panic() {
                Ok(payload) => resume_unwind(payload),
                Err(error) => panic!("{error}"),
            }
        }
    });
}

/// Runs `body` in virtual time: in order, and in many orders at random. Time stands still while anything is ready, so let goroutines run by sleeping, not by yielding.
#[track_caller]
pub(crate) fn in_virtual_time<B, F>(body: B)
where
    B: Fn() -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let all = [Sched::fifo(), Sched::random(), Sched::pct(2), Sched::pct(3)];
    let builder = Builder::new()
        .schedulers(all)
        // Some of them poll by hand, and an operation that gives way first would look as if it had to wait.
        .preempt(Preempt::Await)
        .seed(seed("virtual time"))
        .schedules(rounds(100));
    let report = builder.run(body);
    assert!(report.ok(), "{report}");
}

/// Waits for a state, on a plain thread. The watchdog ends it.
pub(crate) fn until(mut state: impl FnMut() -> bool) {
    while !state() {
        thread::yield_now();
    }
}

/// Waits for a state, in a goroutine. The watchdog ends it.
pub(crate) async fn until_yielding(mut state: impl FnMut() -> bool) {
    while !state() {
        gaggle::yield_now().await;
    }
}

/// A waker that does something when it is called first: so a test gets in between two steps of whoever calls it.
pub(crate) struct OnWake(Mutex<Option<Box<dyn FnOnce() + Send>>>);

impl OnWake {
    /// Polls `future` once with a waker that does `f`; it has to wait.
    #[track_caller]
    pub(crate) fn parked<F: Future>(future: F, f: impl FnOnce() + Send + 'static) -> Pin<Box<F>> {
        let waker = Waker::from(Arc::new(Self(Mutex::new(Some(Box::new(f))))));
        let mut future = Box::pin(future);
        let poll = future.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(poll.is_pending(), "it has nothing to wait for");
        future
    }
}

impl Wake for OnWake {
    fn wake(self: Arc<Self>) {
        let f = self.0.lock().unwrap().take();
        if let Some(f) = f {
            f();
        }
    }
}

/// A waker that counts.
#[derive(Default)]
pub(crate) struct Wakes(AtomicUsize);

impl Wakes {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A future that is polled by hand, on a plain thread.
pub(crate) struct Polled<F> {
    future: Pin<Box<F>>,
    wakes: Arc<Wakes>,
}

impl<F: Future> Polled<F> {
    pub(crate) fn new(future: F) -> Self {
        Self {
            future: Box::pin(future),
            wakes: Arc::default(),
        }
    }

    /// A future that was polled once and has to wait.
    #[track_caller]
    pub(crate) fn parked(future: F) -> Self {
        let mut this = Self::new(future);
        assert!(this.poll().is_pending(), "it has nothing to wait for");
        this
    }

    /// One that waits for a time that is not over yet. On a machine that stands still a short one may be over before it is polled: then a longer one is made.
    pub(crate) fn parked_for(time: Duration, make: impl Fn(Duration) -> F) -> Self {
        let made = (1..).map(|n| Self::new(make(time * n)));
        let mut waiting = made.filter_map(|mut this| this.poll().is_pending().then_some(this));
        waiting.next().unwrap()
    }

    pub(crate) fn poll(&mut self) -> Poll<F::Output> {
        let waker = Waker::from(self.wakes.clone());
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    /// How often it was woken.
    pub(crate) fn wakes(&self) -> usize {
        self.wakes.count()
    }

    /// Its output: it was woken, and a poll is all that is left to do.
    #[track_caller]
    pub(crate) fn woken(mut self) -> F::Output {
        assert!(self.wakes() > 0, "it was not woken");
        match self.poll() {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("it was woken and still has to wait"),
        }
    }

    /// It has to wait on, and nobody has woken it.
    #[track_caller]
    pub(crate) fn assert_asleep(&self) {
        assert_eq!(self.wakes(), 0, "it was woken");
    }
}

/// Polls once, with a waker that does nothing.
pub(crate) fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Which values were made and which were dropped.
#[derive(Clone, Default)]
pub(crate) struct Ledger(Arc<Mutex<BTreeMap<u64, u32>>>);

/// A value that its ledger knows.
pub(crate) struct Tracked {
    pub(crate) n: u64,
    ledger: Ledger,
}

impl Ledger {
    /// A new value.
    pub(crate) fn value(&self, n: u64) -> Tracked {
        assert!(self.0.lock().unwrap().insert(n, 0).is_none(), "{n} twice");
        let ledger = self.clone();
        Tracked { n, ledger }
    }

    /// How often value `n` was dropped.
    pub(crate) fn drops(&self, n: u64) -> u32 {
        self.0.lock().unwrap()[&n]
    }

    /// Every value was dropped, and once.
    #[track_caller]
    pub(crate) fn assert_settled(&self) {
        let map = self.0.lock().unwrap();
        let wrong: Vec<_> = map.iter().filter(|(_, drops)| **drops != 1).collect();
        assert!(wrong.is_empty(), "value and drops: {wrong:?}");
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        let mut map = self.ledger.0.lock().unwrap();
        *map.get_mut(&self.n).unwrap() += 1;
    }
}

impl std::fmt::Debug for Tracked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tracked({})", self.n)
    }
}

/// Is this process one that [`child`] started?
pub(crate) fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// Runs the test `name` of this executable in a process of its own, with these variables, and waits for its end.
pub(crate) fn child(name: &str, variables: &[(&str, &str)]) -> Output {
    let mut command = with_default_signals(std::env::current_exe().unwrap());
    command.args([name, "--exact", "--nocapture", "--test-threads=1"]);
    command.env(CHILD, "1").envs(variables.iter().copied());
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Read as it comes: a process whose pipe is full waits for whoever reads.
    let stdout = collect(child.stdout.take().unwrap());
    let stderr = collect(child.stderr.take().unwrap());
    let start = Instant::now();
    let mut hangs = false;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > LIMIT && !hangs {
            hangs = true;
            child.kill().unwrap();
        }
        thread::sleep(Duration::from_millis(2));
    };
    let output = Output {
        status,
        stdout: stdout.join().unwrap(),
        stderr: stderr.join().unwrap(),
    };
    assert!(
        !hangs,
        "the process for {name} hangs; it said: {}",
        said(&output)
    );
    output
}

/// A shell without job control starts what runs in the background with SIGINT and SIGQUIT ignored, and processes inherit
/// that: `env` of the GNU core utilities takes it back.
fn with_default_signals(program: PathBuf) -> Command {
    if cfg!(target_os = "linux") {
        let mut command = Command::new("env");
        command.arg("--default-signal=INT,QUIT").arg(program);
        command
    } else {
        Command::new(program)
    }
}

fn collect(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

/// What a process wrote, both streams.
pub(crate) fn said(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    format!("{out}\n{err}")
}
