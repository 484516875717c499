//! The store: a client, a table, and a deadline for every operation.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemFluentBuilder;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use edge_auth::platform::Unavailable;
use futures::future::BoxFuture;

use crate::error::DynamoDbError;
use crate::item::Item;
use crate::table_name::TableName;

/// What a gate gives an operation: an authorizer that takes longer is no use to anybody.
pub const DEADLINE: Duration = Duration::from_secs(2);

/// Made for the first call: it takes about as long as all else that a function does to start.
pub(crate) type LazyClient = LazyLock<Client, Box<dyn FnOnce() -> Client + Send>>;

/// API-key records and revocations in a table. Clones share their connections.
///
/// Reads are consistent: what another host has written is seen at once.
#[derive(Debug, Clone)]
pub struct DynamoDbStore {
    pub(crate) client: Arc<LazyClient>,
    pub(crate) table: TableName,
    pub(crate) deadline: Duration,
}

impl DynamoDbStore {
    /// The table.
    pub fn table(&self) -> &TableName {
        &self.table
    }

    /// `work` is boxed, as the SDK's futures are nested too deeply for the compiler to look
    /// through.
    pub(crate) async fn within_deadline<T>(
        &self,
        operation: &'static str,
        work: BoxFuture<'_, Result<T, DynamoDbError>>,
    ) -> Result<T, Unavailable> {
        let late = |_| DynamoDbError(format!("no answer within {:?}", self.deadline));
        let done = tokio::time::timeout(self.deadline, work).await.map_err(late).flatten();
        done.map_err(|DynamoDbError(why)| {
            Unavailable::new(format!("DynamoDB table {}: {operation}: {why}", self.table))
        })
    }

    pub(crate) fn get(&self, key: Item) -> GetItemFluentBuilder {
        self.client
            .get_item()
            .table_name(self.table.as_str())
            .set_key(Some(key))
            .consistent_read(true)
    }

    pub(crate) fn put_item(&self, item: Item) -> PutItemFluentBuilder {
        self.client.put_item().table_name(self.table.as_str()).set_item(Some(item))
    }

    pub(crate) fn query(&self) -> QueryFluentBuilder {
        self.client.query().table_name(self.table.as_str()).consistent_read(true)
    }
}
