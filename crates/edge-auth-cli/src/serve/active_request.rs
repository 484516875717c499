//! A request under way, and the time since which it waits for its client.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until};

use super::open_connections::{Admission, OpenConnection};

/// A request under way, until its last holder drops it: the response body, the request body on its
/// way upstream, or the tunnel that the connection became.
#[derive(Debug)]
pub(crate) struct ActiveRequest {
    connection: Arc<OpenConnection>,
    turn: Arc<Turn>,
    permit: Option<OwnedSemaphorePermit>,
}

/// The reasons for which a request waits for its client.
#[derive(Debug, Default)]
pub(super) struct Turn(Mutex<Waits>);

#[derive(Debug, Default, Clone, Copy)]
struct Waits {
    /// Whether it has a permit, or needs none.
    admitted: bool,
    /// Whether it waits for more of the client's body, or of a tunnel's bytes.
    for_body: bool,
    /// Since when a piece of the response waits for the client to take it.
    for_taking: Option<Instant>,
    /// Whether the response has begun.
    answered: bool,
}

impl ActiveRequest {
    /// Begins a request and finds a permit for it; a brief request that is the only one of its
    /// connection needs none. Returns whether the request may only be answered at once; `None`
    /// means that the connection is closed without an answer.
    pub(super) async fn begin(
        connection: &Arc<OpenConnection>,
        turn: Arc<Turn>,
        is_brief: bool,
    ) -> Option<(Arc<Self>, bool)> {
        let is_first = connection.began();
        let mut request = Self { connection: Arc::clone(connection), turn, permit: None };
        let admission = match is_first && is_brief {
            true => Admission::Brief(None),
            false => connection.admit_request(is_first).await?,
        };
        let is_brief = match admission {
            Admission::Full(permit) => {
                request.permit = Some(permit);
                false
            }
            Admission::Brief(permit) => {
                request.permit = permit;
                true
            }
        };
        request.change(|waits| waits.admitted = true);
        Some((Arc::new(request), is_brief))
    }

    /// Completes when the connection must be closed.
    pub(super) async fn evicted(&self) {
        self.connection.evicted().await;
    }

    /// Notes that the request waits for more bytes of its client.
    pub(super) fn wants_body(&self) {
        self.change(|waits| waits.for_body = true);
    }

    /// Notes that the bytes have come, or are no longer needed.
    pub(super) fn has_body(&self) {
        self.change(|waits| waits.for_body = false);
    }

    /// Notes that the connection becomes a tunnel, which waits for its client's bytes.
    pub(super) fn becomes_tunnel(&self) {
        self.connection.became_tunnel();
        self.wants_body();
    }

    /// Notes that the response begins.
    pub(super) fn answered(&self) {
        self.change(|waits| waits.answered = true);
    }

    /// Notes that a piece of the response waits for the client to take it.
    pub(super) fn gave(&self) {
        self.change(|waits| waits.for_taking = Some(Instant::now()));
    }

    /// Notes that the client has taken every piece so far.
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
    /// Completes when a piece of the response has waited for `limit` to be taken.
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
