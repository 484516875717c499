//! A lock by which one of many requests reads the feed for all of them.
//!
//! In workerd a promise belongs to the request that made it and ends with it. So a request cannot
//! wait for another one's read: it polls until that is done, and then looks what it has brought.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use edge_auth_token::Timestamp;
use worker::Delay;

use super::DEADLINE;

/// How often a waiting request polls.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The time at which a request took the lock, while it is held. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct ReadLock(Rc<Cell<Option<Timestamp>>>);

/// Holds the lock until it is dropped.
pub struct ReadLockGuard(ReadLock);

impl ReadLock {
    /// Returns whether a request holds the lock that may still release it.
    pub fn is_held(&self) -> bool {
        self.0.get().is_some_and(|since| crate::now().since(since) < DEADLINE)
    }

    /// Waits for the lock, but no longer than the ledger may take: a request that was cut off never
    /// releases it.
    pub async fn next(&self) -> ReadLockGuard {
        while self.is_held() {
            Delay::from(LOOK_AGAIN).await;
        }
        self.0.set(Some(crate::now()));
        ReadLockGuard(self.clone())
    }
}

impl Drop for ReadLockGuard {
    /// If this request held the lock for too long, it may release another one's. Two requests then
    /// read at once, which does no harm.
    fn drop(&mut self) {
        self.0.0.set(None);
    }
}
