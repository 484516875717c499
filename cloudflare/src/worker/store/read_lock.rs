//! One of many requests that want to read the feed reads it for all.
//!
//! A promise belongs to the request that made it and ends with it, so that nobody waits for
//! another one's: who finds a read under way looks again a little later what it has brought.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use edge_auth_token::Timestamp;
use worker::Delay;

use super::DEADLINE;

/// How often those who wait look.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Since when somebody has the turn. Clones share it.
#[derive(Clone, Default)]
pub(super) struct ReadLock(Rc<Cell<Option<Timestamp>>>);

/// The turn, until it is dropped.
pub(super) struct ReadLockGuard(ReadLock);

impl ReadLock {
    /// Of one whose request was cut off the turn never comes back: it is waited for as long as the
    /// ledger may take, and no longer.
    pub(super) async fn next(&self) -> ReadLockGuard {
        while self.0.get().is_some_and(|since| crate::worker::now().since(since) < DEADLINE) {
            Delay::from(LOOK_AGAIN).await;
        }
        self.0.set(Some(crate::worker::now()));
        ReadLockGuard(self.clone())
    }
}

impl Drop for ReadLockGuard {
    /// If it was kept for too long it may be another one's by now: then two read at once, which is
    /// no harm.
    fn drop(&mut self) {
        self.0.0.set(None);
    }
}
