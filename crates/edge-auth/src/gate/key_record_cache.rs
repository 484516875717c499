//! The API-key records that were read lately.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use edge_auth_token::Timestamp;

use crate::api_key::ApiKey;
use crate::cache::{Cache, Seed};
use crate::principal::Principal;

/// How many records are kept.
const CAPACITY: usize = 10_000;
/// A refusal by a cached record is checked against the store, since the key may have been rotated
/// or enabled meanwhile; but not again this soon, so that wrong secrets for a known id cost no
/// reads.
const RECHECK: Duration = Duration::from_secs(1);

/// Records by their id. It forgets a record when the revocation feed says that the key changed.
#[derive(Debug)]
pub(super) struct KeyRecordCache {
    records: Cache<String, CachedRecord>,
    /// Counts how often records were forgotten because their keys changed.
    changes: AtomicU64,
}

/// A key, and the principal that it stands for.
#[derive(Debug)]
pub(super) struct KnownKey {
    pub key: ApiKey,
    pub principal: Arc<Principal>,
}

/// A record that was read, and when.
#[derive(Debug, Clone)]
pub(super) struct CachedRecord {
    /// The index of the profile that opened it.
    pub profile: usize,
    pub known: Arc<KnownKey>,
    pub read_at: Timestamp,
    /// When it was read because of a refusal, if it was.
    pub rechecked_at: Option<Timestamp>,
}

impl CachedRecord {
    pub(super) fn is_older(&self, limit: Duration, now: Timestamp) -> bool {
        has_passed(limit, self.read_at, now)
    }

    pub(super) fn may_be_rechecked(&self, now: Timestamp) -> bool {
        self.rechecked_at.is_none_or(|then| has_passed(RECHECK, then, now))
    }
}

/// A clock that was set back makes every record old.
fn has_passed(limit: Duration, then: Timestamp, now: Timestamp) -> bool {
    now < then || now.since(then) >= limit
}

impl KeyRecordCache {
    pub(super) fn new(seed: Seed) -> Self {
        Self { records: Cache::new(CAPACITY, seed), changes: AtomicU64::new(0) }
    }

    pub(super) fn find(&self, profile: usize, id: &str) -> Option<CachedRecord> {
        self.records.find(id).filter(|record| record.profile == profile)
    }

    /// Returns the number of changes so far, for [`Self::insert`]: taken before a record is read.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    /// Keeps a record, unless keys changed since `changes`: it may be from before such a change.
    pub(super) fn insert(&self, id: &str, record: CachedRecord, changes: u64) {
        self.records.insert(id.to_owned(), record);
        if self.changes() != changes {
            self.remove(id);
        }
    }

    pub(super) fn remove(&self, id: &str) {
        self.records.remove(id);
    }

    /// Forgets the record of a key that changed.
    pub(super) fn forget(&self, id: &str) {
        // Counted first, so that whoever is reading the record now does not keep what it read.
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.remove(id);
    }

    /// Forgets all records.
    pub(super) fn forget_all(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.records.clear();
    }
}
