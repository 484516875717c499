//! The stores of API-key records and revocations: an SQLite file, which server and command share,
//! or a DynamoDB table.

mod any;
mod api_keys;
mod connection;
mod connections;
#[cfg(feature = "dynamodb")]
mod dynamodb;
mod error;
pub(crate) mod init;
mod pool;
mod revocations;
mod schema;
mod store_url;
#[cfg(test)]
mod tests;

pub use any::{AnyReader, AnyStore};
pub use error::StoreError;
pub use pool::{Sqlite, SqliteReader, SqliteStore};
pub use store_url::{StoreUrl, StoreUrlError};

use edge_auth::Policy;

use crate::error::CommandError;

/// Opens the store that an argument names, and returns whether it was created. Creates only files,
/// and none under a policy with a revocation feed: a lost store would come back with nothing
/// revoked. Errors do not repeat the argument, which may hold a password.
pub(crate) async fn open_or_make_named(
    argument: &str,
    policy: &Policy,
) -> Result<(AnyStore, bool), CommandError> {
    match named(argument)? {
        StoreUrl::Sqlite(path) if !policy.has_revocation_feed() => {
            let (store, made) = SqliteStore::open_or_make(&path)?;
            Ok((AnyStore::Sqlite(store), made))
        }
        spec => Ok((open_existing(spec).await?, false)),
    }
}

/// Opens the existing store that an argument names: a mistyped path must not become an empty store.
pub(crate) async fn open_existing_named(argument: &str) -> Result<AnyStore, CommandError> {
    open_existing(named(argument)?).await
}

/// Opens the existing store that an argument names, for a gate, which cannot change it.
pub(crate) async fn open_reader_named(argument: &str) -> Result<AnyReader, CommandError> {
    match named(argument)? {
        StoreUrl::Sqlite(path) => Ok(AnyReader::Sqlite(SqliteReader::open(&path)?)),
        #[cfg(feature = "dynamodb")]
        StoreUrl::DynamoDb(table) => {
            Ok(AnyReader::DynamoDb(dynamodb::open(table).await?.reader().clone()))
        }
    }
}

async fn open_existing(spec: StoreUrl) -> Result<AnyStore, CommandError> {
    match spec {
        StoreUrl::Sqlite(path) => Ok(AnyStore::Sqlite(SqliteStore::open_existing(&path)?)),
        #[cfg(feature = "dynamodb")]
        StoreUrl::DynamoDb(table) => Ok(AnyStore::DynamoDb(dynamodb::open(table).await?)),
    }
}

fn named(argument: &str) -> Result<StoreUrl, CommandError> {
    StoreUrl::parse(argument).map_err(|error| CommandError::Usage(format!("--store: {error}")))
}
