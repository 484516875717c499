//! The version of the ledger's tables, and the migrations that lead to it.
//!
//! A Durable Object outlives the Worker that made it, so its tables have a version. workerd refuses
//! `PRAGMA user_version`, so the version is in the table `schema_version`. To change the tables,
//! append a migration, and never edit one that was deployed: see `docs/how-to/add-a-store.md`.

use serde::Deserialize;
use worker::{Error, Result, SqlStorage, Storage};

use super::number;
use super::transaction::transaction;

/// Migration `n`, counted from 1, makes version `n` from version `n - 1`.
///
/// Version 1 existed before versions did. So an object without a version has some of its tables or
/// none, and the first migration creates only what is missing.
const MIGRATIONS: [&str; 1] = [VERSION_1];

/// Ids compare bytewise, as texts do in SQLite by default. Times are milliseconds since 1970.
const VERSION_1: &str = "
    CREATE TABLE IF NOT EXISTS api_key (
        id TEXT NOT NULL PRIMARY KEY,
        document TEXT NOT NULL,
        version INTEGER NOT NULL,
        lapses_at INTEGER,
        copied INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS api_key_lapses_at ON api_key (lapses_at) WHERE lapses_at IS NOT NULL;
    CREATE INDEX IF NOT EXISTS api_key_uncopied ON api_key (id) WHERE copied = 0;
    CREATE TABLE IF NOT EXISTS revocation (
        sequence INTEGER PRIMARY KEY,
        mark TEXT NOT NULL,
        document TEXT NOT NULL,
        lapses_at INTEGER
    ) STRICT;
    CREATE INDEX IF NOT EXISTS revocation_mark ON revocation (mark);
    CREATE INDEX IF NOT EXISTS revocation_lapses_at ON revocation (lapses_at) WHERE lapses_at IS NOT NULL;
    CREATE TABLE IF NOT EXISTS revocation_snapshot (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        sequence INTEGER NOT NULL,
        id TEXT NOT NULL,
        document TEXT NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS revocation_snapshot_part (
        id TEXT NOT NULL,
        part INTEGER NOT NULL,
        base64 TEXT NOT NULL,
        UNIQUE (id, part)
    ) STRICT;";

/// Brings the object's tables to the newest version in one transaction. Fails, and writes nothing,
/// if a newer Worker has migrated them further.
pub(super) fn migrate(storage: &Storage) -> Result<()> {
    const SET_VERSION: &str = "INSERT INTO schema_version (one, version) VALUES (1, ?)
         ON CONFLICT (one) DO UPDATE SET version = excluded.version";
    let sql = storage.sql();
    let newest = MIGRATIONS.len();
    transaction(storage, || {
        let stored = stored_version(&sql)?;
        if stored > newest {
            return Err(Error::RustError(format!(
                "the ledger's tables have version {stored}, and this Worker knows versions up to \
                 {newest}: deploy the newer Worker again, which migrated them"
            )));
        }
        if stored < newest {
            for migration in MIGRATIONS.iter().skip(stored) {
                sql.exec(migration, None)?;
            }
            sql.exec(SET_VERSION, vec![number(newest as u64)])?;
        }
        Ok(())
    })
}

/// Returns 0 for an object without a version.
fn stored_version(sql: &SqlStorage) -> Result<usize> {
    const CREATE: &str = "CREATE TABLE IF NOT EXISTS schema_version (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            version INTEGER NOT NULL
        ) STRICT";
    const VERSION: &str = "SELECT version FROM schema_version";
    #[derive(Deserialize)]
    struct Row {
        version: usize,
    }
    sql.exec(CREATE, None)?;
    let rows: Vec<Row> = sql.exec(VERSION, None)?.to_array()?;
    Ok(rows.first().map_or(0, |row| row.version))
}
