//! hyper on gaggle's sockets, timers and goroutines; axum through it and by its own server; reqwest.

use axum::Router;
use axum::extract::{Json, Query};
use axum::routing::{get, post};
use bytes::Bytes;
use gaggle::compat::hyper::{Executor, Timer};
use gaggle::compat::tokio::InTokio as _;
use gaggle::net::{TcpListener, TcpStream};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::service::TowerToHyperService;
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Sum {
    a: u32,
    b: u32,
}

/// Answers with the body that it was sent, after a wait by gaggle's clock.
async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    gaggle::time::sleep(Duration::from_millis(1)).await;
    let body = request.into_body().collect().await.unwrap();
    Ok(Response::new(Full::new(body.to_bytes())))
}

/// Takes connections for as long as the test lasts; `serve` is what a connection does.
async fn listen<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    gaggle::go(async move {
        while let Ok((stream, _)) = listener.accept().await {
            gaggle::go(serve(stream));
        }
    });
    address
}

async fn http1_server() -> SocketAddr {
    listen(async |stream| {
        let mut http = hyper::server::conn::http1::Builder::new();
        http.timer(Timer)
            .header_read_timeout(Duration::from_secs(30));
        let _ = http.serve_connection(stream, service_fn(echo)).await;
    })
    .await
}

fn request(body: &Bytes) -> Request<Full<Bytes>> {
    Request::post("http://localhost/")
        .header("host", "localhost")
        .body(Full::new(body.clone()))
        .unwrap()
}

#[gaggle::test(workers = 2)]
async fn hypers_client_and_server_need_no_tokio() {
    let address = http1_server().await;
    let clients = (0..8).map(|n| {
        gaggle::go(async move {
            let stream = TcpStream::connect(address).await.unwrap();
            let (mut sender, connection) =
                hyper::client::conn::http1::handshake(stream).await.unwrap();
            let driver = gaggle::go(connection);
            for round in 0..20 {
                // From nothing to more than fits into a buffer.
                let body = Bytes::from(vec![n; 3_usize.pow(round % 13)]);
                let answer = sender.send_request(request(&body)).await.unwrap();
                assert_eq!(answer.status(), 200);
                let back = answer.into_body().collect().await.unwrap().to_bytes();
                assert_eq!(back, body);
            }
            drop(sender);
            driver.await.unwrap().unwrap();
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
}

#[gaggle::test(workers = 2)]
async fn http2_runs_its_streams_as_goroutines() {
    let address = listen(async |stream| {
        let mut http = hyper::server::conn::http2::Builder::new(Executor);
        http.timer(Timer)
            .keep_alive_interval(Duration::from_secs(30));
        let _ = http.serve_connection(stream, service_fn(echo)).await;
    })
    .await;
    let stream = TcpStream::connect(address).await.unwrap();
    let (sender, connection) = hyper::client::conn::http2::handshake(Executor, stream)
        .await
        .unwrap();
    gaggle::go(connection);
    let requests = (0..50_u8).map(|n| {
        let mut sender = sender.clone();
        gaggle::go(async move {
            let body = Bytes::from(vec![n; 1000 * usize::from(n)]);
            let answer = sender.send_request(request(&body)).await.unwrap();
            let back = answer.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(back, body);
        })
    });
    for request in requests.collect::<Vec<_>>() {
        request.await.unwrap();
    }
}

#[test]
fn a_connection_in_memory_keeps_virtual_time() {
    use tokio::io::AsyncReadExt as _;
    const HOUR: Duration = Duration::from_secs(3600);
    let report = gaggle::sim::run(1, async {
        let (server, mut client) = tokio::io::duplex(1024);
        let connection = gaggle::go(async {
            let mut http = hyper::server::conn::http1::Builder::new();
            http.timer(Timer).header_read_timeout(HOUR);
            let stream = hyper_util::rt::TokioIo::new(server);
            http.serve_connection(stream, service_fn(echo)).await
        });
        let begin = gaggle::time::Instant::now();
        // Nothing is asked.
        assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0);
        assert!(begin.elapsed() >= HOUR);
        assert!(connection.await.unwrap().unwrap_err().is_timeout());
    });
    assert!(report.ok(), "{report}");
}

fn router() -> Router {
    Router::new()
        .route("/", get(async || "hello"))
        .route("/add", get(async |Query(Sum { a, b })| (a + b).to_string()))
        .route(
            "/swap",
            post(async |Json(Sum { a, b })| {
                // In another goroutine, and back.
                let swapped = gaggle::go(async move { Sum { a: b, b: a } });
                Json(swapped.await.unwrap())
            }),
        )
}

/// reqwest needs tokio, so it is called inside of it.
async fn ask_by_reqwest(address: SocketAddr) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let at = |path: &str| format!("http://{address}{path}");
    let hello = client.get(at("/")).send().await.unwrap();
    assert_eq!(hello.text().await.unwrap(), "hello");
    let sum = client.get(at("/add?a=40&b=2")).send().await.unwrap();
    assert_eq!(sum.text().await.unwrap(), "42");
    let body = Sum { a: 1, b: 2 };
    let swapped = client.post(at("/swap")).json(&body).send().await.unwrap();
    assert_eq!(swapped.json::<Sum>().await.unwrap(), Sum { a: 2, b: 1 });
    let nowhere = client.get(at("/nowhere")).send().await.unwrap();
    assert_eq!(nowhere.status(), 404);
}

#[gaggle::test(workers = 2)]
async fn axum_runs_through_hyper_on_gaggles_sockets() {
    let service = TowerToHyperService::new(router());
    let address = listen(move |stream| {
        let service = service.clone();
        async move {
            let http = hyper::server::conn::http1::Builder::new();
            let _ = http.serve_connection(stream, service).await;
        }
    })
    .await;
    // The server knows nothing of tokio; this client does.
    ask_by_reqwest(address).in_tokio().await;
}

#[gaggle::test(tokio, workers = 2)]
async fn axums_own_server_runs_in_a_goroutine_and_ends_by_a_context() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (ctx, cancel) = gaggle::context::Context::background().with_cancel();
    let server = gaggle::go(async move {
        let end = async move { ctx.done().await };
        axum::serve(listener, router())
            .with_graceful_shutdown(end)
            .await
    });
    let clients: Vec<_> = (0..4)
        .map(|_| gaggle::go(ask_by_reqwest(address)))
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    cancel.cancel();
    server.await.unwrap().unwrap();
}

/// gaggle's listener for `axum::serve`.
struct Listener(TcpListener);

impl axum::serve::Listener for Listener {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            if let Ok(accepted) = self.0.accept().await {
                return accepted;
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

#[gaggle::test(tokio, workers = 2)]
async fn axums_own_server_takes_gaggles_listener() {
    let listener = Listener(TcpListener::bind("127.0.0.1:0").await.unwrap());
    let address = listener.0.local_addr().unwrap();
    let server = gaggle::go(async move { axum::serve(listener, router()).await });
    ask_by_reqwest(address).await;
    server.abort();
}

#[gaggle::test(tokio, workers = 2)]
async fn reqwest_streams_and_its_limits_of_time_hold() {
    use futures::StreamExt as _;
    let address = http1_server().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let chunks = (0..10_u8).map(|n| Ok::<_, Infallible>(vec![n; 10_000]));
    let body = reqwest::Body::wrap_stream(futures::stream::iter(chunks));
    let answer = client.post(format!("http://{address}/")).body(body);
    let mut pieces = answer.send().await.unwrap().bytes_stream();
    let mut total = 0;
    while let Some(piece) = pieces.next().await {
        total += piece.unwrap().len();
    }
    assert_eq!(total, 100_000);

    // Nobody answers here.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let request = client.get(url).timeout(Duration::from_millis(20));
    assert!(request.send().await.unwrap_err().is_timeout());
}
