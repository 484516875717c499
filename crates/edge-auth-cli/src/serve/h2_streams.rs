//! The tasks that answer HTTP/2 streams. A task ends if its client stops reading.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use hyper::rt::Executor;

use super::active_request::Turn;

tokio::task_local! {
    static TURN: Arc<Turn>;
}

/// Runs each stream in its own task. A stream whose client takes no response is dropped, which
/// resets it (RFC 9113, section 6.4).
#[derive(Debug, Clone, Copy)]
pub(super) struct StreamExecutor {
    untaken: Duration,
}

impl StreamExecutor {
    /// Runs streams whose responses may wait this long for the client to read them.
    pub(super) fn within(untaken: Duration) -> Self {
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

/// Returns what this task's stream waits for. Over HTTP/1.1, where [`super::stall_timeout`] has the
/// deadline, it returns one that nothing watches.
pub(super) fn current_turn() -> Arc<Turn> {
    TURN.try_with(Arc::clone).unwrap_or_default()
}
