//! `WebSocket`: `async-tungstenite` by the traits of futures-io, `tokio-tungstenite` by those of tokio.

use futures::{SinkExt as _, StreamExt as _};
use gaggle::net::{TcpListener, TcpStream};
use std::net::SocketAddr;
use tokio_tungstenite::tungstenite::Message;

const LARGE: usize = 300_000;

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Sends back what comes, until the other side closes.
macro_rules! echo {
    ($socket:expr) => {{
        let mut socket = $socket;
        while let Some(Ok(message)) = socket.next().await {
            if message.is_text() || message.is_binary() {
                socket.send(message).await.unwrap();
            }
        }
    }};
}

/// Texts one after the other, then a large message, then the end.
macro_rules! talk {
    ($socket:expr) => {{
        let mut socket = $socket;
        for n in 0..20 {
            socket.send(Message::text(format!("{n}"))).await.unwrap();
            let back = socket.next().await.unwrap().unwrap();
            assert_eq!(back.into_text().unwrap().as_str(), format!("{n}"));
        }
        socket.send(Message::binary(vec![9; LARGE])).await.unwrap();
        let back = socket.next().await.unwrap().unwrap().into_data();
        assert!(back.len() == LARGE && back.iter().all(|byte| *byte == 9));
        socket.close(None).await.unwrap();
        while socket.next().await.is_some_and(|message| message.is_ok()) {}
    }};
}

#[gaggle::test(workers = 2)]
async fn async_tungstenite_speaks_over_gaggles_sockets() {
    let (listener, address) = listener().await;
    let server = gaggle::go(async move {
        for _ in 0..4 {
            let (stream, _) = listener.accept().await.unwrap();
            gaggle::go(async move {
                echo!(async_tungstenite::accept_async(stream).await.unwrap());
            });
        }
    });
    let clients = (0..4).map(|_| {
        gaggle::go(async move {
            let stream = TcpStream::connect(address).await.unwrap();
            let made = async_tungstenite::client_async("ws://localhost/", stream).await;
            talk!(made.unwrap().0);
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    server.await.unwrap();
}

#[gaggle::test(workers = 2)]
async fn tokio_tungstenite_speaks_over_gaggles_sockets_without_tokio() {
    let (listener, address) = listener().await;
    let server = gaggle::go(async move {
        let (stream, _) = listener.accept().await.unwrap();
        echo!(tokio_tungstenite::accept_async(stream).await.unwrap());
    });
    let stream = TcpStream::connect(address).await.unwrap();
    let made = tokio_tungstenite::client_async("ws://localhost/", stream).await;
    talk!(made.unwrap().0);
    server.await.unwrap();
}

#[gaggle::test(tokio, workers = 2)]
async fn tokio_tungstenite_connects_by_itself_inside_of_tokio() {
    let (listener, address) = listener().await;
    let server = gaggle::go(async move {
        let (stream, _) = listener.accept().await.unwrap();
        echo!(tokio_tungstenite::accept_async(stream).await.unwrap());
    });
    let made = tokio_tungstenite::connect_async(format!("ws://{address}/")).await;
    talk!(made.unwrap().0);
    server.await.unwrap();
}
