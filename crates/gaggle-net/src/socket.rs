//! [`TcpSocket`]: what is to be set before a socket listens or connects.

use crate::tcp::{self, TcpListener, TcpStream};
use rustix::net::{AddressFamily, SocketType, bind, getsockname, listen, sockopt};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A TCP socket that neither listens nor is connected yet. [`TcpListener::bind`] and [`TcpStream::connect`] are shorter where nothing is to be set before.
///
/// Nothing is watched before [`listen`](Self::listen) or [`connect`](Self::connect). Further options are in [the options](Self::set_nodelay) below, and stay set for the connection.
///
/// # Examples
/// Two listeners at one address, between which the system spreads connections; and a client that says from which address it comes:
/// ```
/// use gaggle_net::TcpSocket;
/// # fn main() -> std::io::Result<()> {
/// gaggle_rt::block_on(async {
///     let first = TcpSocket::new_v4()?;
///     first.set_reuse_port(true)?;
///     first.bind("127.0.0.1:0".parse().unwrap())?;
///     let address = first.local_addr()?;
///     let second = TcpSocket::new_v4()?;
///     second.set_reuse_port(true)?;
///     second.bind(address)?;
///     let listeners = [first.listen(128)?, second.listen(128)?];
///
///     let client = TcpSocket::new_v4()?;
///     client.bind("127.0.0.1:0".parse().unwrap())?;
///     client.set_recv_buffer_size(64 << 10)?;
///     let stream = client.connect(address).await?;
///     assert_eq!(stream.peer_addr()?, address);
/// #   drop(listeners);
///     Ok(())
/// })
/// # }
/// ```
pub struct TcpSocket(OwnedFd);

impl TcpSocket {
    /// A socket for IPv4.
    ///
    /// # Errors
    /// Those of the system, such as that no descriptor is left.
    pub fn new_v4() -> io::Result<Self> {
        Ok(Self(tcp::socket(AddressFamily::INET, SocketType::STREAM)?))
    }

    /// A socket for IPv6, and for IPv4 as well unless [`set_only_v6`](Self::set_only_v6) says otherwise.
    ///
    /// # Errors
    /// Those of the system, such as that no descriptor is left.
    pub fn new_v6() -> io::Result<Self> {
        Ok(Self(tcp::socket(AddressFamily::INET6, SocketType::STREAM)?))
    }

    /// A socket for the kind of this address.
    ///
    /// # Errors
    /// Those of the system, such as that no descriptor is left.
    pub fn new_for(address: &SocketAddr) -> io::Result<Self> {
        Ok(Self(tcp::socket(tcp::family(address), SocketType::STREAM)?))
    }

    /// May it be bound to an address of which connections are still about to end? [`TcpListener::bind`] sets it.
    ///
    /// # Errors
    /// Those of the system.
    pub fn set_reuse_address(&self, reuse: bool) -> io::Result<()> {
        Ok(sockopt::set_socket_reuseaddr(&self.0, reuse)?)
    }

    /// May several sockets that all say so listen at the same address?
    ///
    /// # Errors
    /// Those of the system.
    pub fn set_reuse_port(&self, reuse: bool) -> io::Result<()> {
        Ok(sockopt::set_socket_reuseport(&self.0, reuse)?)
    }

    /// Is a socket for IPv6 for IPv6 alone?
    ///
    /// # Errors
    /// Those of the system, such as that it is bound already.
    pub fn set_only_v6(&self, only: bool) -> io::Result<()> {
        Ok(sockopt::set_ipv6_v6only(&self.0, only)?)
    }

    /// Gives it an address. Port 0 lets the system choose.
    ///
    /// # Errors
    /// Those of the system, such as an address in use.
    pub fn bind(&self, address: SocketAddr) -> io::Result<()> {
        Ok(bind(&self.0, &address)?)
    }

    /// The address that it has.
    ///
    /// # Errors
    /// Those of the system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        tcp::address(getsockname(&self.0)?)
    }

    /// Takes connections. The system keeps up to `backlog` of those that are not accepted yet, if it allows as many (`net.core.somaxconn`); whoever comes after them waits.
    ///
    /// # Errors
    /// Those of the system; and in a simulation, where there are no sockets.
    pub fn listen(self, backlog: u32) -> io::Result<TcpListener> {
        listen(&self.0, i32::try_from(backlog).unwrap_or(i32::MAX))?;
        TcpListener::new(self.0)
    }

    /// Connects.
    ///
    /// # Errors
    /// Those of the system, such as an address where nobody listens; and in a simulation, where there are no sockets.
    ///
    /// # Cancel safety
    /// If the future is dropped, there is no connection.
    pub async fn connect(self, address: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::connect_by(self.0, address).await
    }
}

impl AsFd for TcpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl fmt::Debug for TcpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpSocket")
            .field("local", &self.local_addr().ok())
            .finish()
    }
}
