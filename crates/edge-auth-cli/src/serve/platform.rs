//! The native host's part of the core's bargain: a store, and a fetcher of key sets.

use edge_auth::platform::{ApiKeyAdmin, ApiKeyRecord, ApiKeys, Expected, Platform, Put, Unavailable};
use edge_auth_host::HttpKeySource;
use edge_auth_token::Timestamp;

use crate::store::SqliteStore;

/// What gates on this machine ask.
#[derive(Clone)]
pub(crate) struct NativePlatform {
    keys: Keys,
    source: HttpKeySource,
}

/// The store; none where the policy has no API keys.
#[derive(Clone)]
pub(crate) struct Keys(Option<SqliteStore>);

impl NativePlatform {
    /// With this store, if there is one.
    pub(crate) fn new(store: Option<SqliteStore>, source: HttpKeySource) -> Self {
        Self { keys: Keys(store), source }
    }
}

impl NativePlatform {
    /// Whether there is a store.
    pub(crate) fn has_store(&self) -> bool {
        self.keys.0.is_some()
    }
}

impl Platform for NativePlatform {
    type ApiKeys = Keys;
    type KeySource = HttpKeySource;

    fn api_keys(&self) -> &Keys {
        &self.keys
    }

    fn key_source(&self) -> &HttpKeySource {
        &self.source
    }
}

impl Keys {
    fn store(&self) -> Result<&SqliteStore, Unavailable> {
        self.0.as_ref().ok_or_else(|| Unavailable::new("no store was given: start with --store sqlite:PATH"))
    }
}

impl ApiKeys for Keys {
    async fn find(&self, id: &str, now: Timestamp) -> Result<Option<ApiKeyRecord>, Unavailable> {
        self.store()?.find(id, now).await
    }
}

impl ApiKeyAdmin for Keys {
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
