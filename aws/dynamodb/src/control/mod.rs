//! The store as control has it: everything that the gate reads, and the writes.

mod api_keys;
mod append;
mod create_table;
mod revocations;
mod shard;
mod snapshots;

use std::time::Duration;

use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use edge_auth::platform::Unavailable;

pub use self::create_table::TableSetup;
pub(crate) use self::revocations::item as record_item;
use crate::item::Item;
use crate::reader::DynamoDbReader;
use crate::table_name::TableName;

/// Reads and writes API-key records and revocations in a table. Clones share their connections.
#[derive(Debug, Clone)]
pub struct DynamoDbStore {
    reader: DynamoDbReader,
}

impl DynamoDbStore {
    /// Makes the store from the environment, as [`DynamoDbReader::from_environment`] does.
    ///
    /// # Errors
    /// A variable is missing.
    pub fn from_environment(table: TableName, deadline: Duration) -> Result<Self, Unavailable> {
        Ok(Self { reader: DynamoDbReader::from_environment(table, deadline)? })
    }

    /// Makes the store in this table, as [`DynamoDbReader::connect`] does.
    pub fn connect(config: Builder, table: TableName, deadline: Duration) -> Self {
        Self { reader: DynamoDbReader::connect(config, table, deadline) }
    }

    /// Returns what a gate may have of this store.
    pub fn reader(&self) -> &DynamoDbReader {
        &self.reader
    }

    /// Returns the table's name.
    pub fn table(&self) -> &TableName {
        self.reader.table()
    }

    fn put_item(&self, item: Item) -> PutItemFluentBuilder {
        self.reader.client.put_item().table_name(self.reader.table.as_str()).set_item(Some(item))
    }
}
