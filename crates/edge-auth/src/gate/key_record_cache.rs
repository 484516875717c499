//! The API-key records that were read lately.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use edge_auth_token::Timestamp;

use crate::api_key::ApiKey;
use crate::cache::{Cache, Seed};

/// How many records are kept.
const CAPACITY: usize = 10_000;
/// A refusal by a cached record is checked against the store, since the key may have been rotated
/// or enabled meanwhile; but not again this soon, so that wrong secrets for a known id cost no
/// reads.
const RECHECK: Duration = Duration::from_secs(1);

/// The index of a profile, and the id of a record.
type RecordKey = (usize, String);

/// Records by their profile and id. It forgets a record when the revocation feed says that the key
/// changed.
#[derive(Debug)]
pub(super) struct KeyRecordCache {
    records: Cache<RecordKey, CachedRecord>,
    profiles: usize,
    /// Counts how often records were forgotten because their keys changed.
    changes: AtomicU64,
}

/// A record that was read, and when.
#[derive(Debug, Clone)]
pub(super) struct CachedRecord {
    pub key: Arc<ApiKey>,
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
    /// Makes an empty cache for so many profiles.
    pub(super) fn new(profiles: usize, seed: Seed) -> Self {
        Self { records: Cache::new(CAPACITY, seed), profiles, changes: AtomicU64::new(0) }
    }

    pub(super) fn find(&self, profile: usize, id: &str) -> Option<CachedRecord> {
        self.records.find(&(profile, id.to_owned()))
    }

    /// Returns the number of changes so far, for [`Self::insert`]: taken before a record is read.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    /// Keeps a record, unless keys changed since `changes`: it may be from before such a change.
    pub(super) fn insert(&self, profile: usize, id: &str, record: CachedRecord, changes: u64) {
        let key = (profile, id.to_owned());
        self.records.insert(key.clone(), record);
        if self.changes() != changes {
            self.records.remove(&key);
        }
    }

    pub(super) fn remove(&self, profile: usize, id: &str) {
        self.records.remove(&(profile, id.to_owned()));
    }

    /// Forgets the record of a key that changed.
    pub(super) fn forget(&self, id: &str) {
        // Counted first, so that whoever is reading the record now does not keep what it read.
        self.changes.fetch_add(1, Ordering::SeqCst);
        for profile in 0..self.profiles {
            self.remove(profile, id);
        }
    }

    /// Forgets all records.
    pub(super) fn forget_all(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.records.clear();
    }
}
