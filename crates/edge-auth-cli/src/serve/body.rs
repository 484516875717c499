//! Response bodies, and request bodies that are read whole.

use std::sync::Arc;
use std::time::Duration;

use edge_auth::Reply;
use edge_auth::endpoints::BodyError;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use super::active_request::ActiveRequest;

/// The body of a response.
pub(crate) type Body = UnsyncBoxBody<Bytes, edge_auth_native::BodyError>;

/// The time for reading a whole body.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Makes a body of bytes in memory.
pub(crate) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// Reads a whole body, and notes in `request` that it waits for its client meanwhile.
///
/// # Errors
/// The body is larger than `limit` bytes, takes longer than [`TIMEOUT`], or breaks off.
pub(super) async fn read(
    body: Incoming,
    limit: usize,
    request: Option<&Arc<ActiveRequest>>,
) -> Result<Vec<u8>, BodyError> {
    // `Content-Length` (RFC 9110, section 8.6) announces the length.
    if body.size_hint().lower() > limit as u64 {
        return Err(BodyError::TooLarge);
    }
    let body = Limited::new(body, limit);
    request.inspect(|request| request.wants_body());
    let read = tokio::time::timeout(TIMEOUT, body.collect()).await;
    request.inspect(|request| request.has_body());
    match read {
        Err(_) => Err(BodyError::TooSlow),
        Ok(Ok(whole)) => Ok(whole.to_bytes().to_vec()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge),
        Ok(Err(_)) => Err(BodyError::Unreadable),
    }
}

/// Turns the core's reply into an HTTP response.
pub(super) fn response(reply: Reply) -> Response<Body> {
    let mut response = Response::new(full(reply.body));
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in reply.headers {
        // The core's fields are valid by construction.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
