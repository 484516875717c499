//! Where this host keeps API-key records and revocations: an SQLite file, shared by the server and the
//! command.

mod connection;
mod revocations;
mod spec;
mod sqlite;
#[cfg(test)]
mod tests;
mod trouble;

pub use spec::{StoreSpec, StoreSpecError};
pub use sqlite::SqliteStore;
pub use trouble::StoreTrouble;

use crate::failure::Failure;

/// Opens a store, which is made if there is none.
pub fn open(spec: &StoreSpec) -> Result<SqliteStore, StoreTrouble> {
    let StoreSpec::Sqlite(path) = spec;
    SqliteStore::open(path)
}

/// Opens a store that must be there: a mistyped path is not to become an empty store.
pub fn open_existing(spec: &StoreSpec) -> Result<SqliteStore, StoreTrouble> {
    let StoreSpec::Sqlite(path) = spec;
    SqliteStore::open_existing(path)
}

/// Opens the store that an argument names. The argument itself is not repeated in an error: the
/// rest of a database URL often holds a password.
pub(crate) fn open_named(argument: &str) -> Result<SqliteStore, Failure> {
    open(&named(argument)?).map_err(|trouble| Failure::trouble(trouble.to_string()))
}

/// Opens the store that an argument names, which must be there.
pub(crate) fn open_existing_named(argument: &str) -> Result<SqliteStore, Failure> {
    open_existing(&named(argument)?).map_err(|trouble| Failure::trouble(trouble.to_string()))
}

fn named(argument: &str) -> Result<StoreSpec, Failure> {
    StoreSpec::parse(argument).map_err(|error| Failure::Usage(format!("--store: {error}")))
}
