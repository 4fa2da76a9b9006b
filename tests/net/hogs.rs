//! A handler that blocks its thread, or keeps it busy, for a second does not delay other connections by more than 25 ms.
//!
//! The clients are plain threads, so only the server's delay is measured. A machine that is busy with other things delays everybody, which is not ours:
//! the system knows for how long threads of this process were ready and had no CPU, and how long a virtual machine had none;
//! and while everything stands still, so does a thread that does nothing but sleep a millisecond at a time.
//! A target of its own, so that no other test runs beside it.

#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    reason = "to hold up threads, and to measure from other threads, is what is tested"
)]

use gaggle::go;
use gaggle::net::{TcpListener, TcpStream};
use gaggle::runtime::Runtime;
use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const HELD_UP: Duration = Duration::from_secs(1);
const ALLOWED: Duration = Duration::from_millis(25);
const BEAT: Duration = Duration::from_millis(1);

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

/// What the system knows of time that this process has not had.
struct Kept {
    /// For how long each thread of this process has been ready to run while no CPU was free for it.
    threads: HashMap<OsString, u64>,
    /// For how long the CPUs of this machine were another machine's.
    stolen: Duration,
}

impl Kept {
    fn now() -> Self {
        let threads = std::fs::read_dir("/proc/self/task").map(|threads| {
            let waited = |thread: std::fs::DirEntry| {
                let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
                let nanos = text.split_whitespace().nth(1)?.parse().ok()?;
                Some((thread.file_name(), nanos))
            };
            threads.filter_map(|thread| waited(thread.ok()?)).collect()
        });
        let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
        // The eighth number of the first line, in hundredths of a second.
        let stolen = stat.split_whitespace().nth(8).and_then(|n| n.parse().ok());
        Self {
            threads: threads.unwrap_or_default(),
            stolen: Duration::from_millis(10 * stolen.unwrap_or(0)),
        }
    }

    /// All together since `before`. A thread that has ended meanwhile takes nothing away from the others.
    fn since(&self, before: &Self) -> Duration {
        let of = |(thread, nanos): (&OsString, &u64)| {
            nanos.saturating_sub(before.threads.get(thread).copied().unwrap_or(0))
        };
        let nanos = self.threads.iter().map(of).sum();
        Duration::from_nanos(nanos) + self.stolen.saturating_sub(before.stolen)
    }
}

/// When the last beat of a thread that does nothing but sleep was, and how late its beats have been all together.
struct Beats(Mutex<(Instant, Duration)>);

impl Beats {
    fn start(over: &Arc<AtomicBool>) -> Arc<Self> {
        let beats = Arc::new(Self(Mutex::new((Instant::now(), Duration::ZERO))));
        let (ours, over) = (beats.clone(), over.clone());
        thread::spawn(move || {
            while !over.load(SeqCst) {
                thread::sleep(BEAT);
                let mut last = ours.0.lock().unwrap();
                let now = Instant::now();
                let late = (now - last.0).saturating_sub(2 * BEAT);
                *last = (now, last.1 + late);
            }
        });
        beats
    }

    fn late(&self) -> Duration {
        let last = self.0.lock().unwrap();
        // Also the beat that has not come yet.
        last.1 + last.0.elapsed().saturating_sub(2 * BEAT)
    }
}

/// What a client waited for an answer.
#[derive(Clone, Copy, Debug, Default)]
struct Waited {
    all: Duration,
    /// Of that, while the machine had no time for this process.
    machine: Duration,
}

impl Waited {
    fn ours(self) -> Duration {
        self.all.saturating_sub(self.machine)
    }
}

/// The longest that any of some clients had to wait for an answer.
fn worst(address: SocketAddr, over: &Arc<AtomicBool>) -> Waited {
    let beats = Beats::start(over);
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (over, beats) = (over.clone(), beats.clone());
            thread::spawn(move || {
                let mut stream = std::net::TcpStream::connect(address).unwrap();
                stream.set_nodelay(true).unwrap();
                let mut worst = Waited::default();
                while !over.load(SeqCst) {
                    let (before, late) = (Kept::now(), beats.late());
                    let all = ask(&mut stream, b'.');
                    let stood_still = beats.late().saturating_sub(late);
                    let kept = Kept::now().since(&before);
                    let waited = Waited {
                        all,
                        // One after the other: a machine that stood still has much to do afterwards.
                        machine: kept + stood_still,
                    };
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
