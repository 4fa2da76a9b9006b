//! A goroutine that waits for a socket is seen, with whom it is connected to; and it keeps a runtime from being taken for deadlocked.

use gaggle::net::{TcpListener, TcpStream};
use gaggle::runtime::{self, OnDeadlock, Runtime};
use gaggle::time::sleep;
use gaggle::{go, yield_now};
use std::time::Duration;

#[test]
fn rt_03_a_wait_for_a_socket_shows_in_the_dump_with_the_peer() {
    let runtime = Runtime::builder().workers(2).build().unwrap();
    runtime
        .block_on(runtime.go(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let reads = go(async move {
                let stream = TcpStream::connect(address).await.unwrap();
                stream.read(&mut [0]).await
            });
            let (stream, peer) = listener.accept().await.unwrap();
            let accepts = go(async move { listener.accept().await.map(drop) });
            let seen = |id: u64| {
                let dump = runtime::dump();
                let waits =
                    |g: &&runtime::Goroutine| g.id == id && g.reason.as_deref() == Some("IO wait");
                dump.goroutines().find(waits).cloned()
            };
            let (reader, accepter) = loop {
                match (seen(reads.id().as_u64()), seen(accepts.id().as_u64())) {
                    (Some(reader), Some(accepter)) => break (reader, accepter),
                    _ => yield_now().await,
                }
            };
            let object = reader.object.unwrap();
            assert_eq!(
                (object.kind.as_str(), object.name),
                ("tcp", Some(address.to_string()))
            );
            assert!(reader.at.unwrap().contains("dump.rs"));
            assert_eq!(accepter.object.unwrap().kind, "tcp listener");
            assert!(runtime::dump().to_string().contains("IO wait"));
            assert_ne!(peer, address);
            drop(stream);
            assert_eq!(reads.await.unwrap().unwrap(), 0, "the end");
            accepts.abort();
        }))
        .unwrap();
}

/// Something may come from outside.
#[test]
fn dl_03_who_waits_for_a_socket_is_not_deadlocked() {
    let runtime = Runtime::builder()
        .workers(1)
        .on_deadlock(OnDeadlock::Panic)
        .build()
        .unwrap();
    let listener = runtime.block_on(async { TcpListener::bind("127.0.0.1:0").await.unwrap() });
    let address = listener.local_addr().unwrap();
    let other = Runtime::builder().workers(1).build().unwrap();
    let connects = other.go(async move {
        // Longer than it takes to see that all are asleep.
        sleep(Duration::from_millis(400)).await;
        TcpStream::connect(address).await.map(drop)
    });
    runtime
        .block_on(async { listener.accept().await.map(drop) })
        .unwrap();
    other.block_on(connects).unwrap().unwrap();
}
