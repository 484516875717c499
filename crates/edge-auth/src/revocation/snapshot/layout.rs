//! The bytes of one entry of a snapshot. Numbers are little-endian.

use edge_auth_token::Timestamp;

use crate::platform::SNAPSHOT_PART_BYTES;
use crate::revocation::status::{RevocationStatus, StatusKind};
use crate::revocation::target::LookupTag;

/// The bytes of a timed entry: mark, time, `until`.
pub(super) const TIMED: usize = 32;
/// The bytes of a simple entry: mark, `until`.
pub(super) const SIMPLE: usize = 24;
/// The simple entries of one page: as many as fit into a part.
pub(super) const PAGE: usize = SNAPSHOT_PART_BYTES / SIMPLE;

/// The bit of a time that marks it as the next update of a revocation list.
const LISTED: u64 = 1 << 63;
/// The bit of a time that marks it as the version of an API key's record.
const WRITTEN: u64 = 1 << 62;
/// The `until` of what counts for good.
const NEVER: u64 = u64::MAX;

/// A mark, a time and an `until`.
pub(super) type TimedEntry = (LookupTag, u64, u64);
/// A mark and an `until`.
pub(super) type SimpleEntry = (LookupTag, u64);

/// An entry of one of the two forms.
pub(super) enum SnapshotEntry {
    Timed(TimedEntry),
    Simple(SimpleEntry),
}

impl SnapshotEntry {
    /// Encodes the state of a thing; `None` for what was undone.
    pub(super) fn of(mark: LookupTag, status: RevocationStatus) -> Option<Self> {
        let until = status.until.map_or(NEVER, Timestamp::millis);
        let time = match status.state {
            StatusKind::Revoked { before: None } => return Some(Self::Simple((mark, until))),
            StatusKind::Revoked { before: Some(before) } => without_kind(before.millis()),
            StatusKind::Listed { next_update } => without_kind(next_update.millis()) | LISTED,
            StatusKind::Written { version } => without_kind(version) | WRITTEN,
            StatusKind::Undone => return None,
        };
        Some(Self::Timed((mark, time, until)))
    }
}

/// A number below the bits that say what it is.
fn without_kind(number: u64) -> u64 {
    number.min(WRITTEN - 1)
}

/// Decodes a timed entry.
pub(super) fn timed(entry: &[u8; TIMED]) -> TimedEntry {
    let mark = LookupTag(entry.first_chunk().copied().unwrap_or_default());
    let (words, _) = entry.as_chunks::<8>();
    let [_, _, time, until] = words else { return (mark, 0, NEVER) };
    (mark, u64::from_le_bytes(*time), u64::from_le_bytes(*until))
}

/// Decodes a simple entry.
pub(super) fn simple(entry: &[u8; SIMPLE]) -> SimpleEntry {
    let mark = LookupTag(entry.first_chunk().copied().unwrap_or_default());
    (mark, entry.last_chunk().copied().map_or(0, u64::from_le_bytes))
}

/// The state that a timed entry stands for, as of the record `sequence`.
pub(super) fn timed_status(time: u64, until: u64, sequence: u64) -> RevocationStatus {
    let number = time & !(LISTED | WRITTEN);
    let state = match time & (LISTED | WRITTEN) {
        0 => StatusKind::Revoked { before: Some(Timestamp::from_millis(number)) },
        WRITTEN => StatusKind::Written { version: number },
        _ => StatusKind::Listed { next_update: Timestamp::from_millis(number) },
    };
    RevocationStatus { sequence, state, until: decode_until(until) }
}

/// The state that a simple entry stands for, as of the record `sequence`.
pub(super) fn simple_status(until: u64, sequence: u64) -> RevocationStatus {
    let state = StatusKind::Revoked { before: None };
    RevocationStatus { sequence, state, until: decode_until(until) }
}

/// Decodes an `until`; `None` is for good.
pub(super) fn decode_until(until: u64) -> Option<Timestamp> {
    if until == NEVER { None } else { Some(Timestamp::from_millis(until)) }
}
