//! The request's body on its way upstream: watched, and without its trailers.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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

/// When a body last moved, whom it waits for, and whether it broke.
#[derive(Debug, Clone)]
pub(super) struct Progress(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    moved_at: Instant,
    /// Whether the next bytes were asked for and have not come: else it is the upstream that has not
    /// taken those that are there, or has them all.
    wanted: bool,
    broken: bool,
}

impl Upload {
    pub(super) fn of(body: Incoming) -> (Self, Progress) {
        let state = State { moved_at: Instant::now(), wanted: false, broken: false };
        let progress = Progress(Arc::new(Mutex::new(state)));
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

    /// Whether it was the client's body that failed, and not the upstream.
    pub(super) fn is_broken(&self) -> bool {
        self.state().broken
    }

    /// Whether it is the client that keeps the body from moving.
    pub(super) fn waits_for_client(&self) -> bool {
        self.state().wanted
    }

    fn last(&self) -> Instant {
        self.state().moved_at
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        match &polled {
            Poll::Ready(moved) => {
                let broken = matches!(moved, Some(Err(_)));
                *self.progress.state() = State { moved_at: Instant::now(), wanted: false, broken };
            }
            Poll::Pending => self.progress.state().wanted = true,
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
