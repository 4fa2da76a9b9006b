//! A handler that blocks its thread, or keeps it busy, for a second does not delay other connections by more than 25 ms.
//!
//! The clients are plain threads, so only the server's delay is measured; and beside them a thread measures how late the machine itself lets a thread run, for a machine that is busy with other things delays everybody.
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
/// Four threads run in turn until an answer is there: the monitor that takes the seat away, the one that sits down, the one that looks after sockets, the client. A busy machine lets each of them run late.
const IN_TURN: u32 = 4;

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

/// The longest that any of some clients had to wait for an answer, and the longest by which the machine itself was late.
fn worst(address: SocketAddr, over: &Arc<AtomicBool>) -> (Duration, Duration) {
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let over = over.clone();
            thread::spawn(move || {
                let mut stream = std::net::TcpStream::connect(address).unwrap();
                stream.set_nodelay(true).unwrap();
                let mut worst = Duration::ZERO;
                while !over.load(SeqCst) {
                    worst = worst.max(ask(&mut stream, b'.'));
                    thread::sleep(Duration::from_millis(2));
                }
                worst
            })
        })
        .collect();
    let pause = Duration::from_millis(1);
    let mut late = Duration::ZERO;
    while !over.load(SeqCst) {
        let start = Instant::now();
        thread::sleep(pause);
        late = late.max(start.elapsed().saturating_sub(pause));
    }
    let worst = clients.into_iter().map(|client| client.join().unwrap());
    (worst.max().unwrap(), late)
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
    let (worst, late) = worst(address, &over);
    assert!(hog.join().unwrap() >= HELD_UP);
    println!("the others waited {worst:?} at most; the machine was late by {late:?} at most");
    assert!(
        worst <= ALLOWED + IN_TURN * late,
        "a client waited {worst:?}; the machine was late by {late:?}"
    );
}

#[test]
fn a_handler_that_blocks_or_spins_for_a_second_delays_others_by_25_ms_at_most() {
    held_up_by(b's');
    held_up_by(b'b');
}
