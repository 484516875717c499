//! Where each thing is in the table, whose key is the strings `pk` and `sk`.
//!
//! | `pk` | `sk` | what |
//! |---|---|---|
//! | `api-key#0` … `api-key#f` | the key's id | an API-key record |
//!
//! DynamoDB sorts `sk` by its UTF-8 bytes within one `pk`: the order that a list wants. One `pk` for all records would be
//! one partition, and so 3,000 reads a second; sixteen are 48,000 from the first second on, for the price of
//! sixteen queries for each page of a list.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

pub(crate) const PARTITION: &str = "pk";
pub(crate) const SORT: &str = "sk";

/// What the ids of records are at most, in bytes.
const LONGEST_ID: usize = 128;

/// The partitions of API-key records. It is part of the stored format.
const SHARDS: u32 = 16;

/// The key of the record with this id; `None` for an id that no record has.
pub(crate) fn of_api_key(id: &str) -> Option<HashMap<String, AttributeValue>> {
    if id.is_empty() || id.len() > LONGEST_ID {
        return None;
    }
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let partition = shard(crc32fast::hash(id.as_bytes()) % SHARDS);
    Some(HashMap::from([(PARTITION.to_owned(), text(&partition)), (SORT.to_owned(), text(id))]))
}

/// All partitions of API-key records.
pub(crate) fn api_key_shards() -> impl ExactSizeIterator<Item = String> {
    (0..SHARDS).map(shard)
}

/// Something that the same ids sort after, and that DynamoDB takes for a sort key.
pub(crate) fn bound(after: &str) -> &str {
    // What is cut off begins after the end of the longest id, and so decides nothing.
    after.get(..after.floor_char_boundary(2 * LONGEST_ID)).unwrap_or_default()
}

fn shard(number: u32) -> String {
    format!("api-key#{number:x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_stays_where_it_was_written() {
        let key = of_api_key("0123456789ab").unwrap();
        assert_eq!(key["sk"], AttributeValue::S("0123456789ab".into()));
        assert_eq!(key["pk"], AttributeValue::S("api-key#2".into()));
    }

    #[test]
    fn records_are_spread_over_all_shards_and_no_others() {
        let used: std::collections::BTreeSet<String> = (0..500)
            .map(|number| of_api_key(&format!("id{number}")).unwrap()["pk"].as_s().unwrap().clone())
            .collect();
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
}
