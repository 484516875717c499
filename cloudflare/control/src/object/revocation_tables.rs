//! The ledger's revocation feed: a log that grows only at its end, and its newest snapshot.

use edge_auth_cloudflare::protocol::{Part, StoredRevocation, StoredSnapshot};
use serde::Deserialize;
use serde::de::IgnoredAny;
use worker::{Result, SqlStorage, SqlStorageValue};

use super::{count, must_be_kept, number};

pub(super) fn since(sql: &SqlStorage, first: u64, limit: usize) -> Result<Vec<StoredRevocation>> {
    const SINCE: &str = "SELECT sequence, mark, document, lapses_at FROM revocation
         WHERE sequence >= ? ORDER BY sequence LIMIT ?";
    sql.exec(SINCE, vec![number(first), count(limit)])?.to_array()
}

pub(super) fn marked(sql: &SqlStorage, mark: &str) -> Result<Vec<StoredRevocation>> {
    const MARKED: &str = "SELECT sequence, mark, document, lapses_at FROM revocation
         WHERE mark = ? ORDER BY sequence";
    sql.exec(MARKED, vec![mark.into()])?.to_array()
}

pub(super) fn newest(
    sql: &SqlStorage,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<StoredRevocation>> {
    const NEWEST: &str = "SELECT sequence, mark, document, lapses_at FROM revocation
         WHERE sequence < ? ORDER BY sequence DESC LIMIT ?";
    sql.exec(NEWEST, vec![number(before.unwrap_or(u64::MAX)), count(limit)])?.to_array()
}

/// Appends records in the caller's transaction. Returns `false` if the log ends elsewhere than the
/// writer believes.
///
/// Each record is read again before it counts as stored: an operator who may run SQL in the object
/// can plant a trigger that takes it back.
pub(super) fn append(sql: &SqlStorage, records: &[StoredRevocation]) -> Result<bool> {
    const NEWEST: &str = "SELECT coalesce(max(sequence), 0) AS sequence FROM revocation";
    const INSERT: &str =
        "INSERT INTO revocation (sequence, mark, document, lapses_at) VALUES (?, ?, ?, ?)";
    const IS_KEPT: &str = "SELECT sequence FROM revocation
         WHERE sequence = ? AND mark = ? AND document = ? AND lapses_at IS ?";
    #[derive(Deserialize)]
    struct Newest {
        sequence: u64,
    }
    let newest: Newest = sql.exec(NEWEST, None)?.one()?;
    if (newest.sequence + 1..).zip(records).any(|(next, record)| next != record.sequence) {
        return Ok(false);
    }
    for StoredRevocation { sequence, mark, document, expires_at } in records {
        let row = vec![
            number(*sequence),
            mark.as_str().into(),
            document.as_str().into(),
            expires_at.map_or(SqlStorageValue::Null, number),
        ];
        sql.exec(INSERT, row.clone())?;
        must_be_kept(sql, IS_KEPT, row)?;
    }
    Ok(true)
}

pub(super) fn forget(sql: &SqlStorage, before: u64, now: u64, limit: usize) -> Result<usize> {
    const FORGET: &str = "DELETE FROM revocation WHERE sequence IN
         (SELECT sequence FROM revocation WHERE lapses_at <= ? AND sequence < ? LIMIT ?) RETURNING sequence";
    let forgotten: Vec<IgnoredAny> =
        sql.exec(FORGET, vec![number(now), number(before), count(limit)])?.to_array()?;
    Ok(forgotten.len())
}

pub(super) fn snapshot(sql: &SqlStorage) -> Result<Option<StoredSnapshot>> {
    const SNAPSHOT: &str = "SELECT sequence, id, document FROM revocation_snapshot";
    Ok(sql.exec(SNAPSHOT, None)?.to_array()?.pop())
}

/// Replaces the snapshot unless the stored one goes as far, and drops the parts of lesser ids, in
/// the caller's transaction. Returns whether it was replaced.
pub(super) fn put_snapshot(sql: &SqlStorage, snapshot: &StoredSnapshot) -> Result<bool> {
    const LESSER: &str = "DELETE FROM revocation_snapshot_part WHERE id < ?";
    const PUT: &str =
        "INSERT INTO revocation_snapshot (one, sequence, id, document) VALUES (1, ?, ?, ?)
         ON CONFLICT (one) DO UPDATE
         SET sequence = excluded.sequence, id = excluded.id, document = excluded.document
         WHERE revocation_snapshot.sequence < excluded.sequence RETURNING sequence";
    const IS_KEPT: &str =
        "SELECT sequence FROM revocation_snapshot WHERE sequence = ? AND id = ? AND document = ?";
    let StoredSnapshot { sequence, id, document } = snapshot;
    let row = vec![number(*sequence), id.as_str().into(), document.as_str().into()];
    let written: Vec<IgnoredAny> = sql.exec(PUT, row.clone())?.to_array()?;
    if written.is_empty() {
        return Ok(false);
    }
    sql.exec(LESSER, vec![id.as_str().into()])?;
    must_be_kept(sql, IS_KEPT, row)?;
    Ok(true)
}

pub(super) fn part(sql: &SqlStorage, id: &str, index: u32) -> Result<Option<Part>> {
    const PART: &str = "SELECT base64 FROM revocation_snapshot_part WHERE id = ? AND part = ?";
    Ok(sql.exec(PART, vec![id.into(), number(index.into())])?.to_array()?.pop())
}

pub(super) fn put_part(sql: &SqlStorage, id: &str, index: u32, part: &Part) -> Result<()> {
    const PUT: &str = "INSERT INTO revocation_snapshot_part (id, part, base64) VALUES (?, ?, ?)
         ON CONFLICT (id, part) DO UPDATE SET base64 = excluded.base64";
    const IS_KEPT: &str =
        "SELECT part FROM revocation_snapshot_part WHERE id = ? AND part = ? AND base64 = ?";
    let row = vec![id.into(), number(index.into()), part.base64.as_str().into()];
    sql.exec(PUT, row.clone())?;
    must_be_kept(sql, IS_KEPT, row)
}
