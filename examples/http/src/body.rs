//! Bodies: those of requests, read up to a limit, and those of answers.

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::CONNECTION;
use hyper::{Request, Response, StatusCode};

pub(crate) type Answer = Response<Full<Bytes>>;

pub(crate) fn bytes(status: StatusCode, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    answer
}

pub(crate) fn text(status: StatusCode, body: &'static str) -> Answer {
    bytes(status, Bytes::from_static(body.as_bytes()))
}

/// The whole body, or what is answered if it is too long or does not come.
pub(crate) async fn read(request: Request<Incoming>, limit: usize) -> Result<Bytes, Answer> {
    let body = request.into_body();
    if body.size_hint().lower() > limit as u64 {
        // It says so itself: not one byte of it is read.
        return Err(too_large());
    }
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => Err(text(StatusCode::BAD_REQUEST, "the body broke off\n")),
    }
}

/// The rest of the body is not waited for, so this is the last answer on its connection.
fn too_large() -> Answer {
    let mut answer = text(StatusCode::PAYLOAD_TOO_LARGE, "too long\n");
    let close = const { hyper::header::HeaderValue::from_static("close") };
    answer.headers_mut().insert(CONNECTION, close);
    answer
}
