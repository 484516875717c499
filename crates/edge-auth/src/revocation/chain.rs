//! Records that follow one another: each has the MAC of the one before it.

use super::EntryError;
use super::entry::{BEGINNING, Entry, RecordMac};
use super::record::open;
use super::secrets::RevocationSecrets;
use crate::platform::RevocationRecord;

/// How many records are read, or dropped, at a time.
pub(super) const PAGE: usize = 1000;

/// A place in the log: the last record that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    pub sequence: u64,
    pub link: RecordMac,
}

/// What is wrong with a log.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ChainError {
    /// Somebody changed it. The text is for the operator.
    Tampered(String),
    /// Records are missing, which may be right: a snapshot has them.
    Gap,
}

impl Cursor {
    /// Before the first record.
    pub(super) const START: Self = Self { sequence: 0, link: BEGINNING };

    /// Reads records. The first is the one at this place again, which shows that the log still is
    /// what it was. The place of the last one is returned, and what those behind this place say.
    pub(super) fn follow(
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

    /// The records behind this place, if the one at it is the one that was read before.
    fn passed<'r>(
        self,
        secrets: &RevocationSecrets,
        records: &'r [RevocationRecord],
    ) -> Result<&'r [RevocationRecord], ChainError> {
        let back = |what: &str| {
            let older = "an older store was put back";
            ChainError::Tampered(format!("ALERT: record {} {what}: {older}", self.sequence))
        };
        match records.split_first() {
            _ if self == Self::START => Ok(records),
            Some((first, rest)) if first.sequence == self.sequence => {
                let known = open(secrets, first)
                    .map_err(|error| ChainError::Tampered(format!("ALERT: {error}")))?;
                if known.link == self.link {
                    Ok(rest)
                } else {
                    Err(back("is another one than was read before"))
                }
            }
            Some(_) => Err(ChainError::Gap),
            None => Err(back("was read before and is gone")),
        }
    }

    /// The place of an entry, if it follows this one.
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

/// What the operator is told of a record that is not believed. A host that has not got the newest
/// secret yet meets what others write with it: nobody need have changed anything.
pub(super) fn alert(error: &EntryError) -> String {
    match error {
        EntryError::SecretUnknown { .. } => {
            format!(
                "{error}; give this host the secrets that the others have, and if it has them: somebody \
                 without one wrote it"
            )
        }
        _ => format!("ALERT: {error}"),
    }
}
