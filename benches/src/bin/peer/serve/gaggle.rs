//! gaggle: its own sockets; hyper on top of them.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;

use gaggle::net::{TcpListener, TcpStream};
use gaggle::runtime::Runtime;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, body::Incoming};

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
    let runtime = Runtime::builder().workers(workers).build();
    let accept = async move {
        let listener = TcpListener::bind(address).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            drop(gaggle::go(connection(stream)));
        }
    };
    let runtime = runtime.map_err(io::Error::other)?;
    runtime.block_on(async { gaggle::go(accept).await.map_err(io::Error::other)? })
}

pub(crate) fn echo(workers: usize, address: SocketAddr) -> io::Result<()> {
    serve(workers, address, async |stream| {
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
        http1::Builder::new().serve_connection(stream, service_fn(hello))
    })
}

async fn hello(_request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    Ok(Response::new(HELLO.to_owned()))
}
