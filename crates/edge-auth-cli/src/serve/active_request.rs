//! A request under way: whether it is the client's turn, and since when.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until};

use super::open_connections::{AuthorizedOperation, OpenConnection};

/// Counts as one request until the last holder is gone: its answer, its body on the way upstream,
/// or the tunnel that it became.
#[derive(Debug)]
pub(crate) struct ActiveRequest {
    connection: Arc<OpenConnection>,
    turn: Arc<Turn>,
    permit: Option<OwnedSemaphorePermit>,
}

/// What a request waits for, if it is the client.
#[derive(Debug, Default)]
pub(super) struct Turn(Mutex<Waits>);

#[derive(Debug, Default, Clone, Copy)]
struct Waits {
    /// Whether it has found a permit, or does without.
    admitted: bool,
    /// Whether more of the body, or of a tunnel's bytes, was asked for and has not come.
    for_body: bool,
    /// Since when a piece of the answer waits to be taken.
    for_taking: Option<Instant>,
    /// Whether the answer has begun.
    answered: bool,
}

impl ActiveRequest {
    /// Begins a request, and finds a permit for it unless it is a brief one that is the only one of
    /// its connection. Returns whether it is only answered at once; `None` if it is not even
    /// refused.
    pub(super) async fn begin(
        connection: &Arc<OpenConnection>,
        turn: Arc<Turn>,
        is_brief: bool,
    ) -> Option<(Arc<Self>, bool)> {
        let is_first = connection.began();
        let mut request = Self { connection: Arc::clone(connection), turn, permit: None };
        let operation = match is_first && is_brief {
            true => AuthorizedOperation::Brief(None),
            false => connection.admit_request(is_first).await?,
        };
        let is_brief = match operation {
            AuthorizedOperation::Full(permit) => {
                request.permit = Some(permit);
                false
            }
            AuthorizedOperation::Brief(permit) => {
                request.permit = permit;
                true
            }
        };
        request.change(|waits| waits.admitted = true);
        Some((Arc::new(request), is_brief))
    }

    /// Ready when the connection has to go.
    pub(super) async fn evicted(&self) {
        self.connection.evicted().await;
    }

    /// More of what the client sends is waited for.
    pub(super) fn wants_body(&self) {
        self.change(|waits| waits.for_body = true);
    }

    /// What the client sends has come, or is not waited for any more.
    pub(super) fn has_body(&self) {
        self.change(|waits| waits.for_body = false);
    }

    /// The connection becomes a tunnel, which waits for its client's bytes.
    pub(super) fn becomes_tunnel(&self) {
        self.connection.became_tunnel();
        self.wants_body();
    }

    /// There is an answer.
    pub(super) fn answered(&self) {
        self.change(|waits| waits.answered = true);
    }

    /// A piece of the answer waits for the client to take it.
    pub(super) fn gave(&self) {
        self.change(|waits| waits.for_taking = Some(Instant::now()));
    }

    /// The client has taken what it was given.
    pub(super) fn taken(&self) {
        self.change(|waits| waits.for_taking = None);
    }

    fn change(&self, change: impl FnOnce(&mut Waits)) {
        let mut waits = self.turn.waits();
        let was_busy = waits.is_busy();
        change(&mut waits);
        self.connection.turned(was_busy, waits.is_busy());
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        let waits = *self.turn.waits();
        self.connection.ended(waits.is_busy(), !waits.answered);
    }
}

impl Turn {
    /// Ready when a piece of the answer has waited for so long to be taken.
    pub(super) async fn untaken(&self, limit: Duration) {
        loop {
            let since = self.waits().for_taking;
            sleep_until(since.unwrap_or_else(Instant::now) + limit).await;
            if since.is_some() && since == self.waits().for_taking {
                return;
            }
        }
    }

    fn waits(&self) -> MutexGuard<'_, Waits> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waits {
    fn is_busy(self) -> bool {
        self.admitted && !self.for_body && self.for_taking.is_none()
    }
}
