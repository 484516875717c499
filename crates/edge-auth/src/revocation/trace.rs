//! What an instance read of the log, so that another log or another log's snapshot is noticed.

use std::collections::VecDeque;

use edge_auth_token::Timestamp;

use super::chain::{ChainError, Cursor};
use super::entry::{Entry, RecordMac};
use crate::platform::RevocationRecord;

/// The records that were read behind the snapshot that is held, one after the other.
#[derive(Debug)]
pub(super) struct Trace {
    end: Cursor,
    /// When the last record has no meaning any more, if it was read: until then it is not dropped.
    end_until: Option<Option<Timestamp>>,
    /// The beginnings of the MACs of the records up to the end; that of the snapshot's last one
    /// first.
    links: VecDeque<[u8; 8]>,
}

/// How a snapshot stands to what was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Relation {
    /// Its last record was read: it is a snapshot of this log.
    Same,
    /// In the place of its last record another one was read.
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
            Some(_) | None => Err(put_back(place.sequence, "was read before and is gone")),
        }
    }

    /// Takes in the next record, or one that was read before.
    pub(super) fn follow(&mut self, entry: &Entry) -> Result<(), ChainError> {
        let place = Cursor { sequence: entry.sequence, link: entry.link };
        if entry.sequence <= self.end.sequence {
            if self.relation(place) == Relation::Other {
                return Err(put_back(entry.sequence, "is another one than was read before"));
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

    /// Whether a place is on the way that was read.
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

    /// Forgets what comes before a place, where a snapshot ends; all of it if the place was not
    /// read.
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
            // It was not read, or others read on meanwhile.
            _ => true,
        }
    }
}

fn start_of(link: &RecordMac) -> [u8; 8] {
    link.first_chunk().copied().unwrap_or_default()
}

fn put_back(sequence: u64, what: &str) -> ChainError {
    ChainError::Tampered(format!("ALERT: record {sequence} {what}: an older store was put back"))
}
