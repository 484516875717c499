//! Checks of a request's head that the HTTP library does not make.

use hyper::header::{CONNECTION, HeaderValue, TRANSFER_ENCODING};
use hyper::{Request, Response, StatusCode};

use super::body::Body;
use super::problem;

/// The most header fields of a request.
pub(super) const MAX_FIELDS: usize = 128;

/// Returns the refusal of a request whose head is not acceptable; `None` accepts it.
pub(super) fn refuse<B>(request: &Request<B>) -> Option<Response<Body>> {
    // The library counts fields over HTTP/1.1, but only their bytes over HTTP/2.
    if request.headers().len() > MAX_FIELDS {
        let detail = format!("A request may have at most {MAX_FIELDS} header fields.");
        return Some(problem(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, &detail));
    }
    let mut codings = request.headers().get_all(TRANSFER_ENCODING).iter();
    // The library would remove the chunks together with the name of another coding, and two readers
    // take a body that is chunked twice for two different bodies (RFC 9112, section 6.1).
    if codings.next().is_none_or(is_chunked) && codings.next().is_none() {
        return None;
    }
    let mut refused =
        problem(StatusCode::BAD_REQUEST, "The only accepted transfer coding is `chunked`, once.");
    // It is not certain where this request ends, so the connection reads no other one.
    refused.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    Some(refused)
}

fn is_chunked(coding: &HeaderValue) -> bool {
    coding.as_bytes().eq_ignore_ascii_case(b"chunked")
}
