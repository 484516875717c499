//! Writes an API-key record by one conditional `PutItem`, and lists records.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use edge_auth::platform::{ApiKeyRecord, ApiKeys, Unavailable};
use edge_auth_control::store::{ApiKeyAdmin, Precondition, WriteOutcome};
use edge_auth_token::Timestamp;
use futures::FutureExt;

use super::{DynamoDbStore, shard};
use crate::error::{DynamoDbError, cause};
use crate::item::{Item, TTL, bytes, number, text};
use crate::table_layout;

/// The attribute that names the call which wrote the item.
const WRITE: &str = "write";

impl ApiKeys for DynamoDbStore {
    async fn find(&self, id: &str, now: Timestamp) -> Result<Option<ApiKeyRecord>, Unavailable> {
        self.reader.find(id, now).await
    }
}

impl ApiKeyAdmin for DynamoDbStore {
    /// After [`Unavailable`], the record may be stored or not. Asking again tells which: a repeated
    /// write changes nothing.
    async fn put(
        &self,
        record: &ApiKeyRecord,
        expected: Precondition,
        now: Timestamp,
    ) -> Result<WriteOutcome, Unavailable> {
        self.reader.within_deadline("PutItem", self.put_record(record, expected, now).boxed()).await
    }

    async fn list(
        &self,
        after: Option<&str>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<ApiKeyRecord>, Unavailable> {
        self.reader
            .within_deadline("Query", shard::merged(&self.reader, (after, limit), now).boxed())
            .await
    }
}

impl DynamoDbStore {
    async fn put_record(
        &self,
        record: &ApiKeyRecord,
        expected: Precondition,
        now: Timestamp,
    ) -> Result<WriteOutcome, DynamoDbError> {
        let key = table_layout::of_api_key(&record.id)
            .ok_or_else(|| DynamoDbError("an id has 1 to 128 bytes".to_owned()))?;
        let write = this_write()?;
        let mut item = attributes(record, write.clone());
        item.extend(key);
        let put = self
            .put_item(item)
            .expression_attribute_values(":now", number(now.millis()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = match expected {
            Precondition::Absent => {
                put.condition_expression("attribute_not_exists(pk) OR lapses_at <= :now")
            }
            Precondition::Version(version) => put
                .condition_expression(
                    "version = :version AND (attribute_not_exists(lapses_at) OR lapses_at > :now)",
                )
                .expression_attribute_values(":version", number(version)),
        };
        match put.send().await {
            Ok(_) => Ok(WriteOutcome::Stored),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(stored)) => {
                    // If the first attempt's answer was lost, the retry finds its item.
                    let ours = stored.item().and_then(|item| item.get(WRITE)) == Some(&write);
                    Ok(if ours { WriteOutcome::Stored } else { WriteOutcome::Conflict })
                }
                _ => Err(cause(error)),
            },
        }
    }
}

/// Returns a random name for one call of `put`, which all its attempts share.
fn this_write() -> Result<AttributeValue, DynamoDbError> {
    let mut name = [0; 16];
    getrandom::fill(&mut name).map_err(|error| DynamoDbError(format!("no randomness: {error}")))?;
    Ok(bytes(&name))
}

/// Returns the item's attributes without the key.
fn attributes(record: &ApiKeyRecord, write: AttributeValue) -> Item {
    let mut item = Item::from([
        ("document".to_owned(), text(&record.document)),
        ("version".to_owned(), number(record.version)),
        (WRITE.to_owned(), write),
    ]);
    if let Some(expires_at) = record.expires_at {
        item.insert("lapses_at".to_owned(), number(expires_at.millis()));
        item.insert(TTL.to_owned(), number(expires_at.millis().div_ceil(1000)));
    }
    item
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api_keys::record;

    fn stored() -> (ApiKeyRecord, Item) {
        let record = ApiKeyRecord {
            id: "k1".into(),
            document: "{}".into(),
            version: 7,
            expires_at: Some(Timestamp::from_millis(1501)),
        };
        let mut item = attributes(&record, bytes(b"a write"));
        item.insert("sk".to_owned(), text("k1"));
        (record, item)
    }

    #[test]
    fn an_item_is_read_as_the_record_that_was_written() {
        let (stored, item) = stored();
        assert_eq!(record(item).unwrap(), stored);
    }

    #[test]
    fn the_ttl_is_the_expiry_rounded_up_to_seconds() {
        assert_eq!(stored().1[TTL], number(2));
        let forever = ApiKeyRecord { expires_at: None, ..stored().0 };
        let item = attributes(&forever, bytes(b"a write"));
        assert!(!item.contains_key(TTL) && !item.contains_key("lapses_at"));
    }

    #[test]
    fn a_damaged_item_is_refused_and_named() {
        let cases = [
            ("document", AttributeValue::Null(true)),
            ("document", number(1)),
            ("version", text("7")),
            ("version", AttributeValue::N("-1".into())),
            ("version", AttributeValue::N("1.5".into())),
            ("lapses_at", text("never")),
            ("lapses_at", AttributeValue::Null(true)),
        ];
        for (attribute, edited) in cases {
            let mut item = stored().1;
            item.insert(attribute.to_owned(), edited);
            let DynamoDbError(why) = record(item).unwrap_err();
            assert_eq!(
                why,
                format!("the item \"k1\" is damaged: `{attribute}` is missing or of a wrong type")
            );
        }
        for attribute in ["document", "version", "sk"] {
            let mut item = stored().1;
            item.remove(attribute);
            assert!(record(item).unwrap_err().0.contains(attribute));
        }
    }
}
