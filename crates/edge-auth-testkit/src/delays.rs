//! Waiting as a test wants it: an answer is held up, and time passes, until the test says
//! otherwise.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

/// A barrier before answers. A clone is another handle on the same.
#[derive(Debug, Clone, Default)]
pub struct Barrier(Arc<AtomicBool>);

impl Barrier {
    /// From now on nobody gets by.
    pub fn close(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Lets all go on who wait.
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

/// A clock that stands until it is told how much time has passed. A clone is another handle on it.
#[derive(Debug, Clone, Default)]
pub struct Stopwatch(Arc<AtomicU64>);

impl Stopwatch {
    /// So much time passes.
    pub fn advance(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// How much has passed since the beginning.
    pub fn elapsed(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}
