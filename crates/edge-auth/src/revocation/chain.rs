//! The chain of records: each has the MAC of the one before it.

use super::EntryError;
use super::entry::{BEGINNING, Entry, RecordMac};
use super::record::open;
use super::secrets::RevocationSecrets;
use crate::platform::RevocationRecord;

/// The number of records that are read, or dropped, at a time.
pub const PAGE: usize = 1000;

/// A place in the log: the last record that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Its sequence; 0 before the first record.
    pub sequence: u64,
    /// Its MAC, which the next record has.
    pub link: RecordMac,
}

/// Why a log is not believed as it is.
#[derive(Debug, PartialEq, Eq)]
pub enum ChainError {
    /// Somebody changed it. The text is for the operator.
    Tampered(String),
    /// Records are missing. That may be right, where a snapshot has them.
    Gap,
}

impl Cursor {
    /// The place before the first record.
    pub const START: Self = Self { sequence: 0, link: BEGINNING };

    /// Reads records. The first must be the one at this place again, which shows that the log is
    /// unchanged. Returns the place of the last one, and the entries behind this place.
    pub fn follow(
        mut self,
        secrets: &RevocationSecrets,
        records: &[RevocationRecord],
    ) -> Result<(Self, Vec<Entry>), ChainError> {
        let new = self.passed(secrets, records)?;
        let mut entries = Vec::with_capacity(new.len());
        for record in new {
            let entry =
                open(secrets, record).map_err(|error| ChainError::Tampered(alert(&error)))?;
            self = self.next(&entry)?;
            entries.push(entry);
        }
        Ok((self, entries))
    }

    /// Returns the records behind this place, if the record at it is the one that was read before.
    fn passed<'r>(
        self,
        secrets: &RevocationSecrets,
        records: &'r [RevocationRecord],
    ) -> Result<&'r [RevocationRecord], ChainError> {
        if self == Self::START {
            return Ok(records);
        }
        let Some((first, rest)) = records.split_first() else {
            return Err(older_store(self.sequence, "was read before and is gone"));
        };
        if first.sequence != self.sequence {
            return Err(ChainError::Gap);
        }
        let known = open(secrets, first)
            .map_err(|error| ChainError::Tampered(format!("ALERT: {error}")))?;
        if known.link != self.link {
            return Err(older_store(self.sequence, "is another one than was read before"));
        }
        Ok(rest)
    }

    /// Returns the place of an entry, if it follows this one.
    pub(super) fn next(self, entry: &Entry) -> Result<Self, ChainError> {
        if entry.sequence != self.sequence.saturating_add(1) {
            return Err(ChainError::Gap);
        }
        if entry.previous != self.link {
            let what = "does not follow the one before it: the log was changed";
            return Err(ChainError::Tampered(format!("ALERT: record {} {what}", entry.sequence)));
        }
        Ok(Self { sequence: entry.sequence, link: entry.link })
    }
}

/// The error of a record that shows that an older store was restored.
pub(super) fn older_store(sequence: u64, what: &str) -> ChainError {
    ChainError::Tampered(format!("ALERT: record {sequence} {what}: an older store was put back"))
}

/// The message for the operator about a record that is not believed. A host without the newest
/// secret meets records that others made with it, so an unknown secret alone is not an alert.
pub(super) fn alert(error: &EntryError) -> String {
    match error {
        EntryError::SecretUnknown { .. } => {
            format!(
                "{error}; give this host the secrets that the others have. If it has them, somebody \
                 without a secret wrote the record"
            )
        }
        EntryError::Damaged { .. }
        | EntryError::MacWrong { .. }
        | EntryError::Schema { .. }
        | EntryError::TooLarge { .. }
        | EntryError::NoSecret => format!("ALERT: {error}"),
    }
}
