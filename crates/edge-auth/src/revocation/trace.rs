//! The trace of the log that an instance read. With it the instance notices another log, and a
//! snapshot of another log.

use std::collections::VecDeque;

use edge_auth_token::Timestamp;

use super::chain::{ChainError, Cursor, older_store};
use super::entry::{Entry, RecordMac};
use crate::platform::RevocationRecord;

/// The records that were read behind the held snapshot, one after the other.
#[derive(Debug)]
pub(super) struct Trace {
    end: Cursor,
    /// When the last record lapses, if it was read: until then the store may not drop it.
    end_until: Option<Option<Timestamp>>,
    /// The beginnings of the records' MACs up to the end. The first is that of the snapshot's last
    /// record.
    links: VecDeque<[u8; 8]>,
}

/// How a snapshot relates to the records that were read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Relation {
    /// Its last record was read, so it is a snapshot of this log.
    Same,
    /// Another record was read in the place of its last record.
    Other,
    /// Its last record is none of those that are remembered.
    Unknown,
}

impl Trace {
    /// Begins behind a record that was not read itself.
    pub(super) fn behind(end: Cursor) -> Self {
        Self { end, end_until: None, links: VecDeque::from([start_of(&end.link)]) }
    }

    /// The last record.
    pub(super) fn end(&self) -> Cursor {
        self.end
    }

    /// How many records were read behind the snapshot.
    pub(super) fn len(&self) -> usize {
        self.links.len() - 1
    }

    /// Whether the record at the last place that was read is there again, as `first` of those that
    /// the store has from there on.
    pub(super) fn check_place(
        &self,
        place: Cursor,
        first: Option<&RevocationRecord>,
        now: Timestamp,
    ) -> Result<(), ChainError> {
        match first {
            _ if place == Cursor::START => Ok(()),
            Some(first) if first.sequence <= place.sequence => Ok(()),
            Some(_) if self.may_be_dropped(place, now) => Err(ChainError::Gap),
            Some(_) | None => Err(older_store(place.sequence, "was read before and is gone")),
        }
    }

    /// Takes in the next record, or one that was read before.
    pub(super) fn follow(&mut self, entry: &Entry) -> Result<(), ChainError> {
        let place = Cursor { sequence: entry.sequence, link: entry.link };
        if entry.sequence <= self.end.sequence {
            if self.relation(place) == Relation::Other {
                return Err(older_store(entry.sequence, "is another one than was read before"));
            }
        } else {
            self.end = self.end.next(entry)?;
            self.links.push_back(start_of(&entry.link));
        }
        if place == self.end {
            self.end_until = Some(entry.until);
        }
        Ok(())
    }

    /// Compares a place with the records that were read.
    pub(super) fn relation(&self, place: Cursor) -> Relation {
        let back = self
            .end
            .sequence
            .checked_sub(place.sequence)
            .and_then(|back| usize::try_from(back).ok());
        let position = back.and_then(|back| self.len().checked_sub(back));
        match position.and_then(|position| self.links.get(position)) {
            Some(link) if *link == start_of(&place.link) => Relation::Same,
            Some(_) => Relation::Other,
            None => Relation::Unknown,
        }
    }

    /// Forgets the records before a place, where a snapshot ends. Forgets all of them if the place
    /// was not read.
    pub(super) fn start_from(&mut self, place: Cursor) {
        match self.relation(place) {
            Relation::Same => {
                let kept = usize::try_from(self.end.sequence.saturating_sub(place.sequence));
                let kept = kept.unwrap_or(usize::MAX).saturating_add(1);
                drop(self.links.drain(..self.links.len().saturating_sub(kept)));
            }
            Relation::Other | Relation::Unknown => *self = Self::behind(place),
        }
    }

    /// Whether a compaction may have dropped the record at a place.
    fn may_be_dropped(&self, place: Cursor, now: Timestamp) -> bool {
        match self.end_until {
            Some(until) if place == self.end => until.is_some_and(|until| until <= now),
            // It was not read, or other reads went on meanwhile.
            Some(_) | None => true,
        }
    }
}

fn start_of(link: &RecordMac) -> [u8; 8] {
    link.first_chunk().copied().unwrap_or_default()
}
