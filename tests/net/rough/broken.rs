//! Connections that break, end in one direction, or whose other end is slow.

use super::{serve, waits_for_io};
use crate::common::in_goroutine;
use gaggle::go;
use gaggle::net::{TcpListener, TcpStream, UdpSocket, UnixStream, lookup_host};
use gaggle::runtime::{Handle, num_goroutines};
use gaggle::time::{sleep, timeout};
use std::io::ErrorKind;
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

/// Both ends of a connection.
pub(crate) async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connects = go(TcpStream::connect(address));
    let (server, _) = listener.accept().await.unwrap();
    (connects.await.unwrap().unwrap(), server)
}

/// Breaks a connection off: the other end is not told the end, but an error.
fn reset(stream: TcpStream) {
    stream.set_linger(Some(Duration::ZERO)).unwrap();
    drop(stream);
}

#[test]
fn a_read_that_waits_is_told_of_a_reset() {
    in_goroutine(async || {
        let (client, server) = pair().await;
        let reads = go(async move { server.read(&mut [0; 8]).await });
        waits_for_io(&reads).await;
        reset(client);
        let error = reads.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    });
}

#[test]
fn a_write_that_waits_is_told_of_a_reset() {
    in_goroutine(async || {
        let (client, server) = pair().await;
        let writes = go(async move {
            let chunk = vec![7; 1 << 20];
            loop {
                if let Err(error) = server.write_all(&chunk).await {
                    return error;
                }
            }
        });
        waits_for_io(&writes).await;
        reset(client);
        let error = writes.await.unwrap();
        assert!(
            [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe].contains(&error.kind()),
            "{error}"
        );
    });
}

#[test]
fn the_end_of_one_direction_leaves_the_other_both_ways() {
    in_goroutine(async || {
        for server_ends_first in [false, true] {
            let (client, server) = pair().await;
            let (first, second) = if server_ends_first {
                (server, client)
            } else {
                (client, server)
            };
            first.write_all(b"the last").await.unwrap();
            first.shutdown(Shutdown::Write).unwrap();
            let mut all = Vec::new();
            second.read_to_end(&mut all).await.unwrap();
            assert_eq!(all, b"the last");
            // A write after the end is refused, and says so instead of ending the process.
            let error = first.write(b"more").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
            for _ in 0..3 {
                second.write_all(b"still").await.unwrap();
                let mut got = [0; 5];
                first.read_exact(&mut got).await.unwrap();
                assert_eq!(&got, b"still");
            }
            drop(second);
            assert_eq!(first.read(&mut [0]).await.unwrap(), 0);
            assert_eq!(first.read(&mut [0]).await.unwrap(), 0, "it stays the end");
        }
    });
}

#[test]
fn a_writer_waits_for_a_slow_reader_and_nothing_is_lost() {
    in_goroutine(async || {
        let (client, server) = pair().await;
        let bytes: Vec<u8> = (0..6_000_000_u32).map(|n| (n % 251) as u8).collect();
        let sent = bytes.clone();
        let writes = go(async move { server.write_all(&sent).await });
        waits_for_io(&writes).await;
        let (mut got, mut chunk) = (Vec::new(), vec![0; 37_000]);
        while got.len() < bytes.len() {
            match client.read(&mut chunk).await.unwrap() {
                0 => break,
                n => got.extend_from_slice(&chunk[..n]),
            }
            if got.len() % 16 == 0 {
                sleep(Duration::from_micros(300)).await;
            }
        }
        assert!(got == bytes, "{} of {} bytes", got.len(), bytes.len());
        writes.await.unwrap().unwrap();
    });
}

#[test]
fn after_storms_of_connections_that_are_dropped_at_once_the_server_serves() {
    in_goroutine(async || {
        let before = num_goroutines();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serves = go(serve(listener));
        for _ in 0..3 {
            let storm: Vec<_> = (0..300)
                .map(|i| {
                    go(async move {
                        let stream = TcpStream::connect(address).await.unwrap();
                        if i % 2 == 0 {
                            reset(stream);
                        }
                    })
                })
                .collect();
            for one in storm {
                one.await.unwrap();
            }
            let stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"ping").await.unwrap();
            let mut got = [0; 4];
            stream.read_exact(&mut got).await.unwrap();
            assert_eq!(&got, b"ping");
        }
        serves.abort();
        assert!(serves.await.is_err());
        while num_goroutines() > before {
            sleep(Duration::from_millis(1)).await;
        }
    });
}

/// A goroutine that binds and connects by a name is `Send`; that was not so once.
#[test]
fn datagrams_go_to_and_fro_between_goroutines() {
    in_goroutine(async || {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap();
        let serves = go(async move {
            let mut buffer = [0; 32];
            loop {
                let (n, from) = server.recv_from(&mut buffer).await.unwrap();
                server.send_to(&buffer[..n], from).await.unwrap();
            }
        });
        let clients: Vec<_> = (0..8_u8)
            .map(|i| {
                go(async move {
                    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
                    socket
                        .connect(&format!("localhost:{}", address.port()))
                        .await
                        .unwrap();
                    assert_eq!(socket.peer_addr().unwrap(), address);
                    for n in 0..50 {
                        let mut got = [0; 32];
                        // A full buffer drops datagrams: whoever gets no answer asks again.
                        loop {
                            socket.send(&[i, n]).await.unwrap();
                            match timeout(Duration::from_millis(200), socket.recv(&mut got)).await {
                                Ok(Ok(2)) if got[..2] == [i, n] => break,
                                Ok(_) | Err(_) => {}
                            }
                        }
                    }
                })
            })
            .collect();
        for client in clients {
            client.await.unwrap();
        }
        serves.abort();
        assert!(serves.await.is_err());
    });
}

#[test]
fn a_name_is_looked_up_off_the_workers() {
    in_goroutine(async || {
        let hand_offs = || Handle::current().metrics().hand_offs;
        let before = hand_offs();
        let lookups: Vec<_> = (0..8)
            .map(|_| go(async { lookup_host("localhost:80").await }))
            .collect();
        for lookup in lookups {
            let addresses = lookup.await.unwrap().unwrap();
            let fits = |a: &SocketAddr| a.ip().is_loopback() && a.port() == 80;
            assert!(!addresses.is_empty() && addresses.iter().all(fits));
        }
        // The place of each that looked up was another's for that time.
        assert!(hand_offs() >= before + 8, "{} of 8", hand_offs() - before);
        let error = lookup_host("no port").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn a_unix_stream_has_no_port_but_an_end() {
    in_goroutine(async || {
        let (a, b) = UnixStream::pair().unwrap();
        drop(b);
        assert_eq!(a.read(&mut [0]).await.unwrap(), 0);
    });
}
