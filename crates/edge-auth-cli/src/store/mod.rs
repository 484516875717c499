//! Where this host keeps API-key records: an SQLite file, shared by the server and the command.

mod connection;
mod spec;
mod sqlite;
#[cfg(test)]
mod tests;
mod trouble;

pub use spec::{StoreSpec, StoreSpecError};
pub use sqlite::SqliteStore;
pub use trouble::StoreTrouble;

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
