//! A store of any kind: one that writes, for the administration, and one that only reads.

use edge_auth::platform::{
    ApiKeyRecord, ApiKeys, LogTail, RevocationFeed, RevocationRecord, SnapshotRecord, Unavailable,
};
use edge_auth_control::store::{ApiKeyAdmin, Precondition, RevocationLog, WriteOutcome};
#[cfg(feature = "dynamodb")]
use edge_auth_dynamodb::{DynamoDbReader, DynamoDbStore};
use edge_auth_token::Timestamp;

use super::error::StoreError;
use super::pool::{SqliteReader, SqliteStore};

/// A store of one of the kinds that this build has. Clones share their connections.
#[derive(Clone)]
pub enum AnyStore {
    /// An SQLite file.
    Sqlite(SqliteStore),
    /// A DynamoDB table.
    #[cfg(feature = "dynamodb")]
    DynamoDb(DynamoDbStore),
}

/// A store of one of the kinds that this build has, as a gate reads it.
#[derive(Clone)]
pub enum AnyReader {
    /// An SQLite file, opened without the permission to write it.
    Sqlite(SqliteReader),
    /// A DynamoDB table, of which the reader has no write.
    #[cfg(feature = "dynamodb")]
    DynamoDb(DynamoDbReader),
}

impl AnyStore {
    /// Returns the same store as a gate reads it.
    ///
    /// # Errors
    /// The file is not what it was when it was opened.
    pub fn reader(&self) -> Result<AnyReader, StoreError> {
        Ok(match self {
            Self::Sqlite(store) => AnyReader::Sqlite(store.reader()?),
            #[cfg(feature = "dynamodb")]
            Self::DynamoDb(store) => AnyReader::DynamoDb(store.reader().clone()),
        })
    }
}

/// Calls a method of the store, whichever kind it is.
macro_rules! ask {
    ($any:ident, $store:ident => $call:expr) => {
        match $any {
            Self::Sqlite($store) => $call.await,
            #[cfg(feature = "dynamodb")]
            Self::DynamoDb($store) => $call.await,
        }
    };
}

/// Implements the read traits for a store of any kind.
macro_rules! read {
    ($any:ty) => {
        impl ApiKeys for $any {
            async fn find(
                &self,
                id: &str,
                now: Timestamp,
            ) -> Result<Option<ApiKeyRecord>, Unavailable> {
                ask!(self, store => store.find(id, now))
            }
        }

        impl RevocationFeed for $any {
            async fn since(&self, first: u64, limit: usize) -> Result<LogTail, Unavailable> {
                ask!(self, store => store.since(first, limit))
            }

            async fn marked(&self, mark: &str) -> Result<Vec<RevocationRecord>, Unavailable> {
                ask!(self, store => store.marked(mark))
            }

            async fn snapshot(&self) -> Result<Option<SnapshotRecord>, Unavailable> {
                ask!(self, store => store.snapshot())
            }

            async fn snapshot_part(
                &self,
                id: &str,
                index: u32,
            ) -> Result<Option<Vec<u8>>, Unavailable> {
                ask!(self, store => store.snapshot_part(id, index))
            }
        }
    };
}

read!(AnyReader);
read!(AnyStore);

impl ApiKeyAdmin for AnyStore {
    async fn put(
        &self,
        record: &ApiKeyRecord,
        expected: Precondition,
        now: Timestamp,
    ) -> Result<WriteOutcome, Unavailable> {
        ask!(self, store => store.put(record, expected, now))
    }

    async fn list(
        &self,
        after: Option<&str>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<ApiKeyRecord>, Unavailable> {
        ask!(self, store => store.list(after, limit, now))
    }
}

impl RevocationLog for AnyStore {
    fn max_appended(&self) -> usize {
        match self {
            Self::Sqlite(store) => store.max_appended(),
            #[cfg(feature = "dynamodb")]
            Self::DynamoDb(store) => store.max_appended(),
        }
    }

    async fn append(&self, records: &[RevocationRecord]) -> Result<WriteOutcome, Unavailable> {
        ask!(self, store => store.append(records))
    }

    async fn newest(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<RevocationRecord>, Unavailable> {
        ask!(self, store => store.newest(before, limit))
    }

    async fn put_snapshot_part(
        &self,
        id: &str,
        index: u32,
        bytes: &[u8],
    ) -> Result<(), Unavailable> {
        ask!(self, store => store.put_snapshot_part(id, index, bytes))
    }

    async fn put_snapshot(&self, snapshot: &SnapshotRecord) -> Result<WriteOutcome, Unavailable> {
        ask!(self, store => store.put_snapshot(snapshot))
    }

    async fn forget(
        &self,
        before: u64,
        now: Timestamp,
        limit: usize,
    ) -> Result<usize, Unavailable> {
        ask!(self, store => store.forget(before, now, limit))
    }
}
