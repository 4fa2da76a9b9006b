//! A handler that blocks its thread, or keeps it busy, for a second does not delay other connections by more than 25 ms.
//!
//! The clients are plain threads, so only the server's delay is measured. A machine that is busy with other things delays everybody: the time for which threads of this process were ready and had no CPU is known to the system, and is not ours.
//! A target of its own, so that no other test runs beside it.

#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    reason = "to hold up threads, and to measure from other threads, is what is tested"
)]

use gaggle::go;
use gaggle::net::{TcpListener, TcpStream};
use gaggle::runtime::Runtime;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

const HELD_UP: Duration = Duration::from_secs(1);
const ALLOWED: Duration = Duration::from_millis(25);

async fn handle(stream: TcpStream) {
    let mut byte = [0];
    while let Ok(1) = stream.read(&mut byte).await {
        match byte[0] {
            b's' => thread::sleep(HELD_UP),
            b'b' => {
                let start = Instant::now();
                while start.elapsed() < HELD_UP {
                    std::hint::spin_loop();
                }
            }
            _ => {}
        }
        if stream.write_all(&byte).await.is_err() {
            return;
        }
    }
}

fn ask(stream: &mut std::net::TcpStream, what: u8) -> Duration {
    let start = Instant::now();
    stream.write_all(&[what]).unwrap();
    let mut answer = [0];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer[0], what);
    start.elapsed()
}

/// For how long the threads of this process have been ready to run while no CPU was free for them, all together.
fn kept_waiting() -> Duration {
    let nanos = std::fs::read_dir("/proc/self/task").map_or(0, |threads| {
        threads
            .filter_map(|thread| {
                let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
                text.split_whitespace().nth(1)?.parse::<u64>().ok()
            })
            .sum()
    });
    Duration::from_nanos(nanos)
}

/// What a client waited for an answer.
#[derive(Clone, Copy, Debug, Default)]
struct Waited {
    all: Duration,
    /// Of that, while threads of this process were kept waiting by others.
    machine: Duration,
}

impl Waited {
    fn ours(self) -> Duration {
        self.all.saturating_sub(self.machine)
    }
}

/// The longest that any of some clients had to wait for an answer.
fn worst(address: SocketAddr, over: &Arc<AtomicBool>) -> Waited {
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let over = over.clone();
            thread::spawn(move || {
                let mut stream = std::net::TcpStream::connect(address).unwrap();
                stream.set_nodelay(true).unwrap();
                let mut worst = Waited::default();
                while !over.load(SeqCst) {
                    let before = kept_waiting();
                    let all = ask(&mut stream, b'.');
                    let machine = kept_waiting().saturating_sub(before);
                    let waited = Waited { all, machine };
                    worst = std::cmp::max_by_key(worst, waited, |waited| waited.ours());
                    thread::sleep(Duration::from_millis(4));
                }
                worst
            })
        })
        .collect();
    let all = clients.into_iter().map(|client| client.join().unwrap());
    all.max_by_key(|waited| waited.ours()).unwrap()
}

fn held_up_by(what: u8) {
    let runtime = Runtime::builder().workers(2).build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    drop(runtime.go(async move {
        while let Ok((stream, _)) = listener.accept().await {
            go(handle(stream));
        }
    }));
    let over = Arc::new(AtomicBool::new(false));
    let told = over.clone();
    let hog = thread::spawn(move || {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        thread::sleep(Duration::from_millis(100));
        let held_up = ask(&mut stream, what);
        told.store(true, SeqCst);
        held_up
    });
    let worst = worst(address, &over);
    assert!(hog.join().unwrap() >= HELD_UP);
    println!("the others waited {worst:?} at most");
    assert!(worst.ours() <= ALLOWED, "a client waited {worst:?}");
}

#[test]
fn a_handler_that_blocks_or_spins_for_a_second_delays_others_by_25_ms_at_most() {
    held_up_by(b's');
    held_up_by(b'b');
}
