//! The request's body on its way upstream: watched, and without its trailers.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::time::{Instant, sleep_until};

/// A body that tells when it last moved. Trailers end it: a field in them could be taken for one
/// that the gate sets.
#[derive(Debug)]
pub(super) struct Upload {
    body: Incoming,
    progress: Progress,
}

/// When a body last moved.
#[derive(Debug, Clone)]
pub(super) struct Progress(Arc<Mutex<Instant>>);

impl Upload {
    pub(super) fn of(body: Incoming) -> (Self, Progress) {
        let progress = Progress(Arc::new(Mutex::new(Instant::now())));
        (Self { body, progress: progress.clone() }, progress)
    }
}

impl Progress {
    /// Ready when the body has not moved for this long: it is all sent, or nobody takes it.
    pub(super) async fn stalled(&self, limit: Duration) {
        loop {
            let until = self.last() + limit;
            sleep_until(until).await;
            if self.last() + limit <= until {
                return;
            }
        }
    }

    fn last(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn moved(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if polled.is_ready() {
            self.progress.moved();
        }
        match polled {
            Poll::Ready(Some(Ok(frame))) if frame.is_trailers() => Poll::Ready(None),
            polled => polled,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
