//! API-key records in memory.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use edge_auth::platform::{ApiKeyRecord, ApiKeys, Unavailable};
use edge_auth_control::store::{ApiKeyAdmin, Precondition, WriteOutcome};
use edge_auth_token::Timestamp;

use crate::delays::Barrier;

/// A store of API-key records that offers every grade, counts its operations and can be switched
/// off. Clones share the records.
#[derive(Debug, Clone, Default)]
pub struct MemoryApiKeys(Arc<Mutex<StoredKeys>>, Barrier);

/// The number of calls of each operation, including those that returned `Unavailable`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Operations {
    /// Calls of [`ApiKeys::find`].
    pub finds: u64,
    /// Calls of [`ApiKeyAdmin::put`].
    pub puts: u64,
    /// Calls of [`ApiKeyAdmin::list`].
    pub lists: u64,
}

#[derive(Debug, Default)]
struct StoredKeys {
    records: BTreeMap<String, ApiKeyRecord>,
    operations: Operations,
    unavailable: Option<Unavailable>,
}

impl MemoryApiKeys {
    /// Creates an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the operations of all clones since the store was created.
    pub fn operations(&self) -> Operations {
        self.state().operations
    }

    /// Makes every later operation fail with this detail and change nothing.
    pub fn set_unavailable(&self, detail: impl Into<String>) {
        self.state().unavailable = Some(Unavailable::new(detail));
    }

    /// Makes the store available again. The records are still there.
    pub fn set_available(&self) {
        self.state().unavailable = None;
    }

    /// Returns the barrier at which [`ApiKeys::find`] waits before it returns its result.
    pub fn barrier(&self) -> &Barrier {
        &self.1
    }

    fn look(&self, id: &str, now: Timestamp) -> Result<Option<ApiKeyRecord>, Unavailable> {
        let mut state = self.state();
        state.operations.finds += 1;
        state.answerable()?;
        Ok(state.alive(id, now).cloned())
    }

    fn state(&self) -> MutexGuard<'_, StoredKeys> {
        // No operation leaves the state half changed, so a panic elsewhere does not matter.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StoredKeys {
    fn answerable(&self) -> Result<(), Unavailable> {
        self.unavailable.clone().map_or(Ok(()), Err)
    }

    fn alive(&self, id: &str, now: Timestamp) -> Option<&ApiKeyRecord> {
        self.records.get(id).filter(|record| is_alive(record, now))
    }
}

fn is_alive(record: &ApiKeyRecord, now: Timestamp) -> bool {
    record.expires_at.is_none_or(|expires_at| now < expires_at)
}

impl ApiKeys for MemoryApiKeys {
    async fn find(&self, id: &str, now: Timestamp) -> Result<Option<ApiKeyRecord>, Unavailable> {
        let found = self.look(id, now);
        self.1.pass().await;
        found
    }

    async fn current(&self, id: &str, now: Timestamp) -> Result<Option<ApiKeyRecord>, Unavailable> {
        self.look(id, now)
    }
}

impl ApiKeyAdmin for MemoryApiKeys {
    async fn put(
        &self,
        record: &ApiKeyRecord,
        expected: Precondition,
        now: Timestamp,
    ) -> Result<WriteOutcome, Unavailable> {
        let mut state = self.state();
        state.operations.puts += 1;
        state.answerable()?;
        let as_expected = match (state.alive(&record.id, now), expected) {
            (None, Precondition::Absent) => true,
            (Some(stored), Precondition::Version(version)) => stored.version == version,
            (Some(_), Precondition::Absent) | (None, Precondition::Version(_)) => false,
        };
        if !as_expected {
            return Ok(WriteOutcome::Conflict);
        }
        state.records.insert(record.id.clone(), record.clone());
        Ok(WriteOutcome::Stored)
    }

    async fn list(
        &self,
        after: Option<&str>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<ApiKeyRecord>, Unavailable> {
        let mut state = self.state();
        state.operations.lists += 1;
        state.answerable()?;
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        Ok(state
            .records
            .range::<str, _>((start, Bound::Unbounded))
            .map(|(_, record)| record)
            .filter(|record| is_alive(record, now))
            .take(limit)
            .cloned()
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1000);

    fn record() -> ApiKeyRecord {
        ApiKeyRecord { id: "k1".into(), document: "{}".into(), version: 1, expires_at: None }
    }

    #[test]
    fn every_operation_is_counted_once() {
        let store = MemoryApiKeys::new();
        let other_handle = store.clone();
        for _ in 0..3 {
            let _ = block_on(store.find("k1", NOW)).unwrap();
        }
        for _ in 0..2 {
            let _ = block_on(other_handle.put(&record(), Precondition::Absent, NOW)).unwrap();
        }
        let _ = block_on(store.list(None, 10, NOW)).unwrap();
        let expected = Operations { finds: 3, puts: 2, lists: 1 };
        assert_eq!(store.operations(), expected);
    }

    #[test]
    fn an_unavailable_store_answers_and_changes_nothing() {
        let store = MemoryApiKeys::new();
        store.set_unavailable("the disk is on fire");
        let trouble = Unavailable::new("the disk is on fire");
        assert_eq!(block_on(store.find("k1", NOW)), Err(trouble.clone()));
        assert_eq!(block_on(store.list(None, 1, NOW)), Err(trouble.clone()));
        let put = block_on(store.put(&record(), Precondition::Absent, NOW));
        assert_eq!(put, Err(trouble));

        store.set_available();
        assert_eq!(block_on(store.find("k1", NOW)), Ok(None));
        assert_eq!(store.operations().finds, 2);
    }
}
