//! What a request's head must be, beyond what the HTTP library asks.

use hyper::header::{CONNECTION, HeaderValue, TRANSFER_ENCODING};
use hyper::{Request, Response, StatusCode};

use super::body::Body;
use super::problem;

/// The most header fields.
pub(super) const MAX_FIELDS: usize = 128;

/// The refusal of a request that nobody should look at further.
pub(super) fn refuse<B>(request: &Request<B>) -> Option<Response<Body>> {
    // Over HTTP/1.1 the library has counted them already; over HTTP/2 it counts bytes only.
    if request.headers().len() > MAX_FIELDS {
        let detail = format!("More than {MAX_FIELDS} header fields are not read.");
        return Some(problem(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, &detail));
    }
    let mut codings = request.headers().get_all(TRANSFER_ENCODING).iter();
    let chunked = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"chunked");
    // The library would take off the chunks, and with them the name of another coding; and what is
    // chunked twice, two readers take for two different bodies (RFC 9112, section 6.1).
    let framed = codings.next().is_none_or(chunked) && codings.next().is_none();
    (!framed).then(|| {
        let mut refused =
            problem(StatusCode::BAD_REQUEST, "The one transfer coding is `chunked`, once.");
        // Where this request ends is not certain, so none is read behind it.
        refused.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        refused
    })
}
