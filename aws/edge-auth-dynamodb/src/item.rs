//! Attributes of items, written and read.
//!
//! | attribute | type | of | what |
//! |---|---|---|---|
//! | `document` | S | records, snapshots | their text, with its MAC |
//! | `lapses_at` | N | records | milliseconds since 1970; left out if they never lapse |
//! | `version` | N | API-key records | counts the writes, from 1 |
//! | `expires_at` | N | API-key records | `lapses_at` in seconds, rounded up: the table's TTL attribute |
//! | `write` | B | API-key records | which call wrote it: what tells a repeated write from somebody else's |
//! | `mark` | S | revocations | what they are found by; the sort key of the index `mark` |
//! | `sequence` | N | the head, snapshots | that of the last revocation |
//! | `id` | S | snapshots | names their parts |
//! | `bytes` | B | parts of snapshots | |
//! | `parts` | N | counts of parts | how many parts may be there |

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use edge_auth_token::Timestamp;

use crate::error::DynamoDbError;
use crate::table_layout::SORT;

pub(crate) const TTL: &str = "expires_at";

pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

pub(crate) fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(crate) fn bytes(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

/// An item that was read. Somebody may have edited it; what is not as it must be is named.
pub(crate) struct Stored {
    sort: String,
    item: Item,
}

impl Stored {
    pub(crate) fn new(mut item: Item) -> Result<Self, DynamoDbError> {
        match item.remove(SORT) {
            Some(AttributeValue::S(sort)) => Ok(Self { sort, item }),
            _ => Err(DynamoDbError(format!("an item without `{SORT}`"))),
        }
    }

    /// Its sort key.
    pub(crate) fn sort(&self) -> &str {
        &self.sort
    }

    /// Takes a text out.
    pub(crate) fn text(&mut self, attribute: &str) -> Result<String, DynamoDbError> {
        match self.item.remove(attribute) {
            Some(AttributeValue::S(text)) => Ok(text),
            _ => Err(self.wrong(attribute)),
        }
    }

    pub(crate) fn number(&self, attribute: &str) -> Result<u64, DynamoDbError> {
        let number = self.item.get(attribute).and_then(|value| value.as_n().ok());
        number.and_then(|number| number.parse().ok()).ok_or_else(|| self.wrong(attribute))
    }

    /// Takes bytes out.
    pub(crate) fn bytes(&mut self, attribute: &str) -> Result<Vec<u8>, DynamoDbError> {
        match self.item.remove(attribute) {
            Some(AttributeValue::B(bytes)) => Ok(bytes.into_inner()),
            _ => Err(self.wrong(attribute)),
        }
    }

    pub(crate) fn expires_at(&self) -> Result<Option<Timestamp>, DynamoDbError> {
        let attribute = "lapses_at";
        match self.item.contains_key(attribute) {
            true => Ok(Some(Timestamp::from_millis(self.number(attribute)?))),
            false => Ok(None),
        }
    }

    pub(crate) fn wrong(&self, attribute: &str) -> DynamoDbError {
        DynamoDbError(format!(
            "the item {:?} is damaged: `{attribute}` is missing or of a wrong type",
            self.sort
        ))
    }
}
