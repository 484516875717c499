//! A store that a host has only if its policy needs one.

use std::future::Future;
use std::sync::Arc;

use edge_auth::platform::{
    ApiKeyRecord, ApiKeys, LogTail, MaybeSend, RevocationFeed, RevocationRecord, SnapshotRecord,
    Unavailable,
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
