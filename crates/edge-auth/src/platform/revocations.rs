//! The revocation feed as a store keeps it: a log that only grows at its end, and snapshots of it.
//!
//! A store numbers, keeps and gives back. What a record says, whether it may be believed and when
//! it is made is for [`crate::revocation`].

use std::future::Future;

use edge_auth_token::Timestamp;

use super::{MaybeSend, MaybeSync, Unavailable, WriteOutcome};

/// The most records of one [`RevocationLog::append`] that every store takes: what one DynamoDB
/// transaction takes, with room for a condition.
pub const MAX_APPENDED: usize = 90;

/// The most bytes of one part of a snapshot: it fits into one item of every store.
pub const SNAPSHOT_PART_BYTES: usize = 256 * 1024;

/// Reads the feed: all that a gate needs. Every read sees every write that ended before it began.
pub trait RevocationFeed: MaybeSend + MaybeSync {
    /// Waits for a turn to read, and holds it until it is dropped: where requests may wait for each
    /// other, so that one of many reads for all of them. Hosts where they may not (a Worker cancels
    /// what belongs to another request) leave it as it is.
    fn acquire_read_lock(&self) -> impl Future<Output = impl MaybeSend> + MaybeSend {
        async {}
    }

    /// Up to `limit` records whose sequence is `first` or more, in the order of their sequence.
    fn since(
        &self,
        first: u64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<RevocationRecord>, Unavailable>> + MaybeSend;

    /// All records with this mark, in the order of their sequence.
    fn marked(
        &self,
        mark: &str,
    ) -> impl Future<Output = Result<Vec<RevocationRecord>, Unavailable>> + MaybeSend;

    /// The newest snapshot, unless there is none.
    fn snapshot(
        &self,
    ) -> impl Future<Output = Result<Option<SnapshotRecord>, Unavailable>> + MaybeSend;

    /// A part of a snapshot, by the snapshot's id; parts are counted from 0.
    fn snapshot_part(
        &self,
        id: &str,
        index: u32,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, Unavailable>> + MaybeSend;
}

/// Writes the feed: for administration only.
pub trait RevocationLog: RevocationFeed {
    /// The most records of one [`append`](Self::append): the more, the fewer transactions has a
    /// long list.
    fn max_appended(&self) -> usize {
        MAX_APPENDED
    }

    /// Appends records ([`max_appended`](Self::max_appended) at most) with sequences in a row, all
    /// or none of them, durably. [`WriteOutcome::Conflict`] unless the first sequence is the one
    /// after the newest record's, or 1 where there is none: another writer was faster.
    fn append(
        &self,
        records: &[RevocationRecord],
    ) -> impl Future<Output = Result<WriteOutcome, Unavailable>> + MaybeSend;

    /// Up to `limit` records, the newest first; only those before the sequence `before`, if it is
    /// given.
    fn newest(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<RevocationRecord>, Unavailable>> + MaybeSend;

    /// Keeps a part ([`SNAPSHOT_PART_BYTES`] at most) of a snapshot that is still to come.
    fn put_snapshot_part(
        &self,
        id: &str,
        index: u32,
        bytes: &[u8],
    ) -> impl Future<Output = Result<(), Unavailable>> + MaybeSend;

    /// Makes a snapshot the newest one, once all its parts are kept. [`WriteOutcome::Conflict`] if
    /// one with the same or a later sequence is there. Parts of lesser ids are dropped: no snapshot
    /// can have them any more. Those of greater ones stay, since somebody may be writing them.
    fn put_snapshot(
        &self,
        snapshot: &SnapshotRecord,
    ) -> impl Future<Output = Result<WriteOutcome, Unavailable>> + MaybeSend;

    /// Drops up to `limit` records whose sequence is less than `before` and which have lapsed at
    /// `now`. How many were dropped is returned.
    fn forget(
        &self,
        before: u64,
        now: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<usize, Unavailable>> + MaybeSend;
}

/// A record of the log as a store keeps it, to be believed by nobody before its MAC was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationRecord {
    /// Its place in the log: from 1, without gaps.
    pub sequence: u64,
    /// What it is found by: 32 hexadecimal digits. Several records may have the same.
    pub mark: String,
    /// The record's text, with its MAC; 8 KiB at most.
    pub document: String,
    /// When the store may drop it, if it is asked to; `None` is never. A lapsed record is still
    /// given back.
    pub expires_at: Option<Timestamp>,
}

/// A snapshot as a store keeps it, to be believed by nobody before its MAC was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotRecord {
    /// The sequence of the last record that it holds.
    pub sequence: u64,
    /// Names its parts: 16 hexadecimal digits in lower case. A later sequence has a greater id.
    pub id: String,
    /// The snapshot's text, with its MAC; 128 KiB at most.
    pub document: String,
}

/// The feed of a host that has none. A policy with `[revocation] secret` is closed there.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRevocations;

fn none<T>() -> Result<T, Unavailable> {
    Err(Unavailable::new("this host has no revocation feed"))
}

impl RevocationFeed for NoRevocations {
    async fn since(&self, _: u64, _: usize) -> Result<Vec<RevocationRecord>, Unavailable> {
        none()
    }

    async fn marked(&self, _: &str) -> Result<Vec<RevocationRecord>, Unavailable> {
        none()
    }

    async fn snapshot(&self) -> Result<Option<SnapshotRecord>, Unavailable> {
        none()
    }

    async fn snapshot_part(&self, _: &str, _: u32) -> Result<Option<Vec<u8>>, Unavailable> {
        none()
    }
}

impl RevocationLog for NoRevocations {
    async fn append(&self, _: &[RevocationRecord]) -> Result<WriteOutcome, Unavailable> {
        none()
    }

    async fn newest(&self, _: Option<u64>, _: usize) -> Result<Vec<RevocationRecord>, Unavailable> {
        none()
    }

    async fn put_snapshot_part(&self, _: &str, _: u32, _: &[u8]) -> Result<(), Unavailable> {
        none()
    }

    async fn put_snapshot(&self, _: &SnapshotRecord) -> Result<WriteOutcome, Unavailable> {
        none()
    }

    async fn forget(&self, _: u64, _: Timestamp, _: usize) -> Result<usize, Unavailable> {
        none()
    }
}
