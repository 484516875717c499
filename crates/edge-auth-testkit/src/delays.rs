//! Delays under a test's control: a barrier that holds up answers, and a stopwatch that a test
//! advances.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

/// A barrier before answers. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Barrier(Arc<AtomicBool>);

impl Barrier {
    /// Makes every later caller wait.
    pub fn close(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Lets all waiting callers continue.
    pub fn open(&self) {
        self.0.store(false, Ordering::SeqCst);
    }

    pub(crate) async fn pass(&self) {
        poll_fn(|context| {
            if self.0.load(Ordering::SeqCst) {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
    }
}

/// A clock that a test advances. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Stopwatch(Arc<AtomicU64>);

impl Stopwatch {
    /// Advances the clock.
    pub fn advance(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// Returns the time since the beginning.
    pub fn elapsed(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}
