//! The state of one thing, which its entries come to.

use edge_auth_token::Timestamp;

use super::entry::{Entry, Event};
use super::record::KEPT;

/// The state of one thing, and how long it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevocationStatus {
    /// The last entry about it.
    pub sequence: u64,
    /// The state after it.
    pub state: StatusKind,
    /// When it lapses; `None` is never.
    pub until: Option<Timestamp>,
}

/// The state of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusKind {
    /// It is revoked; of a subject, client or issuer, the tokens that were issued before a time.
    Revoked {
        /// That time; `None` for things that are revoked as such.
        before: Option<Timestamp>,
    },
    /// An authority's revocation list is entered, and valid until a time.
    Listed {
        /// That time.
        next_update: Timestamp,
    },
    /// The record of an API key has this version, or a later one.
    Written {
        /// The version.
        version: u64,
    },
    /// Its revocation was taken back.
    Undone,
}

impl RevocationStatus {
    /// Returns what one entry alone comes to; `None` for an event that changes no state.
    pub fn of(entry: &Entry) -> Option<Self> {
        Self::stated_by(&entry.event, entry.sequence, entry.until)
    }

    /// Returns what an event alone comes to, as the entry `sequence` that counts until a time.
    pub fn stated_by(event: &Event, sequence: u64, until: Option<Timestamp>) -> Option<Self> {
        let state = match event {
            Event::Revoked(target) => StatusKind::Revoked { before: target.before() },
            Event::ListImported(list) => StatusKind::Listed { next_update: list.next_update },
            Event::Undone(_) => StatusKind::Undone,
            Event::KeyWritten { version, .. } => StatusKind::Written { version: *version },
            Event::KeyChanged(_) => return None,
        };
        Some(Self { sequence, state, until })
    }

    /// Whether it still counts.
    pub fn counts(&self, now: Timestamp) -> bool {
        has_meaning(self.until, now)
    }

    /// Merges it with the known state of the same thing, if there is one.
    pub fn after(self, known: Option<Self>) -> Self {
        known.map_or(self, |known| known.and(self))
    }

    /// Merges it with another state of the same thing, in either order. The later one counts,
    /// except that revoking again shortens nothing: the later `before` and the later `until` of
    /// both stay.
    pub(super) fn and(self, other: Self) -> Self {
        let (earlier, later) =
            if self.sequence <= other.sequence { (self, other) } else { (other, self) };
        match (earlier.state, later.state) {
            (StatusKind::Revoked { before: first }, StatusKind::Revoked { before: second }) => {
                Self {
                    state: StatusKind::Revoked { before: unless_always(first, second) },
                    until: unless_always(earlier.until, later.until),
                    ..later
                }
            }
            (StatusKind::Written { version: first }, StatusKind::Written { version: second }) => {
                Self {
                    state: StatusKind::Written { version: first.max(second) },
                    until: unless_always(earlier.until, later.until),
                    ..later
                }
            }
            (
                StatusKind::Revoked { .. }
                | StatusKind::Listed { .. }
                | StatusKind::Written { .. }
                | StatusKind::Undone,
                StatusKind::Revoked { .. }
                | StatusKind::Listed { .. }
                | StatusKind::Written { .. }
                | StatusKind::Undone,
            ) => later,
        }
    }
}

/// Whether an entry that lapses at `until` still counts. It counts for a day longer, so that a
/// clock that runs ahead brings nothing back.
pub(super) fn has_meaning(until: Option<Timestamp>, now: Timestamp) -> bool {
    until.is_none_or(|until| now < until.plus(KEPT))
}

/// Returns the later of two times. `None` is never, and later than any.
pub fn unless_always(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    Some(one?.max(other?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(sequence: u64, state: StatusKind) -> RevocationStatus {
        RevocationStatus { sequence, state, until: None }
    }

    fn revoked(sequence: u64, before: u64) -> RevocationStatus {
        status(sequence, StatusKind::Revoked { before: Some(Timestamp::from_millis(before)) })
    }

    #[test]
    fn the_later_entry_counts_whatever_order_they_are_read_in() {
        let (first, second) =
            (status(1, StatusKind::Revoked { before: None }), status(2, StatusKind::Undone));
        assert_eq!(first.and(second), second);
        assert_eq!(second.and(first), second);
        assert_eq!(second.and(second), second);
    }

    #[test]
    fn an_earlier_time_brings_nothing_back_and_an_undoing_does() {
        let both = revoked(1, 900).and(revoked(2, 500));
        assert_eq!(both, revoked(2, 900));
        assert_eq!(both.and(status(3, StatusKind::Undone)).state, StatusKind::Undone);
        assert_eq!(both.and(status(3, StatusKind::Undone)).and(revoked(4, 100)), revoked(4, 100));
    }

    #[test]
    fn revoking_again_for_a_shorter_time_shortens_nothing() {
        let until = |sequence, until: Option<u64>| RevocationStatus {
            until: until.map(Timestamp::from_seconds),
            ..status(sequence, StatusKind::Revoked { before: None })
        };
        assert_eq!(until(1, Some(900)).and(until(2, Some(10))), until(2, Some(900)));
        assert_eq!(until(1, Some(10)).and(until(2, Some(900))), until(2, Some(900)));
        assert_eq!(until(1, None).and(until(2, Some(10))), until(2, None));
        assert_eq!(until(1, Some(10)).and(until(2, None)), until(2, None));
        let undone = RevocationStatus {
            until: Some(Timestamp::from_seconds(5)),
            ..status(3, StatusKind::Undone)
        };
        assert_eq!(until(1, None).and(undone), undone);
    }
}
