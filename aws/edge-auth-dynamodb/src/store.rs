//! The store. A read of a record is one `GetItem`; a write is one conditional `PutItem`.

use std::future::Future;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use edge_auth::platform::{ApiKeyAdmin, ApiKeyRecord, ApiKeys, Expected, Put, Unavailable};
use edge_auth_token::Timestamp;

use crate::item::{WRITE, attributes, is_alive, number, record};
use crate::table_name::TableName;
use crate::trouble::{Trouble, cause};
use crate::{key, shard};

/// API-key records in a table. Clones share their connections.
///
/// Reads are consistent: what another host has written is seen at once.
#[derive(Debug, Clone)]
pub struct DynamoDbStore {
    client: Client,
    table: TableName,
    deadline: Duration,
}

impl DynamoDbStore {
    /// Records in this table; each operation, its retries included, has ended by `deadline`.
    pub fn new(client: Client, table: TableName, deadline: Duration) -> Self {
        Self { client, table, deadline }
    }

    /// The table.
    pub fn table(&self) -> &TableName {
        &self.table
    }

    /// The client, for what else is in the table.
    pub fn client(&self) -> &Client {
        &self.client
    }

    async fn within_deadline<T>(
        &self,
        operation: &'static str,
        work: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Unavailable> {
        let late = |_| Trouble(format!("no answer within {:?}", self.deadline));
        let done = tokio::time::timeout(self.deadline, work).await.map_err(late).flatten();
        done.map_err(|Trouble(why)| {
            Unavailable::new(format!("DynamoDB table {}: {operation}: {why}", self.table))
        })
    }
}

impl ApiKeys for DynamoDbStore {
    async fn find(&self, id: &str, now: Timestamp) -> Result<Option<ApiKeyRecord>, Unavailable> {
        let Some(key) = key::of_api_key(id) else {
            return Ok(None);
        };
        let get =
            self.client.get_item().table_name(self.table.as_str()).set_key(Some(key)).consistent_read(true);
        let found = self.within_deadline("GetItem", async {
            let item = get.send().await.map_err(cause)?.item;
            item.map(|item| record(item).map_err(Trouble)).transpose()
        });
        Ok(found.await?.filter(|record| is_alive(record, now)))
    }
}

impl ApiKeyAdmin for DynamoDbStore {
    /// If it is [`Unavailable`], the record may be stored or not: whoever asks again finds out, as a
    /// write is never done twice.
    async fn put(
        &self,
        record: &ApiKeyRecord,
        expected: Expected,
        now: Timestamp,
    ) -> Result<Put, Unavailable> {
        self.within_deadline("PutItem", self.put_item(record, expected, now)).await
    }

    async fn list(
        &self,
        after: Option<&str>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<ApiKeyRecord>, Unavailable> {
        let merged = shard::merged(&self.client, &self.table, (after, limit), now);
        self.within_deadline("Query", merged).await
    }
}

impl DynamoDbStore {
    async fn put_item(
        &self,
        record: &ApiKeyRecord,
        expected: Expected,
        now: Timestamp,
    ) -> Result<Put, Trouble> {
        let key =
            key::of_api_key(&record.id).ok_or_else(|| Trouble("an id has 1 to 128 bytes".to_owned()))?;
        let write = this_write()?;
        let mut item = attributes(record, write.clone());
        item.extend(key);
        let put = self
            .client
            .put_item()
            .table_name(self.table.as_str())
            .set_item(Some(item))
            .expression_attribute_values(":now", number(now.millis()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = match expected {
            Expected::Absent => put.condition_expression("attribute_not_exists(pk) OR lapses_at <= :now"),
            Expected::Version(version) => put
                .condition_expression(
                    "version = :version AND (attribute_not_exists(lapses_at) OR lapses_at > :now)",
                )
                .expression_attribute_values(":version", number(version)),
        };
        match put.send().await {
            Ok(_) => Ok(Put::Stored),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(stored)) => {
                    // After an answer that got lost, the retry finds what the first attempt wrote.
                    let ours = stored.item().and_then(|item| item.get(WRITE)) == Some(&write);
                    Ok(if ours { Put::Stored } else { Put::Conflict })
                }
                _ => Err(cause(error)),
            },
        }
    }
}

/// Names one call of `put`, all its attempts included.
fn this_write() -> Result<AttributeValue, Trouble> {
    let mut name = [0; 16];
    getrandom::fill(&mut name).map_err(|error| Trouble(format!("no randomness: {error}")))?;
    Ok(AttributeValue::B(Blob::new(name)))
}
