//! tonic: one answer and a stream of them, by its own server inside of tokio, and through hyper on gaggle alone.
//!
//! Messages are texts, and the service is written by hand, so that nothing has to be generated.

use bytes::{Buf as _, BufMut as _};
use futures::stream::{self, BoxStream, StreamExt as _};
use gaggle::compat::hyper::Executor;
use gaggle::compat::tokio::InTokio as _;
use gaggle::net::{TcpListener, TcpStream};
use hyper::http::uri::PathAndQuery;
use hyper::{Request, Response, Uri};
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{NamedService, ServerStreamingService, UnaryService};
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, Status};

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A message is a text.
#[derive(Clone, Copy, Default)]
struct Text;

impl Codec for Text {
    type Encode = String;
    type Decode = String;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Text {
    type Item = String;
    type Error = Status;

    fn encode(&mut self, item: String, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put_slice(item.as_bytes());
        Ok(())
    }
}

impl Decoder for Text {
    type Item = String;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<String>, Status> {
        let bytes = from.copy_to_bytes(from.remaining());
        let text = String::from_utf8(bytes.into());
        text.map(Some)
            .map_err(|_| Status::new(Code::InvalidArgument, "no text"))
    }
}

/// The service: `Greet` has one answer, `Count` has as many as it is asked for.
#[derive(Clone, Copy)]
struct Greeter;

impl NamedService for Greeter {
    const NAME: &'static str = "test.Greeter";
}

impl UnaryService<String> for Greeter {
    type Response = String;
    type Future = Boxed<Result<tonic::Response<String>, Status>>;

    fn call(&mut self, request: tonic::Request<String>) -> Self::Future {
        Box::pin(async move {
            let name = request.into_inner();
            if name.is_empty() {
                return Err(Status::new(Code::InvalidArgument, "who?"));
            }
            // In a goroutine.
            let text = gaggle::go(async move { format!("hello {name}") });
            Ok(tonic::Response::new(text.await.unwrap()))
        })
    }
}

impl ServerStreamingService<String> for Greeter {
    type Response = String;
    type ResponseStream = BoxStream<'static, Result<String, Status>>;
    type Future = Boxed<Result<tonic::Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: tonic::Request<String>) -> Self::Future {
        let last = request.into_inner().parse().unwrap_or(0);
        // The values come out of a channel that a goroutine fills.
        let (tx, rx) = gaggle::chan::bounded(2);
        gaggle::go(async move {
            for n in 1..=last {
                if tx.send(Ok(n.to_string())).await.is_err() {
                    return;
                }
            }
        });
        let answers = stream::unfold(rx, async |rx| Some((rx.recv().await.ok()?, rx)));
        Box::pin(async move { Ok(tonic::Response::new(answers.boxed())) })
    }
}

impl<B> tower_service::Service<Request<B>> for Greeter
where
    B: hyper::body::Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send>
        + Send
        + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Boxed<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(Text);
            Ok(match request.uri().path() {
                "/test.Greeter/Greet" => grpc.unary(Greeter, request).await,
                "/test.Greeter/Count" => grpc.server_streaming(Greeter, request).await,
                _ => Status::new(Code::Unimplemented, "no such method").into_http(),
            })
        })
    }
}

async fn ask(channel: Channel) {
    let mut grpc = tonic::client::Grpc::new(channel);
    let path = PathAndQuery::from_static;
    for name in ["gaggle", "tonic"] {
        grpc.ready().await.unwrap();
        let request = tonic::Request::new(name.to_owned());
        let answer = grpc.unary(request, path("/test.Greeter/Greet"), Text).await;
        assert_eq!(answer.unwrap().into_inner(), format!("hello {name}"));
    }
    for (request, method, code) in [
        ("", "/test.Greeter/Greet", Code::InvalidArgument),
        ("x", "/test.Greeter/None", Code::Unimplemented),
    ] {
        grpc.ready().await.unwrap();
        let request = tonic::Request::new(request.to_owned());
        let refused = grpc.unary(request, path(method), Text).await;
        assert_eq!(refused.unwrap_err().code(), code);
    }
    grpc.ready().await.unwrap();
    let request = tonic::Request::new("1000".to_owned());
    let answers = grpc.server_streaming(request, path("/test.Greeter/Count"), Text);
    let mut answers = answers.await.unwrap().into_inner();
    let mut count = 0;
    while let Some(n) = answers.message().await.unwrap() {
        count += 1;
        assert_eq!(n, count.to_string());
    }
    assert_eq!(count, 1000);
}

#[gaggle::test(tokio, workers = 2)]
async fn tonics_own_server_and_client_run_in_goroutines() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (ctx, cancel) = gaggle::context::Context::background().with_cancel();
    let server = gaggle::go(async move {
        let end = async move { ctx.done().await };
        let incoming = tonic::transport::server::TcpIncoming::from(listener);
        Server::builder()
            .add_service(Greeter)
            .serve_with_incoming_shutdown(incoming, end)
            .await
    });
    let endpoint = Endpoint::try_from(format!("http://{address}")).unwrap();
    let channel = endpoint.connect().await.unwrap();
    let clients: Vec<_> = (0..4).map(|_| gaggle::go(ask(channel.clone()))).collect();
    for client in clients {
        client.await.unwrap();
    }
    drop(channel);
    cancel.cancel();
    server.await.unwrap().unwrap();
}

/// Connects by one of gaggle's sockets.
struct Dial(SocketAddr);

impl tower_service::Service<Uri> for Dial {
    type Response = TcpStream;
    type Error = io::Error;
    type Future = Boxed<io::Result<TcpStream>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        Box::pin(TcpStream::connect(self.0))
    }
}

#[gaggle::test(workers = 2)]
async fn a_service_of_tonics_runs_through_hyper_without_tokio() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    gaggle::go(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let http = hyper::server::conn::http2::Builder::new(Executor);
            gaggle::go(http.serve_connection(stream, TowerToHyperService::new(Greeter)));
        }
    });
    // The client's tasks are goroutines, and its socket is gaggle's; of tokio it needs the context alone.
    let client = async {
        let endpoint = Endpoint::from_static("http://localhost").executor(Executor);
        ask(endpoint
            .connect_with_connector(Dial(address))
            .await
            .unwrap())
        .await;
    };
    client.in_tokio().await;
}
