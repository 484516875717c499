//! The ledger's table of API keys.

use edge_auth_cloudflare::protocol::StoredKey;
use serde::de::IgnoredAny;
use worker::{Result, SqlStorage, SqlStorageValue};

use super::{count, must_be_kept, number};

/// How long an expired record is kept, so that a clock that runs ahead loses no keys.
const KEPT_MILLIS: u64 = 7 * 86_400_000;
/// How many expired records one write drops at most.
const PURGED: usize = 64;

pub(super) fn find(sql: &SqlStorage, id: &str, now: u64) -> Result<Vec<StoredKey>> {
    const FIND: &str = "SELECT id, document, version, lapses_at FROM api_key
         WHERE id = ? AND (lapses_at IS NULL OR lapses_at > ?)";
    sql.exec(FIND, vec![id.into(), number(now)])?.to_array()
}

pub(super) fn list(
    sql: &SqlStorage,
    after: Option<String>,
    limit: usize,
    now: u64,
) -> Result<Vec<StoredKey>> {
    const LIST: &str = "SELECT id, document, version, lapses_at FROM api_key
         WHERE id > ? AND (lapses_at IS NULL OR lapses_at > ?) ORDER BY id LIMIT ?";
    // Every id sorts after the empty text.
    let after = after.unwrap_or_default();
    sql.exec(LIST, vec![after.into(), number(now), count(limit)])?.to_array()
}

/// Stores a record by compare-and-set, in the caller's transaction, and reads it again. Drops a few
/// records that lapsed long ago. Returns whether the record was stored.
pub(super) fn put(
    sql: &SqlStorage,
    record: &StoredKey,
    expected: Option<u64>,
    now: u64,
) -> Result<bool> {
    const INSERT: &str =
        "INSERT INTO api_key (id, document, version, lapses_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (id) DO UPDATE SET document = excluded.document, version = excluded.version,
             lapses_at = excluded.lapses_at, copied = 0
         WHERE api_key.lapses_at <= ?5 RETURNING id";
    const UPDATE: &str =
        "UPDATE api_key SET document = ?2, version = ?3, lapses_at = ?4, copied = 0
         WHERE id = ?1 AND (lapses_at IS NULL OR lapses_at > ?5) AND version = ?6 RETURNING id";
    const IS_KEPT: &str = "SELECT id FROM api_key
         WHERE id = ? AND document = ? AND version = ? AND lapses_at IS ?";
    let StoredKey { id, document, version, expires_at } = record;
    let row = [
        id.as_str().into(),
        document.as_str().into(),
        number(*version),
        expires_at.map_or(SqlStorageValue::Null, number),
    ];
    let mut values = row.to_vec();
    values.push(number(now));
    let statement = match expected {
        None => INSERT,
        Some(expected) => {
            values.push(number(expected));
            UPDATE
        }
    };
    let written: Vec<IgnoredAny> = sql.exec(statement, values)?.to_array()?;
    if !written.is_empty() {
        must_be_kept(sql, IS_KEPT, row.to_vec())?;
    }
    sweep(sql, now, PURGED)?;
    Ok(!written.is_empty())
}

/// Drops records that lapsed long before `now`, `limit` at most. Returns how many.
pub(super) fn sweep(sql: &SqlStorage, now: u64, limit: usize) -> Result<usize> {
    const PURGE: &str = "DELETE FROM api_key WHERE id IN
         (SELECT id FROM api_key WHERE lapses_at <= ? ORDER BY lapses_at LIMIT ?) RETURNING id";
    let kept_since = number(now.saturating_sub(KEPT_MILLIS));
    let dropped: Vec<IgnoredAny> = sql.exec(PURGE, vec![kept_since, count(limit)])?.to_array()?;
    Ok(dropped.len())
}
