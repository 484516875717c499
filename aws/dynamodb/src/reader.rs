//! The reader: a client, a table, and a deadline for every operation.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemFluentBuilder;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use edge_auth::platform::Unavailable;
use futures::future::BoxFuture;

use crate::error::DynamoDbError;
use crate::item::Item;
use crate::table_name::TableName;

/// How long a gate waits for an operation.
pub const DEADLINE: Duration = Duration::from_secs(2);

/// A client that the first call makes: making it takes as long as the rest of a function's start.
pub(crate) type LazyClient = LazyLock<Client, Box<dyn FnOnce() -> Client + Send>>;

/// Reads API-key records and revocations in a table, by `GetItem` and `Query` alone. Clones share
/// their connections.
///
/// Reads are consistent: they see at once what another host has written.
#[derive(Debug, Clone)]
pub struct DynamoDbReader {
    pub(crate) client: Arc<LazyClient>,
    pub(crate) table: TableName,
    pub(crate) deadline: Duration,
    /// The copy of the log's head that this instance reads.
    pub(crate) head: u32,
}

impl DynamoDbReader {
    /// Returns the table's name.
    pub fn table(&self) -> &TableName {
        &self.table
    }

    /// Runs `work` within the deadline. It is boxed, as the SDK's futures are nested too deeply for
    /// the compiler.
    pub(crate) async fn within_deadline<T>(
        &self,
        operation: &'static str,
        work: BoxFuture<'_, Result<T, DynamoDbError>>,
    ) -> Result<T, Unavailable> {
        let why = match tokio::time::timeout(self.deadline, work).await {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(DynamoDbError(why))) => why,
            Err(_) => format!("no answer within {:?}", self.deadline),
        };
        Err(Unavailable::new(format!("DynamoDB table {}: {operation}: {why}", self.table)))
    }

    pub(crate) fn get(&self, key: Item) -> GetItemFluentBuilder {
        self.client
            .get_item()
            .table_name(self.table.as_str())
            .set_key(Some(key))
            .consistent_read(true)
    }

    pub(crate) fn query(&self) -> QueryFluentBuilder {
        self.client.query().table_name(self.table.as_str()).consistent_read(true)
    }
}
