//! A whole log in a few bytes for each entry.
//!
//! ```text
//! index: timed: mark (16 bytes), time, until (u64 each), in the order of marks
//!        a filter of all that is simply revoked
//! pages: what is in the filter, exactly: mark (16 bytes), until (u64), in the order of marks
//! ```
//!
//! Numbers are little-endian, times milliseconds since 1970; an `until` of only ones is never. An
//! instance keeps the index. It reads a page only where the log does not confirm what the filter
//! has.
//!
//! The bytes are kept in parts, those of the index first. The manifest says how long what is, and
//! has a digest of each part under its MAC.

mod content;
mod manifest;
mod page;

use std::ops::Range;

use edge_auth_token::Timestamp;

use super::chain::Cursor;
use super::filter::FilterLayout;
use super::secrets::{RevocationSecrets, SecretId};
use super::status::{RevocationStatus, StatusKind};
use super::target::LookupTag;
use crate::platform::{RevocationFeed, SNAPSHOT_PART_BYTES, SnapshotRecord, Unavailable};

pub use content::{SnapshotContent, WrittenSnapshot};
pub(super) use manifest::Manifest;
use manifest::{Digest, check};
pub(super) use page::Hit;

/// A mark, a time and an `until`.
const TIMED: usize = 32;
/// A mark and an `until`.
const SIMPLE: usize = 24;
/// How many marks a page has: what fits into a part.
const PAGE: usize = SNAPSHOT_PART_BYTES / SIMPLE;
/// In a time: that it is a revocation list's, and not of something that is revoked.
const LISTED: u64 = 1 << 63;
/// In place of a time: that it is the version of an API key's record.
const WRITTEN: u64 = 1 << 62;
/// An `until` that never comes.
const NEVER: u64 = u64::MAX;

/// Why a snapshot is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// Somebody changed it, or it was damaged.
    #[error("the snapshot of record {sequence} is not used: {why}")]
    NotBelieved {
        /// The last record that it has.
        sequence: u64,
        /// What is wrong with it.
        why: &'static str,
    },
    /// It was made with a secret that the policy does not name: another host has one more, perhaps.
    #[error(
        "the snapshot of record {sequence} is not used: it was made with a secret that the policy does not name"
    )]
    SecretUnknown {
        /// The last record that it has.
        sequence: u64,
    },
}

impl SnapshotError {
    /// What the operator is told.
    pub(super) fn told(&self) -> String {
        match self {
            Self::NotBelieved { .. } => format!("ALERT: {self}"),
            Self::SecretUnknown { .. } => self.to_string(),
        }
    }
}

/// Why a snapshot was not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum SnapshotReadError {
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    #[error(transparent)]
    NotBelieved(#[from] SnapshotError),
}

/// A snapshot in memory: its index as it was kept, and what its pages are checked by.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// The last record that it holds.
    pub end: Cursor,
    /// The ends of those that it was made of, the newest first.
    pub ancestors: Vec<Cursor>,
    /// The secret that its marks are made with.
    pub secret: SecretId,
    id: String,
    /// How many timed entries there are.
    timed: usize,
    layout: FilterLayout,
    bytes: Vec<u8>,
    /// The number of the first page's part.
    first_page: u32,
    pages: Vec<Digest>,
}

impl Snapshot {
    /// Reads what a record stands for, but for its pages.
    pub(super) async fn read(
        feed: &impl RevocationFeed,
        secrets: &RevocationSecrets,
        record: &SnapshotRecord,
    ) -> Result<Self, SnapshotReadError> {
        let manifest = Manifest::open(secrets, record)?;
        let mut bytes = manifest.room();
        for (number, digest) in (0..).zip(&manifest.index) {
            let part = feed.snapshot_part(&manifest.id, number).await?;
            bytes.extend_from_slice(&check(manifest.end.sequence, digest, part)?);
        }
        Ok(manifest.complete(bytes)?)
    }

    /// Its entries, with those of all its pages.
    pub(super) async fn content(
        &self,
        feed: &impl RevocationFeed,
    ) -> Result<SnapshotContent, SnapshotReadError> {
        let mut content = SnapshotContent::timed(self.timed_entries());
        for (number, digest) in (self.first_page..).zip(&self.pages) {
            let part = feed.snapshot_part(&self.id, number).await?;
            content.push_page(&check(self.end.sequence, digest, part)?);
        }
        Ok(content)
    }

    /// How a thing stands that is held with a time.
    pub(super) fn exactly(&self, mark: LookupTag) -> Option<RevocationStatus> {
        let entries = self.timed_entries();
        let found =
            entries.binary_search_by(|entry| entry.first_chunk::<16>().cmp(&Some(&mark.0))).ok()?;
        let (_, time, until) = timed(entries.get(found)?);
        Some(timed_standing(time, until, self.end.sequence))
    }

    /// Whether the filter has the mark: then it is revoked, most probably.
    pub(super) fn perhaps(&self, mark: LookupTag) -> bool {
        !self.positions(mark).is_empty()
    }

    /// Where the pages have a mark, if they have it; `None` if they do not.
    pub(super) fn hit(&self, mark: LookupTag) -> Option<Hit> {
        let Range { start, end } = self.positions(mark);
        let pages = start / PAGE..end.div_ceil(PAGE);
        let numbers =
            (self.first_page..).zip(&self.pages).map(|(number, digest)| (number, *digest));
        let parts = numbers.skip(pages.start).take(pages.len()).collect();
        (start < end).then(|| Hit { sequence: self.end.sequence, id: self.id.clone(), parts })
    }

    /// The filter is in the order of marks, and so are the pages.
    fn positions(&self, mark: LookupTag) -> Range<usize> {
        self.layout.positions(self.bytes.get(self.timed * TIMED..).unwrap_or_default(), mark)
    }

    fn timed_entries(&self) -> &[[u8; TIMED]] {
        self.bytes.get(..self.timed * TIMED).unwrap_or_default().as_chunks().0
    }
}

/// What an entry with a time says: its mark, its time, its `until`.
fn timed(entry: &[u8; TIMED]) -> (LookupTag, u64, u64) {
    let number = |at: usize| entry.get(at..).and_then(<[u8]>::first_chunk).copied();
    let number = |at: usize| number(at).map_or(0, u64::from_le_bytes);
    (LookupTag(entry.first_chunk().copied().unwrap_or_default()), number(16), number(24))
}

fn timed_standing(time: u64, until: u64, sequence: u64) -> RevocationStatus {
    let number = time & !(LISTED | WRITTEN);
    let state = match time & (LISTED | WRITTEN) {
        0 => StatusKind::Revoked { before: Some(Timestamp::from_millis(number)) },
        WRITTEN => StatusKind::Written { version: number },
        _ => StatusKind::Listed { next_update: Timestamp::from_millis(number) },
    };
    RevocationStatus { sequence, state, until: read_until(until) }
}

fn simple_standing(until: u64, sequence: u64) -> RevocationStatus {
    RevocationStatus {
        sequence,
        state: StatusKind::Revoked { before: None },
        until: read_until(until),
    }
}

fn read_until(until: u64) -> Option<Timestamp> {
    (until != NEVER).then(|| Timestamp::from_millis(until))
}

fn written_until(until: Option<Timestamp>) -> u64 {
    until.map_or(NEVER, Timestamp::millis)
}
