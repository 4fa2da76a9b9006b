//! One connection, from the first byte to the last.

use crate::{Limits, refuse, routes};
use gaggle::compat::hyper::Timer;
use gaggle::context::Context;
use gaggle::net::TcpStream;
use gaggle::sync::OwnedPermit;
use gaggle::{select, time};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Answers requests until either side has enough; until `soft` is done, after which it takes no new request; or until `hard` is done.
pub(crate) async fn run(
    stream: TcpStream,
    limits: Limits,
    soft: Context,
    hard: Context,
    _permit: OwnedPermit,
) {
    let seen = Arc::new(routes::Seen::default());
    let service = service_fn({
        let seen = seen.clone();
        // Boxed, so that the connection can be taken apart below.
        move |request| Box::pin(routes::answer(request, limits.body, seen.clone()))
    });
    let mut http = http1::Builder::new();
    http.timer(Timer).header_read_timeout(limits.header);
    http.max_header_size(limits.head).half_close(true);
    let mut connection = http.serve_connection(stream, service);
    let last = AtomicUsize::new(0);
    let is_idle = || last.swap(seen.begun(), Relaxed) == seen.begun() && !seen.is_busy();
    let (mut ending, mut was_idle) = (false, false);
    let result = loop {
        select! {
            // The end comes first: what is answered after it says that the connection closes.
            biased;
            _ = hard.done() => return,
            _ = soft.done(), if !ending => ending = true,
            result = poll_fn(|cx| connection.poll_without_shutdown(cx)) => break result,
            _ = time::sleep(limits.idle), if !ending => {
                was_idle = is_idle();
                ending = was_idle;
            }
        }
        if ending {
            Pin::new(&mut connection).graceful_shutdown();
        }
    };
    let parts = connection.into_parts();
    let too_slow = result.map_or_else(|error| error.is_timeout(), |()| was_idle);
    if too_slow && !parts.read_buf.is_empty() {
        // Half a head has come, and then nothing. Who has sent nothing at all has just been idle.
        refuse::say(&parts.io, "408 Request Timeout").await;
    } else {
        // The other end is told that this was all, also when it has sent what is no HTTP: that was answered.
        refuse::close(&parts.io).await;
    }
}
