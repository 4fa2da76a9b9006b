//! [`Registered`]: a descriptor and its operations.

use super::reactor::{Reactor, ended};
use super::source::{Direction, Source};
use crate::runtime;
use gaggle_base::context::{note_wait, poll_proceed};
use gaggle_base::site::Site;
use gaggle_base::wait::Reason;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::mem::ManuallyDrop;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// A file descriptor that goroutines can wait for: a socket, a pipe, a terminal, an event or timer descriptor.
///
/// It must be in non-blocking mode. It is watched from here on by the runtime of the caller, and may be used from any thread.
///
/// # Examples
/// ```
/// use gaggle_rt::io::{Direction, Registered};
/// use std::io::{Read, Write};
/// use std::os::unix::net::UnixStream;
/// # fn main() -> std::io::Result<()> {
/// gaggle_rt::block_on(async {
///     let (a, mut b) = UnixStream::pair()?;
///     a.set_nonblocking(true)?;
///     let a = Registered::new(a, "unix")?;
///     b.write_all(b"hello")?;
///     let mut buffer = [0; 8];
///     let n = a.io(Direction::Read, |mut a| a.read(&mut buffer)).await?;
///     assert_eq!(&buffer[..n], b"hello");
///     Ok(())
/// })
/// # }
/// ```
pub struct Registered<F: AsFd> {
    fd: ManuallyDrop<F>,
    source: Arc<Source>,
    place: usize,
    reactor: Arc<Reactor>,
}

impl<F: AsFd> Registered<F> {
    /// Registers `fd`. `kind` says in dumps what it is.
    ///
    /// # Errors
    /// When the system does not watch such a descriptor (a plain file), or has no more memory for it; and in a simulation, where there are no descriptors.
    pub fn new(fd: F, kind: &'static str) -> io::Result<Self> {
        Self::add(fd, kind, None, false)
    }

    /// As [`new`](Self::new), for a descriptor that gives what it has in pieces: a read that fills less than its buffer does not mean that there is no more, whatever [`poll_io_at`](Self::poll_io_at) is told. So it is with Unix streams, where a read stops behind bytes that came with a descriptor.
    ///
    /// # Errors
    /// As for `new`.
    pub fn in_pieces(fd: F, kind: &'static str) -> io::Result<Self> {
        Self::add(fd, kind, None, true)
    }

    /// As [`new`](Self::new); dumps also say who is at the other end.
    ///
    /// # Errors
    /// As for `new`.
    pub fn with_peer(fd: F, kind: &'static str, peer: Option<SocketAddr>) -> io::Result<Self> {
        Self::add(fd, kind, peer, false)
    }

    fn add(
        fd: F,
        kind: &'static str,
        peer: Option<SocketAddr>,
        in_pieces: bool,
    ) -> io::Result<Self> {
        let (reactor, (source, place)) = runtime::with_runtime(|shared| {
            let reactor = shared.reactor()?;
            let added = reactor.add(&fd, kind, peer, in_pieces)?;
            shared.descriptor_was_added(&reactor);
            io::Result::Ok((reactor, added))
        })?;
        Ok(Self {
            fd: ManuallyDrop::new(fd),
            source,
            place,
            reactor,
        })
    }

    /// The descriptor.
    #[must_use]
    pub fn get_ref(&self) -> &F {
        &self.fd
    }

    /// The descriptor back; it is watched no more.
    pub fn into_inner(self) -> F {
        let mut this = ManuallyDrop::new(self);
        this.reactor.remove(&*this.fd, this.place);
        let this = &mut *this;
        // SAFETY: `this` is not dropped, so each of its fields is moved out or dropped here, once.
        unsafe {
            std::ptr::drop_in_place(&raw mut this.source);
            std::ptr::drop_in_place(&raw mut this.reactor);
            ManuallyDrop::take(&mut this.fd)
        }
    }

    /// Does `f` as soon as the descriptor is ready in this direction, again and again until it says something else than "would block".
    ///
    /// # Errors
    /// Those of `f`, and when the runtime has ended.
    ///
    /// # Cancel safety
    /// If the future is dropped, `f` has not succeeded.
    #[track_caller]
    pub fn io<R>(
        &self,
        direction: Direction,
        mut f: impl FnMut(&F) -> io::Result<R>,
    ) -> impl Future<Output = io::Result<R>> {
        let site = Site::caller();
        poll_fn(move |cx| self.poll_io_at(cx, direction, site, |fd, _| f(fd)))
    }

    /// As [`io`](Self::io), one poll of it.
    ///
    /// # Errors
    /// As for `io`.
    pub fn poll_io<R>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        mut f: impl FnMut(&F) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.poll_io_at(cx, direction, Site::UNKNOWN, |fd, _| f(fd))
    }

    /// As [`poll_io`](Self::poll_io). `f` may say, through what it is given, that it has taken or filled all there was: then the next operation waits before it tries.
    pub fn poll_io_at<R>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        site: Site,
        mut f: impl FnMut(&F, &mut bool) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        let (reason, object) = (
            reason(direction),
            u64::from(self.fd.as_fd().as_raw_fd().cast_unsigned()),
        );
        ready!(poll_proceed(cx, reason, site, object));
        loop {
            let Some(seen) = self.source.try_or_wait(direction, cx.waker()) else {
                note_wait(reason, site, object);
                return Poll::Pending;
            };
            let mut used_up = false;
            match f(&self.fd, &mut used_up) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if self.reactor.is_closed() {
                        return Poll::Ready(Err(ended()));
                    }
                    self.source.would_block(direction, seen);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => {
                    if used_up {
                        self.source.used_up(direction, seen);
                    }
                    return Poll::Ready(result);
                }
            }
        }
    }
}

fn reason(direction: Direction) -> Reason {
    match direction {
        Direction::Read => Reason::IoRead,
        Direction::Write => Reason::IoWrite,
    }
}

impl<F: AsFd> AsFd for Registered<F> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl<F: AsFd> Drop for Registered<F> {
    fn drop(&mut self) {
        self.reactor.remove(&*self.fd, self.place);
        // SAFETY: it is dropped once, here, and not used again.
        unsafe { ManuallyDrop::drop(&mut self.fd) };
    }
}

impl<F: AsFd + fmt::Debug> fmt::Debug for Registered<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Registered").field(&*self.fd).finish()
    }
}
