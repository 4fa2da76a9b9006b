//! Goroutines that are aborted while they wait for a socket: the descriptors are closed, and watched no more.

use super::broken::pair;
use super::{
    descriptors, descriptors_return, in_a_process_of_its_own, is_waiting_for_io, waits_for_io,
};
use gaggle::go;
use gaggle::net::{TcpListener, TcpStream, UdpSocket, UnixListener, UnixStream};
use gaggle::runtime::{Runtime, num_goroutines};
use gaggle::time::{sleep, timeout};
use std::time::Duration;

#[test]
fn an_abort_in_the_middle_of_anything_leaves_nothing_behind() {
    if !in_a_process_of_its_own("aborted::an_abort_in_the_middle_of_anything_leaves_nothing_behind")
    {
        return;
    }
    for workers in [1, 2, 4] {
        let runtime = Runtime::builder().workers(workers).build().unwrap();
        // With the first socket come the runtime's own descriptors.
        runtime.block_on(async { drop(UnixStream::pair().unwrap()) });
        let before = descriptors();
        let body = runtime.go(async {
            for _ in 0..20 {
                in_read().await;
                in_write().await;
                in_accept().await;
                in_connect().await;
                in_datagrams().await;
            }
            assert_eq!(num_goroutines(), 1);
        });
        runtime.block_on(body).unwrap();
        descriptors_return(before);
        assert_eq!(runtime.metrics().timers, 0);
    }
}

async fn aborted_while_it_waits<T>(handle: gaggle::JoinHandle<T>) {
    waits_for_io(&handle).await;
    handle.abort();
    assert!(handle.await.is_err_and(|error| error.is_aborted()));
}

async fn in_read() {
    let (client, server) = pair().await;
    aborted_while_it_waits(go(async move { server.read(&mut [0; 8]).await })).await;
    assert_eq!(client.read(&mut [0]).await.unwrap(), 0, "it was closed");
}

async fn in_write() {
    let (client, server) = pair().await;
    let writes = go(async move { server.write_all(&vec![1; 32 << 20]).await });
    aborted_while_it_waits(writes).await;
    let mut all = Vec::new();
    client.read_to_end(&mut all).await.unwrap();
    assert!(!all.is_empty() && all.iter().all(|byte| *byte == 1));
}

/// Who accepts next gets the connection.
async fn in_accept() {
    let listener = std::sync::Arc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
    let other = listener.clone();
    aborted_while_it_waits(go(async move { other.accept().await })).await;
    let _client = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    drop(listener.accept().await.unwrap());
    let path = std::env::temp_dir().join(format!("gaggle-accept-{}", std::process::id()));
    let listener = UnixListener::bind(&path).unwrap();
    aborted_while_it_waits(go(async move { listener.accept().await })).await;
    std::fs::remove_file(&path).unwrap();
}

/// A listener whose queue is full answers nobody.
async fn in_connect() {
    let socket = rustix::net::socket(
        rustix::net::AddressFamily::INET,
        rustix::net::SocketType::STREAM,
        None,
    )
    .unwrap();
    rustix::net::bind(
        &socket,
        &std::net::SocketAddrV4::new([127, 0, 0, 1].into(), 0),
    )
    .unwrap();
    rustix::net::listen(&socket, 0).unwrap();
    let listener = TcpListener::from_std(socket.into()).unwrap();
    let address = listener.local_addr().unwrap();
    let mut connected = Vec::new();
    // Some are taken into the queue; the first that is not waits. A slow one may look like that, and be taken in the end.
    while let Ok(stream) = timeout(Duration::from_millis(20), TcpStream::connect(address)).await {
        connected.push(stream.unwrap());
        assert!(connected.len() < 100, "the queue has no end");
    }
    loop {
        let connects = go(TcpStream::connect(address));
        while !connects.is_finished() && !is_waiting_for_io(&connects) {
            sleep(Duration::from_millis(1)).await;
        }
        connects.abort();
        match connects.await {
            Ok(stream) => connected.push(stream.unwrap()),
            Err(error) => return assert!(error.is_aborted()),
        }
        assert!(connected.len() < 100, "the queue has no end");
    }
}

async fn in_datagrams() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    aborted_while_it_waits(go(async move { socket.recv_from(&mut [0; 8]).await })).await;
}
