//! The revocation feed as a store keeps it: a log that only grows at its end, and snapshots of it.
//!
//! A store only keeps records and returns them. [`crate::revocation`] makes and reads them, and
//! checks their MACs.

use std::future::Future;
use std::time::Duration;

use edge_auth_token::Timestamp;

use super::{MaybeSend, MaybeSync, Unavailable};

/// The most bytes of one part of a snapshot: it fits into one item of every store.
pub const SNAPSHOT_PART_BYTES: usize = 256 * 1024;

/// How long a relay between the store and the gates answers from one read, counted from the read's
/// beginning. While one request reads the store, it answers the others from the read before, with
/// its age.
pub const RELAY_KEEPS: Duration = Duration::from_secs(1);

/// Reads the feed, for a gate. Every read sees every write that ended before it began, except
/// [`since`](Self::since), whose answer says how old it is.
pub trait RevocationFeed: MaybeSend + MaybeSync {
    /// Waits until no other request reads the feed, and returns a guard. With it, one of many
    /// requests reads for all of them. The default does not wait: in a Worker, requests cannot wait
    /// for each other.
    fn acquire_read_lock(&self) -> impl Future<Output = impl MaybeSend> + MaybeSend {
        async {}
    }

    /// Returns up to `limit` records whose sequence is `first` or greater, in order, and the age of
    /// the answer.
    fn since(
        &self,
        first: u64,
        limit: usize,
    ) -> impl Future<Output = Result<LogTail, Unavailable>> + MaybeSend;

    /// Returns all records with this mark, in the order of their sequence.
    fn marked(
        &self,
        mark: &str,
    ) -> impl Future<Output = Result<Vec<RevocationRecord>, Unavailable>> + MaybeSend;

    /// Returns the newest snapshot; `None` if there is none yet.
    fn snapshot(
        &self,
    ) -> impl Future<Output = Result<Option<SnapshotRecord>, Unavailable>> + MaybeSend;

    /// Returns a part of a snapshot, by the snapshot's id. Parts are counted from 0.
    fn snapshot_part(
        &self,
        id: &str,
        index: u32,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, Unavailable>> + MaybeSend;
}

/// Records from the end of the log, as [`RevocationFeed::since`] returns them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogTail {
    /// The records, in the order of their sequence.
    pub records: Vec<RevocationRecord>,
    /// How long before the call the store was read, at most; zero if the call read the store. A
    /// relay between a store and its gates measures it from the beginning of its own read. A gate
    /// counts it into the bound, and refuses an answer that is too old.
    pub age: Duration,
}

impl LogTail {
    /// Makes the answer of a store that the call itself read.
    pub fn current(records: Vec<RevocationRecord>) -> Self {
        Self { records, age: Duration::ZERO }
    }
}

/// A record of the log as a store keeps it. Its MAC is checked before it is used.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RevocationRecord {
    /// Its place in the log: from 1, without gaps.
    pub sequence: u64,
    /// The mark by which it is found: 32 hexadecimal digits. Several records may have the same one.
    pub mark: String,
    /// The record's text, with its MAC; 8 KiB at most.
    pub document: String,
    /// When it lapses: from then on the control plane may drop it. `None` is never. The
    /// store still returns a lapsed record.
    pub expires_at: Option<Timestamp>,
}

/// A snapshot as a store keeps it. Its MAC is checked before it is used.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SnapshotRecord {
    /// The sequence of the last record that it holds.
    pub sequence: u64,
    /// Names its parts: 16 hexadecimal digits in lower case. A later sequence has a greater id.
    pub id: String,
    /// The snapshot's text, with its MAC; 128 KiB at most.
    pub document: String,
}

/// The feed of a host without one. Under a policy with `[revocation] secret`, such a host refuses
/// every credential.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRevocations;

fn no_feed<T>() -> Result<T, Unavailable> {
    Err(Unavailable::new("this host has no revocation feed"))
}

impl RevocationFeed for NoRevocations {
    async fn since(&self, _: u64, _: usize) -> Result<LogTail, Unavailable> {
        no_feed()
    }

    async fn marked(&self, _: &str) -> Result<Vec<RevocationRecord>, Unavailable> {
        no_feed()
    }

    async fn snapshot(&self) -> Result<Option<SnapshotRecord>, Unavailable> {
        no_feed()
    }

    async fn snapshot_part(&self, _: &str, _: u32) -> Result<Option<Vec<u8>>, Unavailable> {
        no_feed()
    }
}
