//! Unix sockets.

use crate::halves::{self, OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use crate::macros::{futures_io, reads, writes};
use crate::stream::{self, Bytes};
use gaggle_base::site::Site;
use gaggle_rt::io::{Direction, Registered};
use gaggle_rt::time::sleep;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SocketAddrAny, SocketAddrUnix, SocketFlags, SocketType, acceptfrom_with,
    connect, getpeername, getsockname, socketpair,
};
use std::ffi::OsStr;
use std::fmt;
use std::future::poll_fn;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// How long is waited when there is no descriptor, or no room in the other side's queue.
const BREATHER: Duration = Duration::from_millis(20);

/// As the standard library has it.
pub(crate) fn std_address(any: SocketAddrAny) -> io::Result<SocketAddr> {
    let address = SocketAddrUnix::try_from(any)?;
    if let Some(name @ [_, ..]) = address.abstract_name() {
        return SocketAddr::from_abstract_name(name);
    }
    // An address without a name is what an empty path stands for.
    let path = address.path_bytes().unwrap_or_default();
    SocketAddr::from_pathname(OsStr::from_bytes(path))
}

/// A Unix socket that takes connections.
pub struct UnixListener(Registered<OwnedFd>);

impl UnixListener {
    /// Takes connections at a path, which must not exist yet. The file stays when the listener is dropped.
    ///
    /// # Errors
    /// Those of the system, such as a path in use; and in a simulation, where there are no sockets.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::from_std(std::os::unix::net::UnixListener::bind(path)?)
    }

    /// Takes connections at an address, which may be one that is no file: `SocketAddr::from_abstract_name` of the standard library makes one.
    ///
    /// # Errors
    /// As for [`bind`](Self::bind).
    pub fn bind_addr(address: &SocketAddr) -> io::Result<Self> {
        Self::from_std(std::os::unix::net::UnixListener::bind_addr(address)?)
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Those of the system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        std_address(getsockname(&self.0)?)
    }

    /// As a listener of the standard library, which blocks.
    ///
    /// # Errors
    /// Those of the system.
    pub fn into_std(self) -> io::Result<std::os::unix::net::UnixListener> {
        let listener = std::os::unix::net::UnixListener::from(self.0.into_inner());
        listener.set_nonblocking(false)?;
        Ok(listener)
    }

    /// From a listener of the standard library.
    ///
    /// # Errors
    /// Those of the system.
    pub fn from_std(listener: std::os::unix::net::UnixListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self(Registered::new(listener.into(), "unix listener")?))
    }

    /// Takes the next connection, with the address of the other end, which has no name mostly.
    /// When there is no descriptor left it waits until there is one again.
    ///
    /// # Errors
    /// Those of the system that concern the listener.
    ///
    /// # Cancel safety
    /// If the future is dropped, no connection was taken.
    #[track_caller]
    pub fn accept(&self) -> impl Future<Output = io::Result<(UnixStream, SocketAddr)>> + Send + '_ {
        let site = Site::caller();
        async move {
            loop {
                let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
                let taken = poll_fn(|cx| {
                    self.0.poll_io_at(cx, Direction::Read, site, |fd, _| {
                        Ok(acceptfrom_with(fd, flags)?)
                    })
                });
                let error = match taken.await.and_then(with_peer) {
                    Ok(taken) => return Ok(taken),
                    Err(error) => error,
                };
                match Errno::from_io_error(&error) {
                    Some(Errno::CONNABORTED) => {}
                    Some(
                        Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM | Errno::NOSPC,
                    ) => {
                        sleep(BREATHER).await;
                    }
                    _ => return Err(error),
                }
            }
        }
    }
}

fn with_peer((fd, peer): (OwnedFd, Option<SocketAddrAny>)) -> io::Result<(UnixStream, SocketAddr)> {
    let peer = match peer {
        Some(any) => std_address(any)?,
        None => SocketAddr::from_pathname("")?,
    };
    Ok((UnixStream::new(fd)?, peer))
}

impl AsFd for UnixListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl fmt::Debug for UnixListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnixListener").finish_non_exhaustive()
    }
}

/// A Unix stream socket. See [`TcpStream`](crate::TcpStream) for what is said of its methods.
pub struct UnixStream(Registered<OwnedFd>);

impl Bytes for UnixStream {
    fn io(&self) -> &Registered<OwnedFd> {
        &self.0
    }
}

impl UnixStream {
    fn new(fd: OwnedFd) -> io::Result<Self> {
        Ok(Self(Registered::in_pieces(fd, "unix")?))
    }

    /// Connects to a path. While the other side's queue is full, it waits.
    ///
    /// # Errors
    /// Those of the system, such as a path where nobody listens; and in a simulation, where there are no sockets.
    ///
    /// # Cancel safety
    /// If the future is dropped, there is no connection.
    pub async fn connect(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::connect_by(SocketAddrUnix::new(path.as_ref())?).await
    }

    /// Connects to an address. See [`UnixListener::bind_addr`].
    ///
    /// # Errors
    /// As for [`connect`](Self::connect); and if the address has no name.
    ///
    /// # Cancel safety
    /// If the future is dropped, there is no connection.
    pub async fn connect_addr(address: &SocketAddr) -> io::Result<Self> {
        let address = match (address.as_pathname(), address.as_abstract_name()) {
            (Some(path), _) => SocketAddrUnix::new(path)?,
            (None, Some(name)) => SocketAddrUnix::new_abstract_name(name)?,
            (None, None) => return Err(io::ErrorKind::InvalidInput.into()),
        };
        Self::connect_by(address).await
    }

    async fn connect_by(address: SocketAddrUnix) -> io::Result<Self> {
        let fd = crate::tcp::socket(AddressFamily::UNIX, SocketType::STREAM)?;
        loop {
            match connect(&fd, &address) {
                Ok(()) => return Self::new(fd),
                // The queue is full, and nothing tells when it is not.
                Err(Errno::AGAIN) => sleep(BREATHER).await,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// This end.
    ///
    /// # Errors
    /// Those of the system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        std_address(getsockname(&self.0)?)
    }

    /// The other end, which has no name mostly.
    ///
    /// # Errors
    /// Those of the system, such as a connection that is gone.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        std_address(getpeername(&self.0)?.ok_or(Errno::NOTCONN)?)
    }

    /// As a stream of the standard library, which blocks.
    ///
    /// # Errors
    /// Those of the system.
    pub fn into_std(self) -> io::Result<std::os::unix::net::UnixStream> {
        let stream = std::os::unix::net::UnixStream::from(self.0.into_inner());
        stream.set_nonblocking(false)?;
        Ok(stream)
    }

    /// Two that are connected with each other.
    ///
    /// # Errors
    /// Those of the system.
    pub fn pair() -> io::Result<(Self, Self)> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (a, b) = socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        Ok((Self::new(a)?, Self::new(b)?))
    }

    /// From a stream of the standard library.
    ///
    /// # Errors
    /// Those of the system.
    pub fn from_std(stream: std::os::unix::net::UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Self::new(stream.into())
    }

    reads!();
    writes!();

    /// Ends one direction, or both. See [`TcpStream::shutdown`](crate::TcpStream::shutdown).
    ///
    /// # Errors
    /// Those of the system.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        stream::end(&self.0, how)
    }

    /// The two halves, borrowed.
    pub fn split(&mut self) -> (ReadHalf<'_, Self>, WriteHalf<'_, Self>) {
        halves::borrowed(self)
    }

    /// The two halves, owned.
    #[must_use]
    pub fn into_split(self) -> (OwnedReadHalf<Self>, OwnedWriteHalf<Self>) {
        halves::owned(self)
    }
}

impl AsFd for UnixStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl fmt::Debug for UnixStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnixStream").finish_non_exhaustive()
    }
}

futures_io!(read: [] UnixStream);
futures_io!(write: [] UnixStream);
futures_io!(read: ['a] &'a UnixStream);
futures_io!(write: ['a] &'a UnixStream);
