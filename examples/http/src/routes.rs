//! What is answered to which request.

use crate::body::{self, Answer};
use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// How many requests of a connection have begun, and how many have been answered.
#[derive(Debug, Default)]
pub(crate) struct Seen(AtomicUsize, AtomicUsize);

impl Seen {
    pub(crate) fn begun(&self) -> usize {
        self.0.load(Relaxed)
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.begun() != self.1.load(Relaxed)
    }
}

pub(crate) async fn answer(
    request: Request<Incoming>,
    limit: usize,
    seen: Arc<Seen>,
) -> Result<Answer, Infallible> {
    seen.0.fetch_add(1, Relaxed);
    let answer = route(request, limit).await;
    seen.1.fetch_add(1, Relaxed);
    Ok(answer)
}

async fn route(request: Request<Incoming>, limit: usize) -> Answer {
    let path = request.uri().path();
    match (request.method(), path) {
        (&Method::GET, "/") => body::text(StatusCode::OK, "hello from a goroutine\n"),
        (&Method::POST, "/echo") => match body::read(request, limit).await {
            Ok(bytes) => body::bytes(StatusCode::OK, bytes),
            Err(answer) => answer,
        },
        (_, "/" | "/echo") => body::text(StatusCode::METHOD_NOT_ALLOWED, "wrong method\n"),
        _ => match path.strip_prefix("/sleep/").and_then(|ms| ms.parse().ok()) {
            Some(ms) => {
                gaggle::time::sleep(Duration::from_millis(ms)).await;
                body::text(StatusCode::OK, "slept\n")
            }
            None => body::text(StatusCode::NOT_FOUND, "there is nothing here\n"),
        },
    }
}
