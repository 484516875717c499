//! The tasks in which HTTP/2 streams are answered: each ends when its client takes nothing.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use hyper::rt::Executor;

use super::active_request::Turn;

tokio::task_local! {
    static TURN: Arc<Turn>;
}

/// Runs each stream in a task of its own. A stream whose answer is not taken is dropped, which
/// resets it (RFC 9113, section 6.4).
#[derive(Debug, Clone, Copy)]
pub(super) struct StreamExecutor {
    untaken: Duration,
}

impl StreamExecutor {
    /// Bears answers that wait for so long to be taken.
    pub(super) fn bearing(untaken: Duration) -> Self {
        Self { untaken }
    }
}

impl<F> Executor<F> for StreamExecutor
where
    F: Future + Send + 'static,
{
    fn execute(&self, stream: F) {
        let (turn, limit) = (Arc::new(Turn::default()), self.untaken);
        let untaken = Arc::clone(&turn);
        tokio::spawn(TURN.scope(turn, async move {
            tokio::select! {
                _ = stream => {}
                () = untaken.untaken(limit) => {}
            }
        }));
    }
}

/// Whose turn it is in the task of this stream. Over HTTP/1.1 the stream of bytes has the deadline,
/// and nobody watches this.
pub(super) fn acquire_read_lock() -> Arc<Turn> {
    TURN.try_with(Arc::clone).unwrap_or_default()
}
