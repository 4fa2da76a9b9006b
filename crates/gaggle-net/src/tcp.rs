//! TCP.

use crate::addresses::{ToAddrs, first_of, no_address};
use crate::halves::{self, OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use crate::macros::{futures_io, reads, writes};
use crate::stream::{self, Bytes};
use gaggle_base::site::Site;
use gaggle_rt::io::{Direction, Registered};
use gaggle_rt::time::sleep;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SocketFlags, SocketType, acceptfrom_with, bind, connect, getpeername,
    getsockname, listen, recv, socket_with, sockopt,
};
use std::fmt;
use std::future::poll_fn;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// How many connections the system keeps for a listener that does not take them yet.
const BACKLOG: i32 = 4096;
/// How long `accept` waits when the process has no descriptor left.
const BREATHER: Duration = Duration::from_millis(20);

pub(crate) fn address(any: rustix::net::SocketAddrAny) -> io::Result<SocketAddr> {
    SocketAddr::try_from(any).map_err(io::Error::from)
}

/// A socket that does not block, and that a child process does not inherit.
pub(crate) fn socket(family: AddressFamily, kind: SocketType) -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(socket_with(family, kind, flags, None)?)
}

pub(crate) fn family(address: &SocketAddr) -> AddressFamily {
    match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    }
}

/// A TCP socket that takes connections.
pub struct TcpListener(Registered<OwnedFd>);

impl TcpListener {
    pub(crate) fn new(fd: OwnedFd) -> io::Result<Self> {
        Ok(Self(Registered::new(fd, "tcp listener")?))
    }

    /// Takes connections on the first of the addresses that can be had. Port 0 lets the system choose.
    ///
    /// # Errors
    /// Those of the system, such as an address in use; and in a simulation, where there are no sockets.
    ///
    /// # Examples
    /// ```
    /// use gaggle_net::{TcpListener, TcpStream};
    /// # fn main() -> std::io::Result<()> {
    /// gaggle_rt::block_on(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let address = listener.local_addr()?;
    ///     let echo = gaggle_rt::go(async move {
    ///         let (stream, _peer) = listener.accept().await?;
    ///         let mut buffer = [0; 5];
    ///         stream.read_exact(&mut buffer).await?;
    ///         stream.write_all(&buffer).await
    ///     });
    ///     let stream = TcpStream::connect(address).await?;
    ///     stream.write_all(b"hello").await?;
    ///     let mut buffer = [0; 5];
    ///     stream.read_exact(&mut buffer).await?;
    ///     assert_eq!(&buffer, b"hello");
    ///     echo.await.unwrap()
    /// })
    /// # }
    /// ```
    pub async fn bind(addresses: impl ToAddrs) -> io::Result<Self> {
        first_of(&addresses, |address| {
            let fd = socket(family(&address), SocketType::STREAM)?;
            sockopt::set_socket_reuseaddr(&fd, true)?;
            bind(&fd, &address)?;
            listen(&fd, BACKLOG)?;
            Self::new(fd)
        })
    }

    /// Takes the next connection, and says whom it is with.
    ///
    /// When the process, or the system, has no descriptor left, it waits until there is one again: the connection stays in the system's queue. A connection that was broken before it could be taken is passed over.
    ///
    /// # Errors
    /// Those of the system that concern the listener.
    ///
    /// # Cancel safety
    /// If the future is dropped, no connection was taken.
    #[track_caller]
    pub fn accept(&self) -> impl Future<Output = io::Result<(TcpStream, SocketAddr)>> + Send + '_ {
        let site = Site::caller();
        async move {
            loop {
                let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
                let taken = poll_fn(|cx| {
                    self.0.poll_io_at(cx, Direction::Read, site, |fd, _| {
                        Ok(acceptfrom_with(fd, flags)?)
                    })
                });
                let error = match taken.await {
                    Ok((fd, peer)) => {
                        let peer = peer.map(address).transpose()?;
                        let peer = peer
                            .ok_or_else(|| io::Error::other("a connection without an address"))?;
                        // If there is no memory to watch it, it is closed, and the other end is told so.
                        match TcpStream::new(fd, peer) {
                            Ok(stream) => return Ok((stream, peer)),
                            Err(error) => error,
                        }
                    }
                    Err(error) => error,
                };
                match Errno::from_io_error(&error) {
                    Some(Errno::CONNABORTED | Errno::PROTO | Errno::PERM) => {}
                    Some(
                        Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM | Errno::NOSPC,
                    ) => {
                        // Nothing tells when one is free again.
                        sleep(BREATHER).await;
                    }
                    _ => return Err(error),
                }
            }
        }
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Those of the system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        address(getsockname(&self.0)?)
    }

    /// From a listener of the standard library.
    ///
    /// # Errors
    /// Those of the system.
    pub fn from_std(listener: std::net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Self::new(listener.into())
    }

    /// As a listener of the standard library, which blocks.
    ///
    /// # Errors
    /// Those of the system.
    pub fn into_std(self) -> io::Result<std::net::TcpListener> {
        let listener = std::net::TcpListener::from(self.0.into_inner());
        listener.set_nonblocking(false)?;
        Ok(listener)
    }
}

impl AsFd for TcpListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpListener")
            .field("local", &self.local_addr().ok())
            .finish()
    }
}

/// A TCP connection.
///
/// Its methods take `&self`: one goroutine may read while another writes, as in Go. Two that read at the same time each get a part.
pub struct TcpStream(Registered<OwnedFd>);

impl Bytes for TcpStream {
    fn io(&self) -> &Registered<OwnedFd> {
        &self.0
    }
}

impl TcpStream {
    pub(crate) fn new(fd: OwnedFd, peer: SocketAddr) -> io::Result<Self> {
        Ok(Self(Registered::with_peer(fd, "tcp", Some(peer))?))
    }

    /// Connects to the first of the addresses that answers.
    ///
    /// The system gives up after minutes. For less, use `timeout(limit, TcpStream::connect(address))` of the module `time`.
    ///
    /// # Errors
    /// Those of the system for the last address, such as one where nobody listens; and in a simulation, where there are no sockets.
    ///
    /// # Cancel safety
    /// If the future is dropped, there is no connection.
    pub async fn connect(addresses: impl ToAddrs) -> io::Result<Self> {
        let mut last = None;
        for address in addresses.to_addrs()? {
            match Self::connect_to(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(no_address))
    }

    async fn connect_to(address: SocketAddr) -> io::Result<Self> {
        let fd = socket(family(&address), SocketType::STREAM)?;
        Self::connect_by(fd, address).await
    }

    /// Connects a socket.
    pub(crate) async fn connect_by(fd: OwnedFd, address: SocketAddr) -> io::Result<Self> {
        match connect(&fd, &address) {
            Ok(()) => return Self::new(fd, address),
            Err(Errno::INPROGRESS | Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let stream = Self::new(fd, address)?;
        stream.connected().await?;
        Ok(stream)
    }

    /// Waits until the connection is there, or has failed.
    #[track_caller]
    fn connected(&self) -> impl Future<Output = io::Result<()>> + Send + '_ {
        let site = Site::caller();
        poll_fn(move |cx| {
            self.0.poll_io_at(cx, Direction::Write, site, |fd, _| {
                if let Err(error) = sockopt::socket_error(fd)? {
                    return Err(error.into());
                }
                match getpeername(fd) {
                    Ok(_) => Ok(()),
                    // Not yet: the event that was seen was of the time before.
                    Err(Errno::NOTCONN) => Err(io::ErrorKind::WouldBlock.into()),
                    Err(error) => Err(error.into()),
                }
            })
        })
    }

    reads!();
    writes!();

    /// Reads without taking: the next read gives the same bytes.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    ///
    /// # Cancel safety
    /// Nothing is taken in any case.
    #[track_caller]
    pub fn peek<'a>(
        &'a self,
        buffer: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Send + 'a {
        let site = Site::caller();
        poll_fn(move |cx| {
            self.0.poll_io_at(cx, Direction::Read, site, |fd, _| {
                let (_, n) = recv(fd, &mut *buffer, RecvFlags::PEEK)?;
                Ok(n)
            })
        })
    }

    /// Ends one direction, or both: after `Shutdown::Write` the other end reads the end, and this one can still read.
    ///
    /// # Errors
    /// Those of the system, such as a connection that is gone.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        stream::end(&self.0, how)
    }

    /// The two halves, borrowed: for two futures of one goroutine.
    pub fn split(&mut self) -> (ReadHalf<'_, Self>, WriteHalf<'_, Self>) {
        halves::borrowed(self)
    }

    /// The two halves, owned: for two goroutines. They share one descriptor; the drop of the writing half ends its direction.
    #[must_use]
    pub fn into_split(self) -> (OwnedReadHalf<Self>, OwnedWriteHalf<Self>) {
        halves::owned(self)
    }

    /// This end.
    ///
    /// # Errors
    /// Those of the system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        address(getsockname(&self.0)?)
    }

    /// The other end.
    ///
    /// # Errors
    /// Those of the system, such as a connection that is gone.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        address(getpeername(&self.0)?.ok_or(Errno::NOTCONN)?)
    }

    /// From a connection of the standard library.
    ///
    /// # Errors
    /// Those of the system.
    pub fn from_std(stream: std::net::TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let peer = stream.peer_addr()?;
        Self::new(stream.into(), peer)
    }

    /// As a connection of the standard library, which blocks.
    ///
    /// # Errors
    /// Those of the system.
    pub fn into_std(self) -> io::Result<std::net::TcpStream> {
        let stream = std::net::TcpStream::from(self.0.into_inner());
        stream.set_nonblocking(false)?;
        Ok(stream)
    }
}

impl AsFd for TcpStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpStream")
            .field("local", &self.local_addr().ok())
            .field("peer", &self.peer_addr().ok())
            .finish()
    }
}

futures_io!(read: [] TcpStream);
futures_io!(write: [] TcpStream);
futures_io!(read: ['a] &'a TcpStream);
futures_io!(write: ['a] &'a TcpStream);
