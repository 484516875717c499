//! A store that a host has only if its policy needs one.

use std::future::Future;
use std::sync::Arc;

use edge_auth::platform::{
    ApiKeyAdmin, ApiKeyRecord, ApiKeys, LogTail, MAX_APPENDED, MaybeSend, Precondition,
    RevocationFeed, RevocationLog, RevocationRecord, SnapshotRecord, Unavailable, WriteOutcome,
};
use edge_auth_token::Timestamp;
use tokio::sync::Mutex;

/// A store, or none where the policy has neither API keys nor a revocation feed. Clones take turns
/// at reading the feed.
#[derive(Debug, Clone)]
pub struct OptionalStore<S> {
    store: Option<S>,
    missing: &'static str,
    dry_run: bool,
    read_lock: Arc<Mutex<()>>,
}

impl<S> OptionalStore<S> {
    /// Wraps a store; `missing` tells the operator what to do where there is none.
    pub fn new(store: Option<S>, missing: &'static str) -> Self {
        Self { store, missing, dry_run: false, read_lock: Arc::default() }
    }

    /// Makes a missing store answer that nothing is revoked, for a policy that is only tried.
    pub fn dry_run(self) -> Self {
        Self { dry_run: true, ..self }
    }

    /// Whether there is a store.
    pub fn is_configured(&self) -> bool {
        self.store.is_some()
    }

    fn store(&self) -> Result<&S, Unavailable> {
        self.store.as_ref().ok_or_else(|| Unavailable::new(self.missing))
    }
}

impl<S: ApiKeys> ApiKeys for OptionalStore<S> {
    async fn find(&self, id: &str, now: Timestamp) -> Result<Option<ApiKeyRecord>, Unavailable> {
        self.store()?.find(id, now).await
    }
}

impl<S: ApiKeyAdmin> ApiKeyAdmin for OptionalStore<S> {
    async fn put(
        &self,
        record: &ApiKeyRecord,
        expected: Precondition,
        now: Timestamp,
    ) -> Result<WriteOutcome, Unavailable> {
        self.store()?.put(record, expected, now).await
    }

    async fn list(
        &self,
        after: Option<&str>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<ApiKeyRecord>, Unavailable> {
        self.store()?.list(after, limit, now).await
    }
}

impl<S: RevocationFeed> RevocationFeed for OptionalStore<S> {
    fn acquire_read_lock(&self) -> impl Future<Output = impl MaybeSend> + MaybeSend {
        Arc::clone(&self.read_lock).lock_owned()
    }

    async fn since(&self, first: u64, limit: usize) -> Result<LogTail, Unavailable> {
        if self.dry_run && self.store.is_none() {
            return Ok(LogTail::current(Vec::new()));
        }
        self.store()?.since(first, limit).await
    }

    async fn marked(&self, mark: &str) -> Result<Vec<RevocationRecord>, Unavailable> {
        self.store()?.marked(mark).await
    }

    async fn snapshot(&self) -> Result<Option<SnapshotRecord>, Unavailable> {
        if self.dry_run && self.store.is_none() {
            return Ok(None);
        }
        self.store()?.snapshot().await
    }

    async fn snapshot_part(&self, id: &str, index: u32) -> Result<Option<Vec<u8>>, Unavailable> {
        self.store()?.snapshot_part(id, index).await
    }
}

impl<S: RevocationLog> RevocationLog for OptionalStore<S> {
    fn max_appended(&self) -> usize {
        match &self.store {
            Some(store) => store.max_appended(),
            None => MAX_APPENDED,
        }
    }

    async fn append(&self, records: &[RevocationRecord]) -> Result<WriteOutcome, Unavailable> {
        self.store()?.append(records).await
    }

    async fn newest(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<RevocationRecord>, Unavailable> {
        self.store()?.newest(before, limit).await
    }

    async fn put_snapshot_part(
        &self,
        id: &str,
        index: u32,
        bytes: &[u8],
    ) -> Result<(), Unavailable> {
        self.store()?.put_snapshot_part(id, index, bytes).await
    }

    async fn put_snapshot(&self, snapshot: &SnapshotRecord) -> Result<WriteOutcome, Unavailable> {
        self.store()?.put_snapshot(snapshot).await
    }

    async fn forget(
        &self,
        before: u64,
        now: Timestamp,
        limit: usize,
    ) -> Result<usize, Unavailable> {
        self.store()?.forget(before, now, limit).await
    }
}
