//! Many connections at once, on one worker and on several.

use gaggle::go;
use gaggle::net::{TcpListener, TcpSocket, TcpStream, UnixStream};
use gaggle::runtime::{self, Runtime};
use gaggle::time::{Instant, sleep, timeout};
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

/// Whoever waits so long waits for something that never comes.
const LONG: Duration = Duration::from_secs(20);

async fn serve(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        go(async move {
            let mut buffer = [0; 256];
            while let Ok(n @ 1..) = stream.read(&mut buffer).await {
                if stream.write_all(&buffer[..n]).await.is_err() {
                    return;
                }
            }
        });
    }
}

async fn start() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    go(serve(listener));
    address
}

fn on_workers(body: impl AsyncFn()) {
    for workers in [1, 2, 4] {
        let runtime = Runtime::builder().workers(workers).build().unwrap();
        runtime.block_on(body());
    }
}

#[test]
fn many_connections_get_their_own_bytes_back() {
    on_workers(async || {
        let address = start().await;
        let clients: Vec<_> = (0..200_u32)
            .map(|i| {
                go(async move {
                    let stream = TcpStream::connect(address).await?;
                    for round in 0..20_u32 {
                        let sent = [i.to_le_bytes(), round.to_le_bytes()].concat();
                        stream.write_all(&sent).await?;
                        let mut got = [0; 8];
                        stream.read_exact(&mut got).await?;
                        assert_eq!(got, sent[..]);
                    }
                    io::Result::Ok(())
                })
            })
            .collect();
        for client in clients {
            client.await.unwrap().unwrap();
        }
    });
}

#[test]
fn a_half_close_is_read_as_the_end_and_the_other_direction_goes_on() {
    on_workers(async || {
        let address = start().await;
        let stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(&vec![7; 100_000]).await.unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, vec![7; 100_000]);
    });
}

#[test]
fn a_reader_and_a_writer_share_a_connection() {
    on_workers(async || {
        let (a, b) = UnixStream::pair().unwrap();
        let (read, write) = a.into_split();
        let writer = go(async move {
            for n in 0..2_000_u32 {
                write.write_all(&n.to_le_bytes()).await.unwrap();
            }
            drop(write);
        });
        let echo = go(async move {
            let mut all = Vec::new();
            b.read_to_end(&mut all).await.unwrap();
            b.write_all(&all).await.unwrap();
        });
        let mut all = Vec::new();
        read.read_to_end(&mut all).await.unwrap();
        assert_eq!(all.len(), 8_000);
        writer.await.unwrap();
        echo.await.unwrap();
    });
}

#[test]
fn nobody_listens() {
    on_workers(async || {
        // It has a port, which nobody else gets, and does not listen.
        let silent = TcpSocket::new_v4().unwrap();
        silent.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = silent.local_addr().unwrap();
        let error = TcpStream::connect(address).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    });
}

#[test]
fn a_timer_beside_a_socket_is_on_time() {
    on_workers(async || {
        let (a, _b) = UnixStream::pair().unwrap();
        let mut all = Vec::new();
        for _ in 0..20 {
            let begin = Instant::now();
            let mut byte = [0];
            let read = timeout(Duration::from_micros(1_500), a.read(&mut byte)).await;
            assert!(read.is_err());
            all.push(begin.elapsed());
        }
        all.sort_unstable();
        assert!(all[0] >= Duration::from_micros(1_500), "{all:?}");
        // The machine may stand still now and then, but not most of the time.
        assert!(all[10] < Duration::from_millis(500), "{all:?}");
    });
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "to hold up a worker is what is tested"
)]
fn a_handler_that_blocks_does_not_hold_up_the_others() {
    on_workers(async || {
        let address = start().await;
        let stream = TcpStream::connect(address).await.unwrap();
        let (begun, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let hogs: Vec<_> = (0..2)
            .map(|_| {
                let (begun, over) = (begun.clone(), over.clone());
                go(async move {
                    let begin = Instant::now();
                    begun.fetch_add(1, SeqCst);
                    while over.load(SeqCst) == 0 && begin.elapsed() < LONG {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                    over.load(SeqCst) == 1
                })
            })
            .collect();
        while begun.load(SeqCst) < 2 {
            sleep(Duration::from_millis(1)).await;
        }
        // How long it may take is in `hogs.rs`: here it must not take until they have had enough.
        for _ in 0..20 {
            stream.write_all(b"ping").await.unwrap();
            stream.read_exact(&mut [0; 4]).await.unwrap();
        }
        over.store(1, SeqCst);
        for hog in hogs {
            assert!(hog.await.unwrap(), "others have waited for it");
        }
    });
}

#[test]
fn what_waits_when_the_runtime_ends_is_told() {
    let first = Runtime::builder().workers(1).build().unwrap();
    let (a, _b) = first.block_on(async { UnixStream::pair().unwrap() });
    let second = Runtime::builder().workers(1).build().unwrap();
    let waits = second.go(async move { a.read(&mut [0]).await });
    let id = waits.id().as_u64();
    second.block_on(async {
        while !runtime::dump()
            .goroutines()
            .any(|g| g.id == id && g.reason.as_deref() == Some("IO wait"))
        {
            sleep(Duration::from_millis(1)).await;
        }
    });
    drop(first);
    let error = second.block_on(waits).unwrap().unwrap_err();
    assert!(error.to_string().contains("has ended"), "{error}");
}

#[gaggle::test(workers = 2)]
async fn more_buffers_than_the_system_takes_at_once_are_taken_in_part() {
    let (a, b) = UnixStream::pair().unwrap();
    let many: Vec<IoSlice<'_>> = (0..3000).map(|_| IoSlice::new(b"x")).collect();
    let written = a.write_vectored(&many).await.unwrap();
    assert!(written > 0 && written < many.len());
    let mut bytes = vec![0; 3000];
    let mut into: Vec<IoSliceMut<'_>> = bytes.chunks_mut(1).map(IoSliceMut::new).collect();
    let read = b.read_vectored(&mut into).await.unwrap();
    assert_eq!(read, written);
    assert!(bytes[..read].iter().all(|byte| *byte == b'x'));
}

#[test]
fn several_buffers_arrive_in_their_order_be_they_short_or_long() {
    on_workers(async || {
        let address = start().await;
        let stream = TcpStream::connect(address).await.unwrap();
        for length in [0, 1, 170, 171, 4_000] {
            let parts = [b'a', b'b', b'c'].map(|letter| vec![letter; length]);
            let sent = parts.concat();
            let slices = [&parts[0], &parts[1], &parts[2]].map(|part| IoSlice::new(part));
            let n = stream.write_vectored(&slices).await.unwrap();
            assert_eq!(n, sent.len());
            let mut got = vec![0; n];
            stream.read_exact(&mut got).await.unwrap();
            assert!(got == sent, "three times {length} bytes");
        }
    });
}

#[test]
fn all_who_wait_for_a_descriptor_are_woken() {
    on_workers(async || {
        let address = start().await;
        let stream = Arc::new(TcpStream::connect(address).await.unwrap());
        let readers: Vec<_> = (0..5)
            .map(|_| {
                let stream = stream.clone();
                go(async move { stream.read_exact(&mut [0; 1]).await })
            })
            .collect();
        for _ in 0..5 {
            stream.write_all(b"x").await.unwrap();
        }
        for reader in readers {
            reader.await.unwrap().unwrap();
        }
    });
}
