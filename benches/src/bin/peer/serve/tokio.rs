//! tokio: its multi-threaded scheduler and its sockets; hyper on top of them.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;

use super::{BUFFER, HELLO};

fn serve<F>(
    workers: usize,
    address: SocketAddr,
    connection: impl Fn(TcpStream) -> F + Send + 'static,
) -> io::Result<()>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    let runtime = Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_all()
        .build()?;
    let accept = async move {
        let listener = TcpListener::bind(address).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            drop(tokio::spawn(connection(stream)));
        }
    };
    runtime.block_on(async { tokio::spawn(accept).await? })
}

pub(crate) fn echo(workers: usize, address: SocketAddr) -> io::Result<()> {
    serve(workers, address, |mut stream| async move {
        let mut buffer = [0; BUFFER];
        loop {
            match stream.read(&mut buffer).await? {
                0 => return io::Result::Ok(()),
                n => stream.write_all(&buffer[..n]).await?,
            }
        }
    })
}

pub(crate) fn http(workers: usize, address: SocketAddr) -> io::Result<()> {
    serve(workers, address, |stream| {
        let io = TokioIo::new(stream);
        http1::Builder::new().serve_connection(io, service_fn(hello))
    })
}

async fn hello(_request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    Ok(Response::new(HELLO.to_owned()))
}
