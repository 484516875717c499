//! The keys of items. A key is two strings, `pk` and `sk`.
//!
//! | `pk` | `sk` | item |
//! |---|---|---|
//! | `api-key#0` … `api-key#f` | the key's id | an API-key record |
//! | `revocation` | its sequence, in 20 digits | a revocation |
//! | `revocation-head#0` … `revocation-head#f` | `-` | copies of the log's head: its newest revocations |
//! | `revocation-head` | `-` | the head of earlier versions; `sequence` is `moved` |
//! | `revocation-snapshot` | `-` | the newest snapshot |
//! | `revocation-snapshot#` its id `#` the part's index | `-` | a part of a snapshot |
//! | `revocation-snapshot-parts` | the snapshot's id | the number of its parts |
//!
//! DynamoDB sorts `sk` by its UTF-8 bytes within one `pk`: the order that lists want. One `pk` for
//! all API-key records would be one partition, and so 3,000 reads a second; sixteen are 48,000 from
//! the first second on, for the price of sixteen queries for each page of a list. Revocations need
//! one order, so they are one partition, of which instances mostly read the copies of the head.

use crate::item::{Item, text};

pub(crate) const PARTITION: &str = "pk";
pub(crate) const SORT: &str = "sk";

/// The index that finds revocations by their marks. It is local, so that reads are consistent.
pub(crate) const MARK_INDEX: &str = "mark";

/// The partition of revocations.
pub(crate) const REVOCATIONS: &str = "revocation";

#[cfg(feature = "control")]
/// The partition of the counts of parts.
pub(crate) const SNAPSHOT_PARTS: &str = "revocation-snapshot-parts";

/// The sort key of an item that is alone in its partition.
const ALONE: &str = "-";

/// The length of the longest id of an API key, in bytes.
const LONGEST_ID: usize = 128;

/// The number of partitions of API-key records. It is part of the stored format.
const SHARDS: u32 = 16;

/// Returns the key of the API-key record with this id, or `None` if no record can have the id.
pub(crate) fn of_api_key(id: &str) -> Option<Item> {
    if id.is_empty() || id.len() > LONGEST_ID {
        return None;
    }
    Some(key(&shard(crc32fast::hash(id.as_bytes()) % SHARDS), id))
}

#[cfg(feature = "control")]
/// Returns all partitions of API-key records.
pub(crate) fn api_key_shards() -> impl ExactSizeIterator<Item = String> {
    (0..SHARDS).map(shard)
}

#[cfg(feature = "control")]
/// Shortens `after` to a sort key that DynamoDB accepts and after which the same ids sort.
pub(crate) fn bound(after: &str) -> &str {
    // The cut is behind the end of the longest id, so the order of ids does not depend on the rest.
    after.get(..after.floor_char_boundary(2 * LONGEST_ID)).unwrap_or_default()
}

#[cfg(feature = "control")]
pub(crate) fn of_revocation(sequence: u64) -> Item {
    key(REVOCATIONS, &revocation_sort(sequence))
}

/// Returns the sort key of a sequence. Sort keys have the order of their sequences.
pub(crate) fn revocation_sort(sequence: u64) -> String {
    format!("{sequence:020}")
}

/// Returns the key of a copy of the log's head.
pub(crate) fn of_head_copy(copy: u32) -> Item {
    key(&format!("revocation-head#{copy:x}"), ALONE)
}

/// Returns the key of the single head that earlier versions move.
#[cfg(feature = "control")]
pub(crate) fn of_revocation_head() -> Item {
    key("revocation-head", ALONE)
}

pub(crate) fn of_snapshot() -> Item {
    key("revocation-snapshot", ALONE)
}

#[cfg(feature = "control")]
/// Returns the key of the count of a snapshot's parts. Snapshots that were never stored have one
/// too.
pub(crate) fn of_snapshot_parts(id: &str) -> Item {
    key(SNAPSHOT_PARTS, id)
}

/// Returns the key of a part. Each has a partition, as parts are large.
pub(crate) fn of_snapshot_part(id: &str, index: u32) -> Item {
    key(&format!("revocation-snapshot#{id}#{index}"), ALONE)
}

fn shard(number: u32) -> String {
    format!("api-key#{number:x}")
}

fn key(partition: &str, sort: &str) -> Item {
    Item::from([(PARTITION.to_owned(), text(partition)), (SORT.to_owned(), text(sort))])
}

#[cfg(all(test, feature = "control"))]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_record_stays_where_it_was_written() {
        let key = of_api_key("0123456789ab").unwrap();
        assert_eq!(key["sk"], text("0123456789ab"));
        assert_eq!(key["pk"], text("api-key#2"));
    }

    #[test]
    fn records_are_spread_over_all_shards_and_no_others() {
        let shard_of =
            |number: u32| of_api_key(&format!("id{number}")).unwrap()["pk"].as_s().unwrap().clone();
        let used: BTreeSet<String> = (0..500).map(shard_of).collect();
        assert!(used.into_iter().eq(api_key_shards()));
    }

    #[test]
    fn an_id_that_no_record_can_have_has_no_key() {
        assert_eq!(of_api_key(""), None);
        assert_eq!(of_api_key(&"x".repeat(129)), None);
        assert!(of_api_key(&"é".repeat(64)).is_some());
    }

    #[test]
    fn a_bound_that_was_cut_lies_between_the_same_ids() {
        let after = "é".repeat(1000);
        let cut = bound(&after);
        assert!(cut.len() <= 1024);
        for id in ["a", &"é".repeat(64), &"é".repeat(63), "ê", "🔑"] {
            assert_eq!(id > after.as_str(), id > cut, "{id}");
        }
        assert_eq!(bound("abc"), "abc");
    }

    #[test]
    fn sequences_sort_as_numbers() {
        let sorts = [0, 1, 9, 10, 99, 100, u64::MAX].map(revocation_sort);
        assert!(sorts.is_sorted());
        assert_eq!(sorts[6].len(), 20);
    }
}
