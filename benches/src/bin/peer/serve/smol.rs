//! smol: `async_io::Async` around the sockets of the standard library; hyper over `smol_hyper`.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};

use async_io::Async;
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, body::Incoming};
use smol_hyper::rt::FuturesIo;

use super::{BUFFER, HELLO};
use crate::runtime::{Runtime, run};
use crate::runtimes::Smol;

fn serve<F>(
    workers: usize,
    address: SocketAddr,
    connection: impl Fn(Async<TcpStream>) -> F + Send + 'static,
) -> io::Result<()>
where
    F: Future + Send + 'static,
{
    run::<Smol, _>(workers, async move {
        let listener = Async::<TcpListener>::bind(address)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.get_ref().set_nodelay(true)?;
            let connection = connection(stream);
            Smol::go(async move {
                connection.await;
            });
        }
    })
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
        let io = FuturesIo::new(stream);
        http1::Builder::new().serve_connection(io, service_fn(hello))
    })
}

async fn hello(_request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    Ok(Response::new(HELLO.to_owned()))
}
