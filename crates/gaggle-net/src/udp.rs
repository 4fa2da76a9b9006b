//! UDP.

use crate::addresses::{ToAddrs, first_of};
use crate::tcp::{family, socket};
use gaggle_base::site::Site;
use gaggle_rt::io::{Direction, Registered};
use rustix::io::Errno;
use rustix::net::{
    RecvFlags, SendFlags, SocketType, bind, connect, getpeername, getsockname, recv, recvfrom,
    send, sendto,
};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A UDP socket.
pub struct UdpSocket(Registered<OwnedFd>);

impl UdpSocket {
    /// A socket at the first of the addresses that can be had. Port 0 lets the system choose.
    ///
    /// # Errors
    /// Those of the system, such as an address in use; and in a simulation, where there are no sockets.
    ///
    /// # Examples
    /// ```
    /// use gaggle_net::UdpSocket;
    /// # fn main() -> std::io::Result<()> {
    /// gaggle_rt::block_on(async {
    ///     let a = UdpSocket::bind("127.0.0.1:0").await?;
    ///     let b = UdpSocket::bind("127.0.0.1:0").await?;
    ///     a.send_to(b"hello", b.local_addr()?).await?;
    ///     let mut buffer = [0; 16];
    ///     let (n, from) = b.recv_from(&mut buffer).await?;
    ///     assert_eq!((&buffer[..n], from), (&b"hello"[..], a.local_addr()?));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn bind(addresses: impl ToAddrs) -> io::Result<Self> {
        first_of(&addresses, |address| {
            let fd = socket(family(&address), SocketType::DGRAM)?;
            bind(&fd, &address)?;
            Ok(Self(Registered::new(fd, "udp")?))
        })
    }

    /// From here on [`send`](Self::send) sends there, and only what comes from there is received.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn connect(&self, addresses: impl ToAddrs) -> io::Result<()> {
        first_of(&addresses, |address| Ok(connect(&self.0, &address)?))
    }

    /// Sends a datagram.
    ///
    /// # Errors
    /// Those of the system, such as one that is too long.
    ///
    /// # Cancel safety
    /// If the future is dropped, nothing was sent.
    #[track_caller]
    pub fn send_to<'a>(
        &'a self,
        bytes: &'a [u8],
        to: SocketAddr,
    ) -> impl Future<Output = io::Result<usize>> + Send + 'a {
        let site = Site::caller();
        poll_fn(move |cx| {
            self.0.poll_io_at(cx, Direction::Write, site, |fd, _| {
                Ok(sendto(fd, bytes, SendFlags::empty(), &to)?)
            })
        })
    }

    /// Receives a datagram, and says from whom. What does not fit into the buffer is lost.
    ///
    /// # Errors
    /// Those of the system.
    ///
    /// # Cancel safety
    /// If the future is dropped, nothing was received.
    #[track_caller]
    pub fn recv_from<'a>(
        &'a self,
        buffer: &'a mut [u8],
    ) -> impl Future<Output = io::Result<(usize, SocketAddr)>> + Send + 'a {
        self.receive(buffer, RecvFlags::empty())
    }

    #[track_caller]
    fn receive<'a>(
        &'a self,
        buffer: &'a mut [u8],
        flags: RecvFlags,
    ) -> impl Future<Output = io::Result<(usize, SocketAddr)>> + Send + 'a {
        let site = Site::caller();
        poll_fn(move |cx| {
            self.0.poll_io_at(cx, Direction::Read, site, |fd, _| {
                let (_, n, from) = recvfrom(fd, &mut *buffer, flags)?;
                let from = from.ok_or_else(|| io::Error::other("a datagram without a sender"))?;
                Ok((n, SocketAddr::try_from(from)?))
            })
        })
    }

    /// Sends a datagram to whom the socket is connected with.
    ///
    /// # Errors
    /// Those of the system, such as that it is connected with nobody.
    ///
    /// # Cancel safety
    /// If the future is dropped, nothing was sent.
    #[track_caller]
    pub fn send<'a>(
        &'a self,
        bytes: &'a [u8],
    ) -> impl Future<Output = io::Result<usize>> + Send + 'a {
        let site = Site::caller();
        poll_fn(move |cx| {
            self.0.poll_io_at(cx, Direction::Write, site, |fd, _| {
                Ok(send(fd, bytes, SendFlags::empty())?)
            })
        })
    }

    /// Receives a datagram. What does not fit into the buffer is lost.
    ///
    /// # Errors
    /// Those of the system.
    ///
    /// # Cancel safety
    /// If the future is dropped, nothing was received.
    #[track_caller]
    pub fn recv<'a>(
        &'a self,
        buffer: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Send + 'a {
        let site = Site::caller();
        poll_fn(move |cx| {
            self.0.poll_io_at(cx, Direction::Read, site, |fd, _| {
                let (_, n) = recv(fd, &mut *buffer, RecvFlags::empty())?;
                Ok(n)
            })
        })
    }

    /// Receives a datagram without taking it: the next receive gives the same one.
    ///
    /// # Errors
    /// Those of the system.
    ///
    /// # Cancel safety
    /// Nothing is taken in any case.
    #[track_caller]
    pub fn peek_from<'a>(
        &'a self,
        buffer: &'a mut [u8],
    ) -> impl Future<Output = io::Result<(usize, SocketAddr)>> + Send + 'a {
        self.receive(buffer, RecvFlags::PEEK)
    }

    /// From a socket of the standard library.
    ///
    /// # Errors
    /// Those of the system.
    pub fn from_std(socket: std::net::UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self(Registered::new(socket.into(), "udp")?))
    }

    /// As a socket of the standard library, which blocks.
    ///
    /// # Errors
    /// Those of the system.
    pub fn into_std(self) -> io::Result<std::net::UdpSocket> {
        let socket = std::net::UdpSocket::from(self.0.into_inner());
        socket.set_nonblocking(false)?;
        Ok(socket)
    }

    /// This end.
    ///
    /// # Errors
    /// Those of the system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(SocketAddr::try_from(getsockname(&self.0)?)?)
    }

    /// Whom it is connected with.
    ///
    /// # Errors
    /// When it is connected with nobody.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(SocketAddr::try_from(
            getpeername(&self.0)?.ok_or(Errno::NOTCONN)?,
        )?)
    }
}

impl AsFd for UdpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UdpSocket")
            .field("local", &self.local_addr().ok())
            .finish()
    }
}
