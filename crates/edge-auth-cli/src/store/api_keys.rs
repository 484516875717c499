//! API-key records in an SQLite file. Reading a record takes one query.

use std::time::Duration;

use edge_auth::platform::{ApiKeyRecord, ApiKeys, Unavailable};
use edge_auth_control::store::{ApiKeyAdmin, Precondition, WriteOutcome};
use edge_auth_token::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::StoreErrorKind;
use super::pool::{Sqlite, SqliteStore};
use super::schema::begin_write;

/// The age at which lapsed records are removed: a clock that runs ahead must not lose keys.
const KEPT: Duration = Duration::from_secs(7 * 86_400);
/// The most lapsed records that one write removes.
const PURGED: i64 = 64;

impl<const WRITES: bool> ApiKeys for Sqlite<WRITES> {
    async fn find(&self, id: &str, now: Timestamp) -> Result<Option<ApiKeyRecord>, Unavailable> {
        const FIND: &str = "SELECT id, document, version, lapses_at FROM api_key
             WHERE id = ?1 AND (lapses_at IS NULL OR lapses_at > ?2)";
        let id = id.to_owned();
        self.read(move |connection| {
            let mut find = connection.prepare_cached(FIND)?;
            Ok(find.query_row(params![id, millis(now)], record).optional()?)
        })
        .await
    }
}

impl ApiKeyAdmin for SqliteStore {
    async fn put(
        &self,
        record: &ApiKeyRecord,
        expected: Precondition,
        now: Timestamp,
    ) -> Result<WriteOutcome, Unavailable> {
        let record = record.clone();
        self.run(move |connection| put(connection, &record, expected, now)).await
    }

    async fn list(
        &self,
        after: Option<&str>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<ApiKeyRecord>, Unavailable> {
        const LIST: &str = "SELECT id, document, version, lapses_at FROM api_key
             WHERE (?1 IS NULL OR id > ?1) AND (lapses_at IS NULL OR lapses_at > ?2)
             ORDER BY id LIMIT ?3";
        let after = after.map(str::to_owned);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.run(move |connection| {
            let mut list = connection.prepare_cached(LIST)?;
            let rows = list.query_map(params![after, millis(now), limit], record)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }
}

fn put(
    connection: &mut Connection,
    record: &ApiKeyRecord,
    expected: Precondition,
    now: Timestamp,
) -> Result<WriteOutcome, StoreErrorKind> {
    const INSERT: &str = "INSERT INTO api_key (id, document, version, lapses_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (id) DO UPDATE
         SET document = excluded.document, version = excluded.version, lapses_at = excluded.lapses_at
         WHERE api_key.lapses_at <= ?5";
    const UPDATE: &str = "UPDATE api_key SET document = ?2, version = ?3, lapses_at = ?4
         WHERE id = ?1 AND version = ?6 AND (lapses_at IS NULL OR lapses_at > ?5)";
    const IS_KEPT: &str = "SELECT 1 FROM api_key
         WHERE id = ?1 AND document = ?2 AND version = ?3 AND lapses_at IS ?4";
    const PURGE: &str = "DELETE FROM api_key WHERE id IN
         (SELECT id FROM api_key WHERE lapses_at <= ?1 ORDER BY lapses_at LIMIT ?2)";
    let ApiKeyRecord { id, document, version, expires_at } = record;
    let version = i64::try_from(*version).map_err(|_| StoreErrorKind::TooLarge)?;
    let expires_at = expires_at.map(millis);
    let transaction = begin_write(connection)?;
    let written = match expected {
        Precondition::Absent => transaction.prepare_cached(INSERT)?.execute(params![
            id,
            document,
            version,
            expires_at,
            millis(now)
        ])?,
        // SQLite cannot store such a version, so no record has it.
        Precondition::Version(known) => i64::try_from(known).map_or(Ok(0), |known| {
            transaction.prepare_cached(UPDATE)?.execute(params![
                id,
                document,
                version,
                expires_at,
                millis(now),
                known
            ])
        })?,
    };
    if written == 1
        && !transaction
            .prepare_cached(IS_KEPT)?
            .exists(params![id, document, version, expires_at])?
    {
        return Err(StoreErrorKind::NotKept);
    }
    transaction.prepare_cached(PURGE)?.execute(params![millis(now.minus(KEPT)), PURGED])?;
    transaction.commit()?;
    Ok(if written == 1 { WriteOutcome::Stored } else { WriteOutcome::Conflict })
}

fn record(row: &Row<'_>) -> rusqlite::Result<ApiKeyRecord> {
    let number =
        |index| row.get::<_, i64>(index).map(|number| u64::try_from(number).unwrap_or_default());
    let expires_at = match row.get_ref(3)? {
        rusqlite::types::ValueRef::Null => None,
        _ => Some(Timestamp::from_millis(number(3)?)),
    };
    Ok(ApiKeyRecord { id: row.get(0)?, document: row.get(1)?, version: number(2)?, expires_at })
}

/// Returns the milliseconds, or the latest that SQLite can store.
pub(super) fn millis(time: Timestamp) -> i64 {
    i64::try_from(time.millis()).unwrap_or(i64::MAX)
}
