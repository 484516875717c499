//! The request's body on its way upstream, with a deadline and without trailers.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use edge_auth_native::BodyError;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use crate::serve::active_request::ActiveRequest;

/// A body that notes its progress, and breaks off if its client stops. It ends before the trailers,
/// since the upstream could take a field of them for one that the gate sets.
#[derive(Debug)]
pub(super) struct Upload {
    body: Incoming,
    progress: Progress,
    request: Option<Arc<ActiveRequest>>,
    patience: Duration,
    /// The deadline of the client's next bytes; `None` if it does not wait for them. It holds even
    /// once the upstream has answered, when nothing else watches the body.
    deadline: Option<Pin<Box<Sleep>>>,
}

/// The progress of a body: when it last moved, for which side it waits, and whether it broke.
#[derive(Debug, Clone)]
pub(super) struct Progress(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    moved_at: Instant,
    /// Whether the body waits for the client. If not, the upstream has not taken the bytes at hand,
    /// or has them all.
    wanted: bool,
    broken: bool,
}

impl Upload {
    /// Makes a body that waits this long for its client, and a handle on its progress.
    pub(super) fn of(
        body: Incoming,
        request: Option<Arc<ActiveRequest>>,
        patience: Duration,
    ) -> (Self, Progress) {
        let state = State { moved_at: Instant::now(), wanted: false, broken: false };
        let progress = Progress(Arc::new(Mutex::new(state)));
        (Self { body, progress: progress.clone(), request, patience, deadline: None }, progress)
    }

    /// Waits for the client's next bytes, or breaks off at the deadline.
    fn wait(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let patience = self.patience;
        let deadline = self.deadline.get_or_insert_with(|| {
            if let Some(request) = &self.request {
                request.wants_body();
            }
            Box::pin(sleep(patience))
        });
        self.progress.state().wanted = true;
        ready!(deadline.as_mut().poll(context));
        self.progress.state().broken = true;
        Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::TimedOut).into())))
    }
}

impl Progress {
    /// Completes when the body has not moved for `limit`: it is all sent, or one side has stopped.
    pub(super) async fn stalled(&self, limit: Duration) {
        loop {
            let until = self.last() + limit;
            sleep_until(until).await;
            if self.last() + limit <= until {
                return;
            }
        }
    }

    /// Returns whether the client's body failed, and not the upstream.
    pub(super) fn is_broken(&self) -> bool {
        self.state().broken
    }

    /// Returns whether the body waits for the client.
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
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Poll::Ready(moved) = Pin::new(&mut self.body).poll_frame(context) else {
            return self.wait(context);
        };
        if self.deadline.take().is_some()
            && let Some(request) = &self.request
        {
            request.has_body();
        }
        let broken = matches!(moved, Some(Err(_)));
        *self.progress.state() = State { moved_at: Instant::now(), wanted: false, broken };
        match moved {
            Some(Ok(frame)) if frame.is_trailers() => Poll::Ready(None),
            Some(Ok(frame)) => Poll::Ready(Some(Ok(frame))),
            Some(Err(error)) => Poll::Ready(Some(Err(error.into()))),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
