//! The age at which a response ends, where the rule has a `max_response_age`: the gate does not
//! decide again while a response is open.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use edge_auth_native::BodyError;
use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::serve::body::Body;

/// Waits until `end`; without one it never completes.
pub(super) async fn reached(end: Option<Instant>) {
    match end {
        Some(end) => sleep_until(end).await,
        None => std::future::pending().await,
    }
}

/// A body that breaks off at a set time, so that its reader knows that it is not whole.
pub(super) struct Aging {
    body: Body,
    end: Pin<Box<Sleep>>,
}

impl Aging {
    /// Lets a body go on until `end`.
    pub(super) fn new(body: Body, end: Instant) -> Self {
        Self { body, end: Box::pin(sleep_until(end)) }
    }
}

impl HttpBody for Aging {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.end.as_mut().poll(context).is_ready() {
            let error = io::Error::new(
                io::ErrorKind::TimedOut,
                "the response reached the age that its rule allows",
            );
            return Poll::Ready(Some(Err(error.into())));
        }
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
