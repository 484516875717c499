//! What the control plane needs of a store: everything that is written. A gate has none of it.

mod missing;

use std::future::Future;

use edge_auth::platform::{
    ApiKeyRecord, ApiKeys, MaybeSend, MaybeSync, RevocationFeed, RevocationRecord, SnapshotRecord,
    Unavailable,
};
use edge_auth_token::Timestamp;

pub use missing::MissingStore;

/// The most records of one [`RevocationLog::append`] that every store takes: one DynamoDB
/// transaction has room for them and the copies of the log's head.
pub const MAX_APPENDED: usize = 80;

/// The stores that a control plane writes.
///
/// A host never gives one value both to its gate and to its control plane: what a gate holds
/// implements the read traits alone.
pub trait ControlStore: MaybeSend + MaybeSync {
    /// The store of API-key records.
    type ApiKeys: ApiKeyAdmin;
    /// The log of revocations.
    type Revocations: RevocationLog;

    /// Returns the store of API-key records.
    fn api_keys(&self) -> &Self::ApiKeys;
    /// Returns the log of revocations.
    fn revocations(&self) -> &Self::Revocations;
}

impl<S: ApiKeyAdmin + RevocationLog> ControlStore for S {
    type ApiKeys = Self;
    type Revocations = Self;

    fn api_keys(&self) -> &Self {
        self
    }

    fn revocations(&self) -> &Self {
        self
    }
}

/// Changes API-key records, for administration only.
pub trait ApiKeyAdmin: ApiKeys {
    /// Writes the record if the stored one is as `expected`, atomically. A lapsed record counts
    /// as absent.
    fn put(
        &self,
        record: &ApiKeyRecord,
        expected: Precondition,
        now: Timestamp,
    ) -> impl Future<Output = Result<WriteOutcome, Unavailable>> + MaybeSend;

    /// Returns up to `limit` records that have not lapsed at `now`, ordered by id (bytewise),
    /// beginning after the id `after`.
    fn list(
        &self,
        after: Option<&str>,
        limit: usize,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<ApiKeyRecord>, Unavailable>> + MaybeSend;
}

/// Writes the feed, for administration only.
pub trait RevocationLog: RevocationFeed {
    /// Returns the most records that one [`append`](Self::append) takes. A greater number means
    /// fewer transactions for a long list.
    fn max_appended(&self) -> usize {
        MAX_APPENDED
    }

    /// Appends at most [`max_appended`](Self::max_appended) records with consecutive sequences, all
    /// or none of them, durably. Returns [`WriteOutcome::Conflict`] unless the first sequence
    /// follows the newest record's (1 in an empty log): another writer was faster.
    fn append(
        &self,
        records: &[RevocationRecord],
    ) -> impl Future<Output = Result<WriteOutcome, Unavailable>> + MaybeSend;

    /// Returns up to `limit` records, the newest first, beginning before the sequence `before` if
    /// it is given.
    fn newest(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<RevocationRecord>, Unavailable>> + MaybeSend;

    /// Stores a part ([`SNAPSHOT_PART_BYTES`](edge_auth::platform::SNAPSHOT_PART_BYTES) at most) of a snapshot that is still being made.
    fn put_snapshot_part(
        &self,
        id: &str,
        index: u32,
        bytes: &[u8],
    ) -> impl Future<Output = Result<(), Unavailable>> + MaybeSend;

    /// Makes a snapshot the newest one, once all its parts are stored. Returns
    /// [`WriteOutcome::Conflict`] if there is one with the same or a later sequence. Drops parts
    /// with lesser ids, which no snapshot uses any more. Keeps those with greater ids, which
    /// another writer may be storing.
    fn put_snapshot(
        &self,
        snapshot: &SnapshotRecord,
    ) -> impl Future<Output = Result<WriteOutcome, Unavailable>> + MaybeSend;

    /// Drops up to `limit` records whose sequence is less than `before` and that have lapsed at
    /// `now`. Returns how many were dropped.
    fn forget(
        &self,
        before: u64,
        now: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<usize, Unavailable>> + MaybeSend;
}

/// The condition of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precondition {
    /// No record has this id.
    Absent,
    /// The record has exactly this version.
    Version(u64),
}

/// How a write ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum WriteOutcome {
    /// The record is stored durably.
    Stored,
    /// The condition does not hold; nothing was changed.
    Conflict,
}
