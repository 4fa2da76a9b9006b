//! As many goroutines as there are workers keep their threads busy; a ticker in another goroutine hardly notices.
//!
//! Run it with `GAGGLE_WORKERS=2 cargo run --release --example blocking`.

use std::hint::spin_loop;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use gaggle::time::{Instant, Ticker};
use gaggle::{blocking, named, runtime};

/// To wait for it blocks the thread: it knows nothing of goroutines, like a lock of std or a system call.
type Gate = OnceLock<()>;

/// Computes until the gate is open, and never gives way.
fn spin(gate: &Gate) {
    while gate.get().is_none() {
        spin_loop();
    }
}

/// Keeps every worker busy with `what` until a ticker has ticked thirty times: if it could not, this would never end.
async fn beside(what: fn(&Gate), name: &str) {
    let (gate, workers) = (Arc::new(Gate::new()), runtime::num_workers());
    for n in 1..=workers {
        let gate = gate.clone();
        named(&format!("{name} {n}")).go(async move { what(&gate) });
    }
    let ticker = Ticker::new(Duration::from_millis(5));
    let (mut last, mut longest, mut ticks) = (Instant::now(), Duration::ZERO, 0);
    let dump = loop {
        ticker.recv().await;
        longest = longest.max(last.elapsed());
        (last, ticks) = (Instant::now(), ticks + 1);
        let dump = runtime::dump(); // who does what now?
        let threads = dump.runtimes.iter().flat_map(|r| &r.workers);
        if ticks >= 30 && threads.filter(|w| w.stuck_for.is_some()).count() >= workers {
            break dump;
        }
    };
    let _ = gate.set(());
    let longest = longest.as_secs_f64() * 1e3;
    println!("{dump}");
    println!("{name}: {ticks} ticks, the longest pause was {longest:.1} ms");
}

/// The workers compute; they block; they block and say so.
pub async fn all_busy() {
    beside(spin, "spin").await;
    beside(|gate| *gate.wait(), "block").await;
    beside(|gate| blocking(|| *gate.wait()), "blocking").await;
}

#[gaggle::main]
async fn main() {
    all_busy().await;
}
