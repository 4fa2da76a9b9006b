//! hyper 1 on gaggle: its tasks are goroutines, its timers are gaggle's. Feature `hyper`.
//!
//! The streams of [`net`](crate::net) are `hyper::rt::{Read, Write}`, so they go into hyper without a wrapper, and no tokio is needed.
//!
//! ```
//! use gaggle::compat::hyper::Timer;
//! use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
//! use hyper::{Request, Response, service::service_fn};
//! # use std::convert::Infallible;
//! # use std::pin::Pin;
//! # use std::task::{Context, Poll};
//!
//! # struct Text(Option<Bytes>);
//! # impl Body for Text {
//! #     type Data = Bytes;
//! #     type Error = Infallible;
//! #     fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
//! #         Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
//! #     }
//! #     fn is_end_stream(&self) -> bool {
//! #         self.0.is_none()
//! #     }
//! #     fn size_hint(&self) -> SizeHint {
//! #         SizeHint::with_exact(self.0.as_ref().map_or(0, |bytes| bytes.len() as u64))
//! #     }
//! # }
//! async fn hello(_: Request<Incoming>) -> Result<Response<Text>, Infallible> {
//!     Ok(Response::new(Text(Some("hello".into()))))
//! }
//!
//! #[gaggle::main]
//! async fn main() -> std::io::Result<()> {
//!     let listener = gaggle::net::TcpListener::bind("127.0.0.1:0").await?;
//!     # let address = listener.local_addr()?;
//!     let server = gaggle::go(async move {
//!         while let Ok((stream, _)) = listener.accept().await {
//!             let mut http = hyper::server::conn::http1::Builder::new();
//!             let connection = http.timer(Timer).serve_connection(stream, service_fn(hello));
//!             gaggle::go(async move { connection.await.ok() });
//!         }
//!     });
//!     # let client = gaggle::net::TcpStream::connect(address).await?;
//!     # client.write_all(b"GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n").await?;
//!     # let mut answer = Vec::new();
//!     # client.read_to_end(&mut answer).await?;
//!     # assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n") && answer.ends_with(b"\r\n\r\nhello"));
//!     # server.abort();
//!     # if true { return Ok(()) }
//!     server.await.map_err(std::io::Error::other)
//! }
//! ```

use crate::time;
use hyper::rt;
use pin_project_lite::pin_project;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// Runs hyper's tasks as goroutines of their own.
///
/// They are detached: nobody waits for them, and a panic in one is treated as that of any goroutine whose handle was dropped.
#[derive(Clone, Copy, Debug, Default)]
pub struct Executor;

impl<F> rt::Executor<F> for Executor
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    fn execute(&self, future: F) {
        drop(crate::go(future));
    }
}

/// Gives hyper gaggle's timers: for the limits on headers, keep-alive and pings.
///
/// Setting one anew, as hyper does for each request, allocates nothing. It follows the clock of the runtime, so it keeps virtual time in a simulation.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timer;

pin_project! {
    /// A `Sleep` of gaggle's that hyper knows as one.
    struct Sleeping {
        #[pin]
        sleep: time::Sleep,
    }
}

impl Sleeping {
    fn until(deadline: Instant) -> Self {
        Self {
            sleep: time::sleep_until(deadline.into()),
        }
    }
}

impl Future for Sleeping {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().sleep.poll(cx)
    }
}

impl rt::Sleep for Sleeping {}

impl rt::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Sleeping {
            sleep: time::sleep(duration),
        })
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Sleeping::until(deadline))
    }

    fn now(&self) -> Instant {
        time::Instant::now().into()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn rt::Sleep>>, deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<Sleeping>() {
            Some(mut ours) => ours.set(Sleeping::until(deadline)),
            None => *sleep = self.sleep_until(deadline),
        }
    }
}
