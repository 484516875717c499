//! The revocation feed in an SQLite file. Each method is one statement or one transaction.

use edge_auth::platform::{LogTail, RevocationFeed, RevocationRecord, SnapshotRecord, Unavailable};
use edge_auth_control::store::{RevocationLog, WriteOutcome};
use edge_auth_token::Timestamp;
use rusqlite::{Connection, OptionalExtension, Params, Row, params};

use super::api_keys::millis;
use super::error::StoreErrorKind;
use super::pool::{Sqlite, SqliteStore};
use super::schema::begin_write;

impl<const WRITES: bool> RevocationFeed for Sqlite<WRITES> {
    async fn since(&self, first: u64, limit: usize) -> Result<LogTail, Unavailable> {
        const SINCE: &str = "SELECT sequence, mark, document, lapses_at FROM revocation
             WHERE sequence >= ?1 ORDER BY sequence LIMIT ?2";
        let records = self
            .read(move |connection| records(connection, SINCE, params![most(first), most(limit)]))
            .await?;
        Ok(LogTail::current(records))
    }

    async fn marked(&self, mark: &str) -> Result<Vec<RevocationRecord>, Unavailable> {
        const MARKED: &str = "SELECT sequence, mark, document, lapses_at FROM revocation
             WHERE mark = ?1 ORDER BY sequence";
        let mark = mark.to_owned();
        self.read(move |connection| records(connection, MARKED, params![mark])).await
    }

    async fn snapshot(&self) -> Result<Option<SnapshotRecord>, Unavailable> {
        const SNAPSHOT: &str = "SELECT sequence, id, document FROM revocation_snapshot";
        self.read(|connection| {
            Ok(connection.prepare_cached(SNAPSHOT)?.query_row((), snapshot).optional()?)
        })
        .await
    }

    async fn snapshot_part(&self, id: &str, index: u32) -> Result<Option<Vec<u8>>, Unavailable> {
        const PART: &str = "SELECT bytes FROM revocation_snapshot_part WHERE id = ?1 AND part = ?2";
        let id = id.to_owned();
        self.read(move |connection| {
            Ok(connection
                .prepare_cached(PART)?
                .query_row(params![id, index], |row| row.get(0))
                .optional()?)
        })
        .await
    }
}

/// The most records of one transaction, which holds the one lock for writers for about 0.1 s. The
/// more records, the fewer times are the pages of the index of marks written.
const MAX_APPENDED: usize = 5000;

impl RevocationLog for SqliteStore {
    fn max_appended(&self) -> usize {
        MAX_APPENDED
    }

    async fn append(&self, records: &[RevocationRecord]) -> Result<WriteOutcome, Unavailable> {
        let records = records.to_vec();
        self.run(move |connection| append(connection, &records)).await
    }

    async fn newest(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<RevocationRecord>, Unavailable> {
        const NEWEST: &str = "SELECT sequence, mark, document, lapses_at FROM revocation
             WHERE sequence < ?1 ORDER BY sequence DESC LIMIT ?2";
        let before = before.map_or(i64::MAX, most);
        self.run(move |connection| records(connection, NEWEST, params![before, most(limit)])).await
    }

    async fn put_snapshot_part(
        &self,
        id: &str,
        index: u32,
        bytes: &[u8],
    ) -> Result<(), Unavailable> {
        let (id, bytes) = (id.to_owned(), bytes.to_vec());
        self.run(move |connection| put_snapshot_part(connection, &id, index, &bytes)).await
    }

    async fn put_snapshot(&self, snapshot: &SnapshotRecord) -> Result<WriteOutcome, Unavailable> {
        let snapshot = snapshot.clone();
        self.run(move |connection| put_snapshot(connection, &snapshot)).await
    }

    async fn forget(
        &self,
        before: u64,
        now: Timestamp,
        limit: usize,
    ) -> Result<usize, Unavailable> {
        const FORGET: &str = "DELETE FROM revocation WHERE sequence IN
             (SELECT sequence FROM revocation WHERE lapses_at <= ?2 AND sequence < ?1 LIMIT ?3)";
        self.run(move |connection| {
            let transaction = begin_write(connection)?;
            let parameters = params![most(before), millis(now), most(limit)];
            let forgotten = transaction.prepare_cached(FORGET)?.execute(parameters)?;
            transaction.commit()?;
            Ok(forgotten)
        })
        .await
    }
}

/// Compares and appends under SQLite's one lock for writers. Reads each record back by its sequence
/// and by its mark before it counts as stored.
fn append(
    connection: &mut Connection,
    records: &[RevocationRecord],
) -> Result<WriteOutcome, StoreErrorKind> {
    const NEWEST: &str = "SELECT coalesce(max(sequence), 0) FROM revocation";
    const INSERT: &str =
        "INSERT INTO revocation (sequence, mark, document, lapses_at) VALUES (?1, ?2, ?3, ?4)";
    const BY_SEQUENCE: &str = "SELECT 1 FROM revocation NOT INDEXED
         WHERE sequence = ?1 AND mark = ?2 AND document = ?3 AND lapses_at IS ?4";
    const BY_MARK: &str = "SELECT 1 FROM revocation INDEXED BY revocation_mark
         WHERE mark = ?2 AND sequence = ?1 AND document = ?3 AND lapses_at IS ?4";
    let transaction = begin_write(connection)?;
    let newest: i64 = transaction.prepare_cached(NEWEST)?.query_row((), |row| row.get(0))?;
    let mut insert = transaction.prepare_cached(INSERT)?;
    let mut by_sequence = transaction.prepare_cached(BY_SEQUENCE)?;
    let mut by_mark = transaction.prepare_cached(BY_MARK)?;
    for (next, record) in (newest.saturating_add(1)..).zip(records) {
        let RevocationRecord { sequence, mark, document, expires_at } = record;
        if i64::try_from(*sequence) != Ok(next) {
            return Ok(WriteOutcome::Conflict);
        }
        let expires_at = expires_at.map(millis);
        let row = params![next, mark, document, expires_at];
        insert.execute(row)?;
        if !by_sequence.exists(row)? || !by_mark.exists(row)? {
            return Err(StoreErrorKind::NotKept);
        }
    }
    drop((insert, by_sequence, by_mark));
    transaction.commit()?;
    Ok(WriteOutcome::Stored)
}

fn put_snapshot(
    connection: &mut Connection,
    snapshot: &SnapshotRecord,
) -> Result<WriteOutcome, StoreErrorKind> {
    const PUT: &str =
        "INSERT INTO revocation_snapshot (one, sequence, id, document) VALUES (1, ?1, ?2, ?3)
         ON CONFLICT (one) DO UPDATE
         SET sequence = excluded.sequence, id = excluded.id, document = excluded.document
         WHERE revocation_snapshot.sequence < excluded.sequence";
    const IS_KEPT: &str =
        "SELECT 1 FROM revocation_snapshot WHERE sequence = ?1 AND id = ?2 AND document = ?3";
    const LESSER: &str = "DELETE FROM revocation_snapshot_part WHERE id < ?1";
    let SnapshotRecord { sequence, id, document } = snapshot;
    let sequence = i64::try_from(*sequence).map_err(|_| StoreErrorKind::TooLarge)?;
    let transaction = begin_write(connection)?;
    if transaction.prepare_cached(PUT)?.execute(params![sequence, id, document])? == 0 {
        return Ok(WriteOutcome::Conflict);
    }
    transaction.prepare_cached(LESSER)?.execute(params![id])?;
    if !transaction.prepare_cached(IS_KEPT)?.exists(params![sequence, id, document])? {
        return Err(StoreErrorKind::NotKept);
    }
    transaction.commit()?;
    Ok(WriteOutcome::Stored)
}

fn put_snapshot_part(
    connection: &mut Connection,
    id: &str,
    index: u32,
    bytes: &[u8],
) -> Result<(), StoreErrorKind> {
    const PUT: &str = "INSERT INTO revocation_snapshot_part (id, part, bytes) VALUES (?1, ?2, ?3)
         ON CONFLICT (id, part) DO UPDATE SET bytes = excluded.bytes";
    const IS_KEPT: &str =
        "SELECT 1 FROM revocation_snapshot_part WHERE id = ?1 AND part = ?2 AND bytes = ?3";
    let transaction = begin_write(connection)?;
    transaction.prepare_cached(PUT)?.execute(params![id, index, bytes])?;
    if !transaction.prepare_cached(IS_KEPT)?.exists(params![id, index, bytes])? {
        return Err(StoreErrorKind::NotKept);
    }
    Ok(transaction.commit()?)
}

fn records(
    connection: &Connection,
    statement: &str,
    parameters: impl Params,
) -> Result<Vec<RevocationRecord>, StoreErrorKind> {
    let mut statement = connection.prepare_cached(statement)?;
    let rows = statement.query_map(parameters, record)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn record(row: &Row<'_>) -> rusqlite::Result<RevocationRecord> {
    let expires_at: Option<i64> = row.get(3)?;
    Ok(RevocationRecord {
        sequence: number(row.get(0)?),
        mark: row.get(1)?,
        document: row.get(2)?,
        expires_at: expires_at.map(|millis| Timestamp::from_millis(number(millis))),
    })
}

fn snapshot(row: &Row<'_>) -> rusqlite::Result<SnapshotRecord> {
    Ok(SnapshotRecord { sequence: number(row.get(0)?), id: row.get(1)?, document: row.get(2)? })
}

fn number(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or_default()
}

/// Clamps a number to the greatest that SQLite can store.
fn most(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}
