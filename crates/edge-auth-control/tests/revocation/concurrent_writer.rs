//! A log in which somebody else is faster, once.

use std::sync::{Mutex, PoisonError};

use edge_auth::platform::{LogTail, RevocationFeed, RevocationRecord, SnapshotRecord, Unavailable};
use edge_auth_control::store::{RevocationLog, WriteOutcome};
use edge_auth_testkit::revocations::MemoryRevocations;
use edge_auth_token::Timestamp;

type Act<'a> = Box<dyn FnOnce() + Send + 'a>;

/// Does something before the first record is appended through it.
pub(crate) struct ConcurrentWriter<'a> {
    log: MemoryRevocations,
    before_append: Mutex<Option<Act<'a>>>,
}

impl<'a> ConcurrentWriter<'a> {
    pub(crate) fn by(log: &MemoryRevocations, act: impl FnOnce() + Send + 'a) -> Self {
        Self { log: log.clone(), before_append: Mutex::new(Some(Box::new(act))) }
    }

    /// Returns whether the write has happened.
    pub(crate) fn happened(&self) -> bool {
        self.before_append.lock().unwrap().is_none()
    }
}

impl RevocationFeed for ConcurrentWriter<'_> {
    async fn since(&self, first: u64, limit: usize) -> Result<LogTail, Unavailable> {
        self.log.since(first, limit).await
    }

    async fn marked(&self, mark: &str) -> Result<Vec<RevocationRecord>, Unavailable> {
        self.log.marked(mark).await
    }

    async fn snapshot(&self) -> Result<Option<SnapshotRecord>, Unavailable> {
        self.log.snapshot().await
    }

    async fn snapshot_part(&self, id: &str, index: u32) -> Result<Option<Vec<u8>>, Unavailable> {
        self.log.snapshot_part(id, index).await
    }
}

impl RevocationLog for ConcurrentWriter<'_> {
    async fn append(&self, records: &[RevocationRecord]) -> Result<WriteOutcome, Unavailable> {
        let act = self.before_append.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(act) = act {
            // The concurrent writer waits for its own responses.
            std::thread::scope(|scope| scope.spawn(act).join()).unwrap();
        }
        self.log.append(records).await
    }

    async fn newest(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<RevocationRecord>, Unavailable> {
        self.log.newest(before, limit).await
    }

    async fn put_snapshot_part(
        &self,
        id: &str,
        index: u32,
        bytes: &[u8],
    ) -> Result<(), Unavailable> {
        self.log.put_snapshot_part(id, index, bytes).await
    }

    async fn put_snapshot(&self, snapshot: &SnapshotRecord) -> Result<WriteOutcome, Unavailable> {
        self.log.put_snapshot(snapshot).await
    }

    async fn forget(
        &self,
        before: u64,
        now: Timestamp,
        limit: usize,
    ) -> Result<usize, Unavailable> {
        self.log.forget(before, now, limit).await
    }
}
