//! API-key records in an SQLite file. Reading a record takes one query.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use edge_auth::platform::{ApiKeyRecord, ApiKeys, Unavailable};
use edge_auth_control::store::{ApiKeyAdmin, Precondition, WriteOutcome};
use edge_auth_token::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use tokio::sync::Semaphore;

use super::connection::{Open, make};
use super::error::{StoreError, StoreErrorKind};
use super::schema::{Empty, begin_write};

/// The most open connections. Further requests wait.
pub(super) const CONNECTIONS: usize = 4;
/// The time after which a read fails. Clients wait longer than this.
pub(super) const DEADLINE: Duration = Duration::from_secs(3);
/// The age at which lapsed records are removed: a clock that runs ahead must not lose keys.
const KEPT: Duration = Duration::from_secs(7 * 86_400);
/// The most lapsed records that one write removes.
const PURGED: i64 = 64;

/// A store. Clones share their connections.
#[derive(Clone)]
pub struct SqliteStore(Arc<Shared>);

struct Shared {
    path: PathBuf,
    /// Bounds the connections that are in use.
    room: Arc<Semaphore>,
    idle: Mutex<Vec<Open>>,
}

impl SqliteStore {
    /// Opens the file. Creates it if it is missing.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_or_make(path).map(|(store, _)| store)
    }

    /// Opens the file; makes it if there is none, and returns whether it did.
    pub(crate) fn open_or_make(path: &Path) -> Result<(Self, bool), StoreError> {
        let opened = make(path).and_then(|()| Open::at(path, Empty::Fill));
        let (first, made) = opened.map_err(|kind| StoreError::new(path, kind))?;
        Ok((Self::with(path, first), made))
    }

    /// Opens an existing file that edge-auth created.
    pub fn open_existing(path: &Path) -> Result<Self, StoreError> {
        let opened = Open::at(path, Empty::Refuse);
        let (first, _) = opened.map_err(|kind| StoreError::new(path, kind))?;
        Ok(Self::with(path, first))
    }

    fn with(path: &Path, first: Open) -> Self {
        Self(Arc::new(Shared {
            path: path.to_owned(),
            room: Arc::new(Semaphore::new(CONNECTIONS)),
            idle: Mutex::new(vec![first]),
        }))
    }

    /// Runs `work` like [`Self::run`], but fails after [`DEADLINE`]: a request waits for it.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreErrorKind> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let late = |_| Err(StoreError::new(&self.0.path, StoreErrorKind::Late).into());
        tokio::time::timeout(DEADLINE, self.run(work)).await.unwrap_or_else(late)
    }

    /// Runs `work` on a thread that may wait for the disk. It runs to its end even if the caller
    /// stops waiting.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreErrorKind> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let gone = |_| Unavailable::new("the store is shutting down");
        let permit = Arc::clone(&self.0.room).acquire_owned().await.map_err(|_| gone(()))?;
        let shared = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || {
            let done = shared.with_connection(work);
            drop(permit);
            done
        });
        Ok(done.await.map_err(|_| gone(()))??)
    }
}

impl Shared {
    fn with_connection<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreErrorKind>,
    ) -> Result<T, StoreError> {
        self.try_with_connection(work).map_err(|kind| {
            // The file was there when it was opened.
            let kind = if kind == StoreErrorKind::Missing { StoreErrorKind::Gone } else { kind };
            StoreError::new(&self.path, kind)
        })
    }

    fn try_with_connection<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreErrorKind>,
    ) -> Result<T, StoreErrorKind> {
        let mut open = self.open()?;
        let done = work(&mut open.connection)?;
        open.check_files()?;
        // After an error a connection is not used again.
        self.idle().push(open);
        Ok(done)
    }

    /// Returns a connection to the file that is at the path now, with our schema.
    fn open(&self) -> Result<Open, StoreErrorKind> {
        loop {
            let idle = self.idle().pop();
            match idle {
                Some(open) if open.is_current()? => return Ok(open),
                Some(_) => {}
                None => return Ok(Open::at(&self.path, Empty::Refuse)?.0),
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Open>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ApiKeys for SqliteStore {
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
