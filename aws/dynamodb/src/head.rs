//! The head of the revocation log: its newest records, in sixteen copies.
//!
//! Every active instance asks for new records each few seconds. One partition serves 3,000 consistent
//! reads a second, so instances that all read the log would be at most 9,000. An append therefore
//! writes all copies in its transaction, and each instance reads one of them. A copy has room for a
//! few records: who needs older ones reads the log.

use aws_sdk_dynamodb::types::AttributeValue;
use edge_auth::platform::RevocationRecord;

use crate::error::DynamoDbError;
use crate::item::{Item, Stored};
use crate::revocations::record;

/// The number of copies. It is part of the stored format.
pub const HEADS: u32 = 16;

/// The head of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    /// The newest record's sequence; 0 in an empty log.
    pub(crate) sequence: u64,
    /// `newest` has every record of the log from this sequence on.
    pub(crate) complete_from: u64,
    /// The newest records, in the order of their sequence.
    pub(crate) newest: Vec<RevocationRecord>,
}

impl Head {
    /// Reads a copy.
    pub(crate) fn of(item: Item) -> Result<Self, DynamoDbError> {
        let mut stored = Stored::new(item)?;
        let mut newest = Vec::new();
        for entry in stored.list("newest")? {
            let AttributeValue::M(entry) = entry else {
                return Err(stored.wrong("newest"));
            };
            newest.push(record(entry)?);
        }
        Ok(Self {
            sequence: stored.number("sequence")?,
            complete_from: stored.number("complete_from")?,
            newest,
        })
    }

    /// Returns up to `limit` records from the sequence `first` on, or `None` if that needs the log.
    pub(crate) fn since(self, first: u64, limit: usize) -> Option<Vec<RevocationRecord>> {
        if first < self.complete_from {
            return None;
        }
        let mut records = self.newest;
        records.retain(|record| record.sequence >= first);
        records.truncate(limit);
        Some(records)
    }
}

#[cfg(feature = "control")]
mod write {
    use std::collections::BTreeSet;

    use super::*;
    use crate::control::record_item;
    use crate::item::number;
    use crate::table_layout;

    /// The room for records, in bytes: with it a copy has less than 4 KB, which one read unit reads.
    const ROOM: usize = 3800;
    /// The size of a record without its document: keys, names, mark and overhead.
    const RECORD_OVERHEAD: usize = 110;

    impl Head {
        /// Makes the head of a log with these newest records, of which there may be more than fit.
        /// `complete_from` is where they begin.
        pub(crate) fn with(
            sequence: u64,
            complete_from: u64,
            mut newest: Vec<RevocationRecord>,
        ) -> Self {
            let mut room = ROOM;
            let mut kept = 0;
            for record in newest.iter().rev() {
                let size = RECORD_OVERHEAD + record.document.len();
                // The last record is always there: instances read it again.
                if kept > 0 && size > room {
                    break;
                }
                room = room.saturating_sub(size);
                kept += 1;
            }
            let dropped = newest.drain(..newest.len().saturating_sub(kept)).next_back();
            let complete_from = match dropped {
                Some(dropped) => dropped.sequence.saturating_add(1),
                None => complete_from,
            };
            Self { sequence, complete_from, newest }
        }

        /// Returns the head after an append.
        pub(crate) fn followed_by(&self, appended: &[RevocationRecord]) -> Self {
            let sequence = appended.last().map_or(self.sequence, |record| record.sequence);
            let newest = self.newest.iter().chain(appended).cloned().collect();
            Self::with(sequence, self.complete_from, newest)
        }

        /// Returns the head after records were deleted.
        pub(crate) fn without(&self, deleted: &BTreeSet<u64>) -> Self {
            let mut head = self.clone();
            head.newest.retain(|record| !deleted.contains(&record.sequence));
            head
        }

        /// Returns one of the copies.
        pub(crate) fn copy(&self, copy: u32) -> Item {
            let mut item = table_layout::of_head_copy(copy);
            let entries = self.newest.iter().map(|record| {
                let mut entry = record_item(record);
                entry.remove(table_layout::PARTITION);
                AttributeValue::M(entry)
            });
            item.extend([
                ("sequence".to_owned(), number(self.sequence)),
                ("complete_from".to_owned(), number(self.complete_from)),
                ("newest".to_owned(), AttributeValue::L(entries.collect())),
            ]);
            item
        }
    }
}

#[cfg(all(test, feature = "control"))]
mod tests {
    use super::*;
    use edge_auth_token::Timestamp;

    fn record(sequence: u64, length: usize) -> RevocationRecord {
        RevocationRecord {
            sequence,
            mark: "0123456789abcdef0123456789abcdef".to_owned(),
            document: "x".repeat(length),
            expires_at: Some(Timestamp::from_millis(4_000_000_000_000)),
        }
    }

    fn sequences(records: Option<Vec<RevocationRecord>>) -> Option<Vec<u64>> {
        records.map(|records| records.iter().map(|record| record.sequence).collect())
    }

    #[test]
    fn a_copy_is_read_as_the_head_that_was_written() {
        let head = Head::with(2, 1, vec![record(1, 10), record(2, 20)]);
        assert_eq!(Head::of(head.copy(7)).unwrap(), head);
        let empty = Head::with(0, 1, Vec::new());
        assert_eq!(Head::of(empty.copy(0)).unwrap(), empty);
    }

    #[test]
    fn a_head_answers_from_where_it_is_complete() {
        let head = Head::with(0, 1, Vec::new());
        assert_eq!(sequences(head.clone().since(1, 10)), Some(vec![]));
        let head = head.followed_by(&[record(1, 700), record(2, 700), record(3, 700)]);
        assert_eq!(sequences(head.clone().since(1, 10)), Some(vec![1, 2, 3]));
        assert_eq!(sequences(head.clone().since(1, 2)), Some(vec![1, 2]));
        assert_eq!(sequences(head.clone().since(3, 10)), Some(vec![3]));
        assert_eq!(sequences(head.clone().since(4, 10)), Some(vec![]));
        let head = head.followed_by(&[record(4, 700), record(5, 700)]);
        assert_eq!((head.sequence, head.complete_from), (5, 2));
        assert_eq!(sequences(head.clone().since(1, 10)), None);
        assert_eq!(sequences(head.since(2, 10)), Some(vec![2, 3, 4, 5]));
    }

    #[test]
    fn a_head_keeps_its_last_record_however_large_it_is() {
        let head = Head::with(1, 1, vec![record(1, 10)]).followed_by(&[record(2, 8192)]);
        assert_eq!((head.complete_from, head.newest.len()), (2, 1));
        let head = head.followed_by(&[record(3, 10)]);
        assert_eq!((head.complete_from, head.newest.len()), (3, 1));
    }

    #[test]
    fn a_deleted_record_leaves_the_head() {
        let head = Head::with(3, 1, vec![record(1, 10), record(2, 10), record(3, 10)]);
        let head = head.without(&[1, 2].into());
        assert_eq!(sequences(head.since(1, 10)), Some(vec![3]));
    }

    /// DynamoDB counts names and values, a list and a map 3 bytes, and each of their members 1.
    fn size(value: &AttributeValue) -> usize {
        match value {
            AttributeValue::S(text) => text.len(),
            AttributeValue::N(number) => number.len() / 2 + 2,
            AttributeValue::L(members) => {
                3 + members.iter().map(|one| 1 + size(one)).sum::<usize>()
            }
            AttributeValue::M(members) => 3 + size_of(members) + members.len(),
            _ => unreachable!(),
        }
    }

    fn size_of(item: &Item) -> usize {
        item.iter().map(|(name, value)| name.len() + size(value)).sum()
    }

    #[test]
    fn a_full_copy_costs_one_read_unit() {
        for length in [1, 40, 300, 700, 1200, 3600] {
            let records: Vec<_> = (1..200).map(|sequence| record(sequence, length)).collect();
            let head = Head::with(199, 1, records);
            let size = size_of(&head.copy(15));
            assert!((2000..=4096).contains(&size), "{length}: {size}");
        }
    }
}
