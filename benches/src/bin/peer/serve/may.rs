//! may: its own sockets, and a stack for each connection.

use std::io::{self, Read, Write};
use std::net::SocketAddr;

use may::go;
use may::net::{TcpListener, TcpStream};

use super::BUFFER;

pub(crate) fn echo(workers: usize, address: SocketAddr) -> io::Result<()> {
    may::config().set_workers(workers);
    let accept = go!(move || {
        let listener = TcpListener::bind(address)?;
        loop {
            let (stream, _) = listener.accept()?;
            stream.set_nodelay(true)?;
            go!(move || back(stream));
        }
    });
    let ended: std::thread::Result<io::Result<()>> = accept.join();
    ended.unwrap_or_else(|_| Err(io::Error::other("the listener panicked")))
}

fn back(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; BUFFER];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            n => stream.write_all(&buffer[..n])?,
        }
    }
}
