//! Clients that break the rules, and goroutines that are aborted in the middle of it. Nothing is promised to them; they must leave nothing behind.

use crate::clients::{self, connect};
use crate::server::{LONGEST, line};
use crate::tally::{Did, a_moment, abort_after_a_moment, did, fork, one_in, payload};
use gaggle::net::{TcpListener, TcpStream, UdpSocket, UnixStream};
use gaggle::time::{sleep, timeout};
use gaggle::{JoinHandle, go};
use gaggle_base::rng::Rng;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Breaks the connection off, with a request half written or an answer not read.
pub(crate) async fn resets(address: SocketAddr, mut rng: Rng) -> io::Result<()> {
    let stream = connect(address).await?;
    let line = line(&payload(&mut rng, 30_000));
    let some = rng.below(line.len() as u32) as usize;
    stream.set_linger(Some(Duration::ZERO))?;
    if one_in(&mut rng, 2) {
        stream.write_all(&line[..some]).await?;
    } else {
        stream.write_all(&line).await?;
        stream.read(&mut vec![0; 1 + some / 2]).await?;
    }
    a_moment(&mut rng).await;
    did(Did::Reset);
    Ok(())
}

/// Connects many times, and goes at once.
pub(crate) async fn storm(address: SocketAddr, mut rng: Rng) -> io::Result<()> {
    let many: Vec<_> = (0..20 + rng.below(120))
        .map(|i| {
            go(async move {
                let stream = TcpStream::connect(address).await?;
                if i % 2 == 0 {
                    stream.set_linger(Some(Duration::ZERO))?;
                }
                io::Result::Ok(())
            })
        })
        .collect();
    for one in many {
        one.await.expect("nobody aborts it")?;
        did(Did::Dropped);
    }
    Ok(())
}

/// What comes until the end.
async fn answer(stream: &TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    // It may be reset, for the server has not read all: what came before counts.
    let _ = stream.read_to_end(&mut all).await;
    all
}

/// Sends what is no request.
pub(crate) async fn malformed(address: SocketAddr, mut rng: Rng) -> io::Result<()> {
    let stream = connect(address).await?;
    let wrong: &[u8] = match rng.below(6) {
        0 => b"\n",
        1 => b"hello\n",
        2 => b"5:four\n",
        3 => b"99999999999999999999999999:x\n",
        4 => b"-1:\n",
        _ => b"\xff\xfe\0:\0\n",
    };
    stream.write_all(wrong).await?;
    let all = answer(&stream).await;
    assert!(all == b"-malformed\n" || all.is_empty() || all == b"-busy\n");
    Ok(())
}

/// Sends a line that has no end.
pub(crate) async fn oversized(address: SocketAddr, mut rng: Rng) -> io::Result<()> {
    let stream = connect(address).await?;
    let chunk = payload(&mut rng, 16 << 10);
    for _ in 0..=LONGEST / chunk.len() + 1 {
        // At some point it is told that nobody reads.
        if stream.write_all(&chunk).await.is_err() {
            break;
        }
    }
    let all = answer(&stream).await;
    assert!(b"-too long\n".starts_with(&all) || all == b"-busy\n");
    Ok(())
}

/// Says nothing, or stops in the middle, until the server has had enough.
pub(crate) async fn silent(address: SocketAddr, mut rng: Rng) -> io::Result<()> {
    let stream = connect(address).await?;
    if one_in(&mut rng, 2) {
        stream.write_all(b"12:hel").await?;
    }
    answer(&stream).await;
    Ok(())
}

/// A client that keeps to the rules, or does not, and is aborted wherever it is.
pub(crate) async fn aborted(
    impatient: SocketAddr,
    unix: PathBuf,
    patient: SocketAddr,
    mut rng: Rng,
) {
    let own = fork(&mut rng);
    let client: JoinHandle<io::Result<()>> = match rng.below(8) {
        0 => go(clients::ordinary(impatient, own)),
        1 => go(clients::ordinary(patient, own)),
        2 => go(clients::pipelined(patient, own)),
        3 => go(clients::slow_reader(patient, own)),
        4 => go(clients::unix(unix, own)),
        // To be aborted in `connect`: the address is on this machine, and nobody answers at once when its queue is full.
        5 => go(async move { TcpStream::connect(impatient).await.map(drop) }),
        // In `write`: nobody reads.
        6 => go(async move {
            let (a, _b) = UnixStream::pair()?;
            a.write_all(&vec![0; 4 << 20]).await
        }),
        // In `read`: nobody writes.
        _ => go(async move {
            let (a, _b) = UnixStream::pair()?;
            a.read(&mut [0]).await.map(drop)
        }),
    };
    if abort_after_a_moment(&mut rng, client).await {
        did(Did::ClientAborted);
    }
}

/// Accepts that are aborted while others connect: each connection is taken by one of them, or still there.
pub(crate) async fn accepts(mut rng: Rng) -> io::Result<()> {
    let listener = std::sync::Arc::new(TcpListener::bind("127.0.0.1:0").await?);
    let address = listener.local_addr()?;
    let many = 1 + u64::from(rng.below(12));
    let connects = go(async move {
        let mut all = Vec::new();
        for _ in 0..many {
            all.push(TcpStream::connect(address).await?);
        }
        io::Result::Ok(all)
    });
    let mut taken = 0;
    while taken < many {
        let own = listener.clone();
        let accepts = go(async move { own.accept().await });
        a_moment(&mut rng).await;
        accepts.abort();
        match accepts.await {
            Ok(accepted) => {
                accepted?;
                taken += 1;
            }
            Err(error) => {
                assert!(error.is_aborted());
                did(Did::AcceptAborted);
                // Aborted at once each time, it would never take one.
                sleep(Duration::from_micros(100)).await;
                let next = timeout(Duration::from_secs(30), listener.accept()).await;
                next.expect("a connection was lost by an aborted accept")?;
                taken += 1;
            }
        }
    }
    let all = connects.await.expect("nobody aborts it")?;
    assert_eq!(all.len() as u64, many);
    Ok(())
}

/// Datagrams, received or given up, by one that may be aborted.
pub(crate) async fn datagrams(mut rng: Rng) -> io::Result<()> {
    let receives = UdpSocket::bind("127.0.0.1:0").await?;
    let sends = UdpSocket::bind("127.0.0.1:0").await?;
    sends.connect(receives.local_addr()?).await?;
    let from = sends.local_addr()?;
    let receiver = go(async move {
        let (mut buffer, mut before) = ([0; 64], None);
        loop {
            let (n, sender) = receives.recv_from(&mut buffer).await?;
            assert_eq!((n, sender), (8, from));
            let number = u64::from_le_bytes(buffer[..8].try_into().expect("there are eight"));
            assert!(before < Some(number), "loopback keeps their order");
            before = Some(number);
            did(Did::Datagram);
            if number == u64::MAX {
                return io::Result::Ok(());
            }
        }
    });
    let many = u64::from(rng.below(80));
    for number in 0..many {
        sends.send(&number.to_le_bytes()).await?;
    }
    if one_in(&mut rng, 2) {
        abort_after_a_moment(&mut rng, receiver).await;
        return Ok(());
    }
    // What was sent last may have been dropped by a full buffer, so it is said until it is heard.
    while !receiver.is_finished() {
        match sends.send(&u64::MAX.to_le_bytes()).await {
            Ok(_) => sleep(Duration::from_millis(1)).await,
            // The receiver has just gone.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
            Err(error) => return Err(error),
        }
    }
    receiver.await.expect("nobody aborts it")
}
