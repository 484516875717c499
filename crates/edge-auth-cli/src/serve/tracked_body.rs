//! A response body that knows whether the client takes it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use edge_auth_native::BodyError;
use hyper::body::{Bytes, Frame, SizeHint};

use super::active_request::ActiveRequest;
use super::body::Body;

/// The largest piece for HTTP/2, in bytes: the usual size of a frame.
const PIECE_BYTES: usize = 16 * 1024;

/// Gives a body in pieces, and notes when the library asks for the next one.
///
/// Over HTTP/2 the library asks for a piece and waits until the client's window has room for its
/// first byte; it keeps the rest. So each run of bytes ends with a piece of one byte: once the
/// library takes that, the client's window has had room for all bytes before it, and a stream that
/// has ended for us leaves none behind.
#[derive(Debug)]
pub(super) struct TrackedBody {
    body: Body,
    request: Arc<ActiveRequest>,
    in_pieces: bool,
    rest: Bytes,
}

impl TrackedBody {
    /// Notes that the response begins, and tracks its body.
    pub(super) fn of(body: Body, request: Arc<ActiveRequest>, in_pieces: bool) -> Self {
        request.answered();
        Self { body, request, in_pieces, rest: Bytes::new() }
    }

    /// Takes the next piece of the bytes at hand.
    fn piece(&mut self) -> Frame<Bytes> {
        let length = match self.rest.len() {
            length if !self.in_pieces || length <= 1 => length,
            length if length > PIECE_BYTES => PIECE_BYTES,
            length => length - 1,
        };
        self.request.gave();
        Frame::data(self.rest.split_to(length))
    }
}

impl hyper::body::Body for TrackedBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.request.taken();
        if !self.rest.is_empty() {
            return Poll::Ready(Some(Ok(self.piece())));
        }
        match ready!(Pin::new(&mut self.body).poll_frame(context)) {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => {
                    self.rest = data;
                    Poll::Ready(Some(Ok(self.piece())))
                }
                Err(trailers) => Poll::Ready(Some(Ok(trailers))),
            },
            ended => Poll::Ready(ended),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, hint) = (self.rest.len() as u64, self.body.size_hint());
        let mut whole = SizeHint::new();
        whole.set_lower(hint.lower().saturating_add(rest));
        if let Some(upper) = hint.upper() {
            whole.set_upper(upper.saturating_add(rest));
        }
        whole
    }
}
