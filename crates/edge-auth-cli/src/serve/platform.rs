//! The native host's part of the core's bargain: a store, and a fetcher of key sets.

use edge_auth::platform::{
    ApiKeyAdmin, ApiKeyRecord, ApiKeys, Expected, Platform, Put, RevocationFeed, RevocationLog,
    RevocationRecord, SnapshotRecord, Unavailable,
};
use edge_auth_host::HttpKeySource;
use edge_auth_token::Timestamp;

use crate::store::SqliteStore;

/// What gates on this machine ask.
#[derive(Clone)]
pub(crate) struct NativePlatform {
    store: Store,
    source: HttpKeySource,
}

/// The store; none where the policy has no API keys.
#[derive(Clone)]
pub(crate) struct Store(Option<SqliteStore>);

impl NativePlatform {
    /// With this store, if there is one.
    pub(crate) fn new(store: Option<SqliteStore>, source: HttpKeySource) -> Self {
        Self { store: Store(store), source }
    }
}

impl NativePlatform {
    /// Whether there is a store.
    pub(crate) fn has_store(&self) -> bool {
        self.store.0.is_some()
    }
}

impl Platform for NativePlatform {
    type ApiKeys = Store;
    type KeySource = HttpKeySource;
    type Revocations = Store;

    fn api_keys(&self) -> &Store {
        &self.store
    }

    fn key_source(&self) -> &HttpKeySource {
        &self.source
    }

    fn revocations(&self) -> &Store {
        &self.store
    }
}

impl Store {
    fn store(&self) -> Result<&SqliteStore, Unavailable> {
        self.0.as_ref().ok_or_else(|| Unavailable::new("no store was given: start with --store sqlite:PATH"))
    }
}

impl ApiKeys for Store {
    async fn find(&self, id: &str, now: Timestamp) -> Result<Option<ApiKeyRecord>, Unavailable> {
        self.store()?.find(id, now).await
    }
}

impl ApiKeyAdmin for Store {
    async fn put(
        &self,
        record: &ApiKeyRecord,
        expected: Expected,
        now: Timestamp,
    ) -> Result<Put, Unavailable> {
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

impl RevocationFeed for Store {
    async fn since(&self, first: u64, limit: usize) -> Result<Vec<RevocationRecord>, Unavailable> {
        self.store()?.since(first, limit).await
    }

    async fn marked(&self, mark: &str) -> Result<Vec<RevocationRecord>, Unavailable> {
        self.store()?.marked(mark).await
    }

    async fn snapshot(&self) -> Result<Option<SnapshotRecord>, Unavailable> {
        self.store()?.snapshot().await
    }

    async fn snapshot_part(&self, id: &str, index: u32) -> Result<Option<Vec<u8>>, Unavailable> {
        self.store()?.snapshot_part(id, index).await
    }
}

impl RevocationLog for Store {
    async fn append(&self, records: &[RevocationRecord]) -> Result<Put, Unavailable> {
        self.store()?.append(records).await
    }

    async fn newest(&self, before: Option<u64>, limit: usize) -> Result<Vec<RevocationRecord>, Unavailable> {
        self.store()?.newest(before, limit).await
    }

    async fn put_snapshot_part(&self, id: &str, index: u32, bytes: &[u8]) -> Result<(), Unavailable> {
        self.store()?.put_snapshot_part(id, index, bytes).await
    }

    async fn put_snapshot(&self, snapshot: &SnapshotRecord) -> Result<Put, Unavailable> {
        self.store()?.put_snapshot(snapshot).await
    }

    async fn forget(&self, before: u64, now: Timestamp, limit: usize) -> Result<usize, Unavailable> {
        self.store()?.forget(before, now, limit).await
    }
}
