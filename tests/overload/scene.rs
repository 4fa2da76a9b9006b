//! One actor under too much load, with everybody around it: who offers, who is watched, who stops them.
//!
//! * The actor takes 20 us of real time for a message, so it handles 50,000 in a second at most; 75,000 are offered.
//! * The actor itself starts and monitors victims, one after the other, each with a mailbox that is filled by force. A victim is stopped: how long that takes is one delay; when the actor hears of it, behind what is in its own mailbox, is the other.

use gaggle::actor::{Actor, Addr, Ctx, Exit, MonitorRef, Overflow, Signal, spawn};
use gaggle::chan::{self, Sender};
use gaggle::time::sleep;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// What a message costs.
const COST: Duration = Duration::from_micros(20);
/// Half as much again as can be handled.
const OFFERS_PER_MS: u64 = 75;
/// Between one look at the clock and the next.
const STEP: Duration = Duration::from_micros(100);
/// Between the end of one victim and the next.
const PAUSE: Duration = Duration::from_millis(10);
/// How much longer the scene may last until the actor has heard of its first victim, on a machine that was away.
const GRACE: Duration = Duration::from_secs(20);
/// More than a victim's mailbox holds.
const FILL: u64 = 200;

/// What became of the messages.
#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) offered: u64,
    pub(crate) accepted: u64,
    /// Came back to who offered it.
    pub(crate) refused: u64,
    pub(crate) handled: u64,
    /// Still in the mailbox when the load ended, and handled then.
    pub(crate) queued: u64,
    /// Dropped by the mailbox, by its own count.
    pub(crate) dropped: u64,
    /// Not newer than the one before.
    pub(crate) strange: u64,
}

/// What one scene yields.
#[derive(Default)]
pub(crate) struct Figures {
    pub(crate) books: Books,
    /// From the request to stop to the end.
    pub(crate) stops: Vec<Duration>,
    /// From the end of a monitored actor until its monitor is heard of.
    pub(crate) downs: Vec<Duration>,
    /// For how long the system kept the actor from its core, in the midst of its work.
    pub(crate) kept_off: Duration,
}

/// Works for as long as a message costs: by the clock, so that no machine is too fast for the load. Gives how much longer it took: then the system had given the core to somebody else.
fn work() -> Duration {
    let start = Instant::now();
    loop {
        let elapsed = start.elapsed();
        if elapsed >= COST {
            return elapsed.saturating_sub(COST);
        }
        std::hint::spin_loop();
    }
}

struct Victim;

impl Actor for Victim {
    type Args = ();
    type Msg = u64;

    async fn init((): &(), _cx: &mut Ctx<Self>) -> Result<Self, Exit> {
        Ok(Self)
    }

    async fn handle(&mut self, _msg: u64, _cx: &mut Ctx<Self>) -> Result<(), Exit> {
        work();
        Ok(())
    }
}

/// What the scene learns from its actor.
#[derive(Default)]
struct Seen {
    handled: u64,
    strange: u64,
    /// When the victim was stopped.
    stopped: Option<Instant>,
    downs: Vec<Duration>,
    kept_off: Duration,
}

struct Target {
    seen: Arc<Mutex<Seen>>,
    victims: Sender<Addr<u64>>,
    last: u64,
    monitor: Option<MonitorRef>,
}

enum Msg {
    Load(u64),
    /// From its own timer: no message of the mailbox.
    NextVictim,
}

impl Actor for Target {
    type Args = (Arc<Mutex<Seen>>, Sender<Addr<u64>>);
    type Msg = Msg;

    async fn init((seen, victims): &Self::Args, cx: &mut Ctx<Self>) -> Result<Self, Exit> {
        cx.timer("victim", PAUSE, Msg::NextVictim);
        Ok(Self {
            seen: seen.clone(),
            victims: victims.clone(),
            last: 0,
            monitor: None,
        })
    }

    async fn handle(&mut self, msg: Msg, cx: &mut Ctx<Self>) -> Result<(), Exit> {
        match msg {
            Msg::Load(n) => {
                let kept_off = work();
                let mut seen = self.seen.lock().unwrap();
                seen.kept_off += kept_off;
                seen.handled += 1;
                seen.strange += u64::from(n <= self.last);
                self.last = n;
            }
            Msg::NextVictim => {
                let victim = spawn::<Victim>(()).start()?;
                self.monitor = Some(cx.monitor(&victim));
                // Nobody listens any more once the scene is over.
                let _ = self.victims.try_send(victim);
            }
        }
        Ok(())
    }

    async fn on_signal(&mut self, signal: Signal, cx: &mut Ctx<Self>) -> Result<(), Exit> {
        if let Signal::Down { .. } = signal {
            self.monitor = None;
            let mut seen = self.seen.lock().unwrap();
            let stopped = seen.stopped.take().expect("a victim was stopped");
            seen.downs.push(stopped.elapsed());
            cx.timer("victim", PAUSE, Msg::NextVictim);
        }
        Ok(())
    }
}

/// Fills and stops what comes, until there is nobody who sends any. Gives how long each took to stop.
async fn stop_all(victims: chan::Receiver<Addr<u64>>, seen: Arc<Mutex<Seen>>) -> Vec<Duration> {
    let mut stops = Vec::new();
    while let Ok(victim) = victims.recv().await {
        // At a moment that has nothing to do with when the actor gives its thread up.
        sleep(Duration::from_micros(1_000 + stops.len() as u64 % 7 * 300)).await;
        for n in 0..FILL {
            // Most of it does not fit: that is the load it has.
            let _ = victim.try_send(n);
        }
        let start = Instant::now();
        seen.lock().unwrap().stopped = Some(start);
        assert_eq!(victim.stop().await, Exit::Normal);
        stops.push(start.elapsed());
    }
    stops
}

/// Offers, on a thread with a seat of its own and in steps much shorter than a mailbox: it is full nearly all the time. Goes on until a control signal was heard of, though the time be over. Gives what `look` says after a quarter of the time, too.
fn offer(
    target: &Addr<Msg>,
    seen: &Mutex<Seen>,
    lasts: Duration,
    look: fn() -> u64,
) -> (Books, u64) {
    let mut books = Books::default();
    let mut early = None;
    let start = Instant::now();
    let unheard = || seen.lock().unwrap().downs.is_empty();
    while start.elapsed() < lasts || (unheard() && start.elapsed() < lasts + GRACE) {
        thread::sleep(STEP);
        let due = start.elapsed().as_micros() as u64 * OFFERS_PER_MS / 1_000;
        while books.offered < due {
            books.offered += 1;
            match target.try_send(Msg::Load(books.offered)) {
                Ok(()) => books.accepted += 1,
                Err(_) => books.refused += 1,
            }
        }
        if start.elapsed() >= lasts / 4 {
            early.get_or_insert_with(look);
        }
    }
    (books, early.unwrap_or_default())
}

/// Plays it. Gives the figures, and what `look` says after a quarter of the time.
pub(crate) async fn play(overflow: Overflow, lasts: Duration, look: fn() -> u64) -> (Figures, u64) {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let (victims, stopped) = chan::bounded(1);
    let target = spawn::<Target>((seen.clone(), victims));
    let target = target.overflow(overflow).await.unwrap();
    let stopper = gaggle::go(stop_all(stopped, seen.clone()));

    let (mut books, early) = gaggle::blocking(|| offer(&target, &seen, lasts, look));
    books.queued = target.len() as u64;
    // What is still queued is handled before it ends.
    assert_eq!(target.stop().drain().await, Exit::Normal);
    books.dropped = target.dropped();
    let stops = stopper.await.unwrap();
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    (books.handled, books.strange) = (seen.handled, seen.strange);
    let figures = Figures {
        books,
        // The last victim may have been stopped when its watcher was gone.
        stops: stops.into_iter().take(seen.downs.len()).collect(),
        downs: seen.downs,
        kept_off: seen.kept_off,
    };
    (figures, early)
}
