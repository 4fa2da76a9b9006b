//! Unix sockets for datagrams.

use gaggle_base::context::note_wait;
use gaggle_base::site::Site;
use gaggle_base::wait::Reason;
use gaggle_rt::io::{Direction, Registered};
use gaggle_rt::time::{Sleep, sleep};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::{SocketAddr, UnixDatagram as Std};
use std::path::Path;
use std::pin::Pin;
use std::task::{Poll, ready};
use std::time::Duration;

/// A Unix socket for datagrams: none is lost, and whoever sends waits while the receiver's queue is full.
///
/// # Examples
/// ```
/// use gaggle_net::UnixDatagram;
/// # fn main() -> std::io::Result<()> {
/// gaggle_rt::block_on(async {
///     let (a, b) = UnixDatagram::pair()?;
///     a.send(b"hello").await?;
///     let mut buffer = [0; 16];
///     let n = b.recv(&mut buffer).await?;
///     assert_eq!(&buffer[..n], b"hello");
///     Ok(())
/// })
/// # }
/// ```
pub struct UnixDatagram(Registered<Std>);

impl UnixDatagram {
    /// A socket at a path, which must not exist yet. The file stays when the socket is dropped.
    ///
    /// # Errors
    /// Those of the system, such as a path in use; and in a simulation, where there are no sockets.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::from_std(Std::bind(path)?)
    }

    /// A socket at an address, which may be one that is no file. See [`UnixListener::bind_addr`](crate::UnixListener::bind_addr).
    ///
    /// # Errors
    /// As for [`bind`](Self::bind).
    pub fn bind_addr(address: &SocketAddr) -> io::Result<Self> {
        Self::from_std(Std::bind_addr(address)?)
    }

    /// A socket that has no address: nobody can answer it.
    ///
    /// # Errors
    /// Those of the system.
    pub fn unbound() -> io::Result<Self> {
        Self::from_std(Std::unbound()?)
    }

    /// Two that are connected with each other.
    ///
    /// # Errors
    /// Those of the system.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (a, b) = Std::pair()?;
        Ok((Self::from_std(a)?, Self::from_std(b)?))
    }

    /// From here on [`send`](Self::send) sends there, and only what comes from there is received.
    ///
    /// # Errors
    /// Those of the system, such as a path where there is no socket.
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.0.get_ref().connect(path)
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
        self.0.io(Direction::Write, |socket| socket.send(bytes))
    }

    /// Sends a datagram to a path.
    ///
    /// The system tells nobody but who is connected that there is room again in a full queue. So this tries again after a millisecond, and then less and less often, up to every 16 milliseconds;
    /// many datagrams to one receiver are better sent by [`connect`](Self::connect) and [`send`](Self::send).
    ///
    /// # Errors
    /// Those of the system, such as a path where there is no socket.
    ///
    /// # Cancel safety
    /// If the future is dropped, nothing was sent.
    #[track_caller]
    pub fn send_to<'a, P: AsRef<Path> + Send + 'a>(
        &'a self,
        bytes: &'a [u8],
        path: P,
    ) -> impl Future<Output = io::Result<usize>> + Send + 'a {
        let site = Site::caller();
        let object = u64::from(self.0.as_fd().as_raw_fd().cast_unsigned());
        let mut length = Duration::from_millis(1);
        let mut pause: Option<Pin<Box<Sleep>>> = None;
        poll_fn(move |cx| {
            loop {
                if let Some(pause) = &mut pause
                    && pause.as_mut().poll(cx).is_pending()
                {
                    note_wait(Reason::IoWrite, site, object);
                    return Poll::Pending;
                }
                let send = |socket: &Std, _: &mut bool| match socket.send_to(bytes, path.as_ref()) {
                    // Not waited for: an event would come at once, by the refusal itself, which gives its memory back.
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
                    result => result.map(Some),
                };
                if let Some(n) = ready!(self.0.poll_io_at(cx, Direction::Write, site, send)?) {
                    return Poll::Ready(Ok(n));
                }
                pause = Some(Box::pin(sleep(length)));
                length = (length * 2).min(Duration::from_millis(16));
            }
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
        self.0.io(Direction::Read, |socket| socket.recv(buffer))
    }

    /// Receives a datagram, and says from where. What does not fit into the buffer is lost.
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
        self.0
            .io(Direction::Read, |socket| socket.recv_from(buffer))
    }

    /// Ends one direction, or both.
    ///
    /// # Errors
    /// Those of the system.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.0.get_ref().shutdown(how)
    }

    /// This end.
    ///
    /// # Errors
    /// Those of the system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().local_addr()
    }

    /// Whom it is connected with.
    ///
    /// # Errors
    /// When it is connected with nobody.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().peer_addr()
    }

    /// From a socket of the standard library.
    ///
    /// # Errors
    /// Those of the system.
    pub fn from_std(socket: Std) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self(Registered::new(socket, "unix datagram")?))
    }

    /// As a socket of the standard library, which blocks.
    ///
    /// # Errors
    /// Those of the system.
    pub fn into_std(self) -> io::Result<Std> {
        let socket = self.0.into_inner();
        socket.set_nonblocking(false)?;
        Ok(socket)
    }
}

impl AsFd for UnixDatagram {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl fmt::Debug for UnixDatagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnixDatagram")
            .field("local", &self.local_addr().ok())
            .finish()
    }
}
