//! Takes connections until the server is to end, and waits for those that are open then.

use crate::{Limits, connection, refuse};
use gaggle::context::Context;
use gaggle::net::TcpListener;
use gaggle::sync::Semaphore;
use gaggle::{select, time};
use std::io;
use std::sync::Arc;

/// What the server has done, when it has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Connections that were served.
    pub served: usize,
    /// Those above the limit.
    pub refused: usize,
    /// Those that were cut off when the time to drain was over.
    pub cut_off: usize,
}

/// Serves until `ctx` is done: then nobody is let in any more, idle connections are closed, requests that have begun are finished.
pub async fn serve(listener: TcpListener, limits: Limits, ctx: Context) -> io::Result<Summary> {
    let mut summary = Summary::default();
    let open = Arc::new(Semaphore::new(limits.connections));
    let refusing = Arc::new(Semaphore::new(limits.connections));
    // Done when nobody is let in any more, and when the time to drain is over.
    let (soft, end) = Context::background().with_cancel();
    let (hard, cut) = Context::background().with_cancel();
    loop {
        let accepted = select! {
            _ = ctx.done() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, _) = accepted?;
        if let Some(permit) = open.clone().try_acquire_owned(1) {
            summary.served += 1;
            let (soft, hard) = (soft.clone(), hard.clone());
            gaggle::go(connection::run(stream, limits, soft, hard, permit));
        } else if let Some(permit) = refusing.clone().try_acquire_owned(1) {
            summary.refused += 1;
            gaggle::go(refuse::run(stream, permit));
        }
    }
    // The system refuses from here on who knocks.
    drop(listener);
    end.cancel();
    // Whoever has all permits knows that nobody else has one.
    let all = open.acquire_many(limits.connections);
    if time::timeout(limits.drain, all).await.is_err() {
        summary.cut_off = limits.connections - open.available();
        cut.cancel();
        drop(open.acquire_many(limits.connections).await);
    }
    Ok(summary)
}
