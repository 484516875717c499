//! A record as an item of the table, and back.
//!
//! | attribute | type | what |
//! |---|---|---|
//! | `document` | S | the record's text, with its MAC |
//! | `version` | N | counts the writes, from 1 |
//! | `lapses_at` | N | milliseconds since 1970; left out if it never lapses |
//! | `expires_at` | N | the same in seconds, rounded up: the table's TTL attribute |
//! | `write` | B | which call wrote it: what tells a repeated write from somebody else's |

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use edge_auth::platform::ApiKeyRecord;
use edge_auth_token::Timestamp;

use crate::key::SORT;

pub(crate) const TTL: &str = "expires_at";
pub(crate) const WRITE: &str = "write";

pub(crate) type Item = HashMap<String, AttributeValue>;

/// Everything but the key.
pub(crate) fn attributes(record: &ApiKeyRecord, write: AttributeValue) -> Item {
    let mut item = Item::from([
        ("document".to_owned(), AttributeValue::S(record.document.clone())),
        ("version".to_owned(), number(record.version)),
        (WRITE.to_owned(), write),
    ]);
    if let Some(lapses_at) = record.lapses_at {
        item.insert("lapses_at".to_owned(), number(lapses_at.millis()));
        item.insert(TTL.to_owned(), number(lapses_at.millis().div_ceil(1000)));
    }
    item
}

/// The record in an item that somebody may have edited. The error says what is wrong with it.
pub(crate) fn record(mut item: Item) -> Result<ApiKeyRecord, String> {
    let id = text(&mut item, SORT).ok_or("an item without `sk` is no record")?;
    let wrong = |attribute: &str| {
        format!("the item {id:?} is no record: `{attribute}` is missing or of a wrong type")
    };
    let document = text(&mut item, "document").ok_or_else(|| wrong("document"))?;
    let version = item.get("version").and_then(counted).ok_or_else(|| wrong("version"))?;
    let lapses_at = match item.get("lapses_at") {
        None => None,
        Some(value) => Some(counted(value).map(Timestamp::from_millis).ok_or_else(|| wrong("lapses_at"))?),
    };
    Ok(ApiKeyRecord { id, document, version, lapses_at })
}

/// DynamoDB deletes what has lapsed within days, not at once.
pub(crate) fn is_alive(record: &ApiKeyRecord, now: Timestamp) -> bool {
    record.lapses_at.is_none_or(|lapses_at| now < lapses_at)
}

pub(crate) fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn counted(value: &AttributeValue) -> Option<u64> {
    value.as_n().ok()?.parse().ok()
}

fn text(item: &mut Item, attribute: &str) -> Option<String> {
    match item.remove(attribute)? {
        AttributeValue::S(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored() -> (ApiKeyRecord, Item) {
        let record = ApiKeyRecord {
            id: "k1".into(),
            document: "{}".into(),
            version: 7,
            lapses_at: Some(Timestamp::from_millis(1501)),
        };
        let mut item = attributes(&record, AttributeValue::Bool(true));
        item.insert(SORT.to_owned(), AttributeValue::S("k1".into()));
        (record, item)
    }

    #[test]
    fn a_record_returns_from_its_item() {
        let (stored, item) = stored();
        assert_eq!(record(item), Ok(stored));
    }

    #[test]
    fn the_table_forgets_a_record_in_the_second_after_it_lapsed() {
        assert_eq!(stored().1[TTL], AttributeValue::N("2".into()));
        let forever = ApiKeyRecord { lapses_at: None, ..stored().0 };
        let item = attributes(&forever, AttributeValue::Bool(true));
        assert!(!item.contains_key(TTL) && !item.contains_key("lapses_at"));
    }

    #[test]
    fn an_item_that_somebody_edited_is_no_record_and_is_named() {
        for attribute in ["document", "version", "lapses_at"] {
            for edited in
                [AttributeValue::Null(true), AttributeValue::N("-1.5".into()), AttributeValue::S("x".into())]
            {
                if (attribute, &edited) == ("document", &AttributeValue::S("x".into())) {
                    continue;
                }
                let mut item = stored().1;
                item.insert(attribute.to_owned(), edited);
                let why = record(item).unwrap_err();
                assert_eq!(
                    why,
                    format!("the item \"k1\" is no record: `{attribute}` is missing or of a wrong type")
                );
            }
        }
        for attribute in ["document", "version", SORT] {
            let mut item = stored().1;
            item.remove(attribute);
            assert!(record(item).unwrap_err().contains(attribute));
        }
    }
}
