//! Writes and reads the attributes of items.
//!
//! | attribute | type | of | meaning |
//! |---|---|---|---|
//! | `document` | S | records, snapshots | their text, with its MAC |
//! | `lapses_at` | N | records | expiry in milliseconds since 1970; absent if they never expire |
//! | `version` | N | API-key records | counts the writes, from 1 |
//! | `expires_at` | N | API-key records | `lapses_at` in seconds, rounded up: the table's TTL attribute |
//! | `write` | B | API-key records | the call that wrote it: tells a repeated write from another writer's |
//! | `mark` | S | revocations | the tag by which they are found; the sort key of the index `mark` |
//! | `sequence` | N | heads, snapshots | the sequence of the last revocation |
//! | `newest`, `complete_from` | L, N | heads | the newest revocations, and the sequence from which these are all |
//! | `id` | S | snapshots | names their parts |
//! | `bytes` | B | parts of snapshots | the part's bytes |
//! | `parts` | N | counts of parts | the number of parts that may exist |

use std::collections::HashMap;

#[cfg(feature = "control")]
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use edge_auth_token::Timestamp;

use crate::error::DynamoDbError;
use crate::table_layout::SORT;

#[cfg(feature = "control")]
pub(crate) const TTL: &str = "expires_at";

pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

#[cfg(feature = "control")]
pub(crate) fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

#[cfg(feature = "control")]
pub(crate) fn bytes(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

/// An item that was read. Somebody may have edited it, so each error names the item and attribute.
pub(crate) struct Stored {
    sort: String,
    item: Item,
}

impl Stored {
    pub(crate) fn new(mut item: Item) -> Result<Self, DynamoDbError> {
        match item.remove(SORT) {
            Some(AttributeValue::S(sort)) => Ok(Self { sort, item }),
            _ => Err(DynamoDbError(format!("an item lacks `{SORT}`"))),
        }
    }

    /// Returns the sort key.
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
        let Some(AttributeValue::N(number)) = self.item.get(attribute) else {
            return Err(self.wrong(attribute));
        };
        number.parse().map_err(|_| self.wrong(attribute))
    }

    /// Takes a list out.
    pub(crate) fn list(&mut self, attribute: &str) -> Result<Vec<AttributeValue>, DynamoDbError> {
        match self.item.remove(attribute) {
            Some(AttributeValue::L(list)) => Ok(list),
            _ => Err(self.wrong(attribute)),
        }
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
        if !self.item.contains_key(attribute) {
            return Ok(None);
        }
        Ok(Some(Timestamp::from_millis(self.number(attribute)?)))
    }

    /// Returns the error for an attribute that is not as it must be.
    pub(crate) fn wrong(&self, attribute: &str) -> DynamoDbError {
        DynamoDbError(format!(
            "the item {:?} is damaged: `{attribute}` is missing or of a wrong type",
            self.sort
        ))
    }
}
