//! The ledger: a Durable Object with SQLite, the one writer of records for the whole world.
//!
//! Every write is a compare-and-set in its database, and then a copy to KV, if there is one. A copy
//! that fails, is slow or is missed is made again until it is made. The revocation feed is in the
//! same database.

#![allow(missing_docs, reason = "the functions that the macro makes have none")]

use std::pin::pin;
use std::time::Duration;

use edge_auth_token::Timestamp;
use futures_util::future::select;
use futures_util::lock::Mutex;
use serde::de::IgnoredAny;
use worker::{
    Delay, DurableObject, Env, Request, Response, Result, SqlStorage, SqlStorageValue, State,
    durable_object,
};

use super::kv_cache::{self, KvCache};
use super::protocol::{StoreRequest, StoreResponse, StoredKey};
use super::revocation_tables;
use super::within;

/// Ids compare bytewise, as SQLite's texts do by default. Times are milliseconds since 1970.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS api_key (
        id TEXT NOT NULL PRIMARY KEY,
        document TEXT NOT NULL,
        version INTEGER NOT NULL,
        lapses_at INTEGER,
        copied INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS api_key_lapses_at ON api_key (lapses_at) WHERE lapses_at IS NOT NULL;
    CREATE INDEX IF NOT EXISTS api_key_uncopied ON api_key (id) WHERE copied = 0;";
/// Lapsed records are removed only so long after: a clock that runs ahead must not lose keys.
const KEPT_MILLIS: u64 = 7 * 86_400_000;
/// How many lapsed records one write removes at most, and how many copies one attempt makes.
const BATCH: i64 = 64;
/// How long after a write what is not copied yet is attempted again, in milliseconds.
const RETRY_MILLIS: i64 = 5_000;
/// How long a write waits for its copy, before it is answered without.
const COPY_PATIENCE: Duration = Duration::from_secs(1);

/// The Durable Object.
#[durable_object]
pub struct Ledger {
    state: State,
    kv_cache: Option<KvCache>,
    /// Copies are made one after the other, so that an older one never overtakes.
    copying: Mutex<()>,
}

impl DurableObject for Ledger {
    fn new(state: State, env: Env) -> Self {
        let kv_cache = env.kv(kv_cache::BINDING).ok().map(KvCache);
        Self { state, kv_cache, copying: Mutex::new(()) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let request = serde_json::from_str(&request.text().await?)?;
        let sql = self.sql();
        sql.exec(SCHEMA, None)?;
        sql.exec(revocation_tables::SCHEMA, None)?;
        let answer = match request {
            StoreRequest::Find { id, now, missed } => {
                let found = self.find(&id, now)?;
                if missed && !found.is_empty() {
                    self.sql()
                        .exec("UPDATE api_key SET copied = 0 WHERE id = ?", vec![id.into()])?;
                    self.copy_later().await?;
                }
                StoreResponse::Found(found)
            }
            StoreRequest::List { after, limit, now } => {
                StoreResponse::Found(self.list(after, limit, now)?)
            }
            StoreRequest::Put { record, expected, now } => {
                let stored = self.put(&record, expected, now)?;
                if stored {
                    // Whatever becomes of the copy: what is stored is stored.
                    self.copy_later().await?;
                    let copied = pin!(self.copy(Timestamp::from_millis(now)));
                    select(copied, Delay::from(COPY_PATIENCE)).await;
                }
                StoreResponse::Put { stored }
            }
            StoreRequest::Since { first, limit } => {
                StoreResponse::Revocations(revocation_tables::since(&sql, first, limit)?)
            }
            StoreRequest::Marked { mark } => {
                StoreResponse::Revocations(revocation_tables::marked(&sql, &mark)?)
            }
            StoreRequest::Newest { before, limit } => {
                StoreResponse::Revocations(revocation_tables::newest(&sql, before, limit)?)
            }
            StoreRequest::Append { records } => {
                StoreResponse::Put { stored: revocation_tables::append(&sql, &records)? }
            }
            StoreRequest::Forget { before, now, limit } => {
                StoreResponse::Forgotten(revocation_tables::forget(&sql, before, now, limit)?)
            }
            StoreRequest::Snapshot => StoreResponse::Snapshot(revocation_tables::snapshot(&sql)?),
            StoreRequest::PutSnapshot { snapshot } => {
                StoreResponse::Put { stored: revocation_tables::put_snapshot(&sql, &snapshot)? }
            }
            StoreRequest::Part { id, index } => {
                StoreResponse::Part(revocation_tables::part(&sql, &id, index)?)
            }
            StoreRequest::PutPart { id, index, part } => {
                revocation_tables::put_part(&sql, &id, index, &part)?;
                StoreResponse::Put { stored: true }
            }
        };
        Response::ok(serde_json::to_string(&answer)?)
    }

    async fn alarm(&self) -> Result<Response> {
        if !self.copy(crate::worker::now()).await? {
            self.copy_later().await?;
        }
        Response::empty()
    }
}

impl Ledger {
    fn sql(&self) -> SqlStorage {
        self.state.storage().sql()
    }

    fn find(&self, id: &str, now: u64) -> Result<Vec<StoredKey>> {
        const FIND: &str = "SELECT id, document, version, lapses_at FROM api_key
             WHERE id = ? AND (lapses_at IS NULL OR lapses_at > ?)";
        self.sql().exec(FIND, vec![id.into(), number(now)])?.to_array()
    }

    fn list(&self, after: Option<String>, limit: usize, now: u64) -> Result<Vec<StoredKey>> {
        const LIST: &str = "SELECT id, document, version, lapses_at FROM api_key
             WHERE id > ? AND (lapses_at IS NULL OR lapses_at > ?) ORDER BY id LIMIT ?";
        // No id is empty.
        let after = after.unwrap_or_default();
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        self.sql().exec(LIST, vec![after.into(), number(now), number(limit)])?.to_array()
    }

    /// Statements without an `await` between them are one transaction.
    fn put(&self, record: &StoredKey, expected: Option<u64>, now: u64) -> Result<bool> {
        const INSERT: &str = "INSERT INTO api_key (id, document, version, lapses_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (id) DO UPDATE SET document = excluded.document, version = excluded.version,
                 lapses_at = excluded.lapses_at, copied = 0
             WHERE api_key.lapses_at <= ?5 RETURNING id";
        const UPDATE: &str =
            "UPDATE api_key SET document = ?2, version = ?3, lapses_at = ?4, copied = 0
             WHERE id = ?1 AND (lapses_at IS NULL OR lapses_at > ?5) AND version = ?6 RETURNING id";
        const IS_KEPT: &str = "SELECT id FROM api_key
             WHERE id = ? AND document = ? AND version = ? AND lapses_at IS ?";
        const PURGE: &str = "DELETE FROM api_key WHERE id IN
             (SELECT id FROM api_key WHERE lapses_at <= ? ORDER BY lapses_at LIMIT ?)";
        let StoredKey { id, document, version, expires_at } = record;
        let row = || {
            let expires_at = expires_at.map(number).unwrap_or(SqlStorageValue::Null);
            vec![id.as_str().into(), document.as_str().into(), number(*version), expires_at]
        };
        let mut values = row();
        values.push(number(now));
        let statement = match expected {
            None => INSERT,
            Some(expected) => {
                values.push(number(expected));
                UPDATE
            }
        };
        let written: Vec<IgnoredAny> = self.sql().exec(statement, values)?.to_array()?;
        if !written.is_empty() {
            revocation_tables::must_be_kept(&self.sql(), IS_KEPT, row())?;
        }
        self.sql().exec(
            PURGE,
            vec![number(now.saturating_sub(KEPT_MILLIS)), SqlStorageValue::Integer(BATCH)],
        )?;
        Ok(!written.is_empty())
    }

    /// Has the alarm copy what will not have been copied by then.
    async fn copy_later(&self) -> Result<()> {
        if self.kv_cache.is_some() {
            self.state.storage().set_alarm(RETRY_MILLIS).await?;
        }
        Ok(())
    }

    /// Copies to KV what was not copied yet, and says whether that was all. A failure is logged.
    async fn copy(&self, now: Timestamp) -> Result<bool> {
        const UNCOPIED: &str =
            "SELECT id, document, version, lapses_at FROM api_key WHERE copied = 0 LIMIT ?";
        const COPIED: &str = "UPDATE api_key SET copied = 1 WHERE id = ? AND version = ?";
        let Some(kv_cache) = &self.kv_cache else {
            return Ok(true);
        };
        let _turn = self.copying.lock().await;
        let due: Vec<StoredKey> =
            self.sql().exec(UNCOPIED, vec![SqlStorageValue::Integer(BATCH)])?.to_array()?;
        let many = i64::try_from(due.len()).is_ok_and(|due| due == BATCH);
        let mut failed = false;
        for record in due {
            match within("KV", kv_cache.copy(&record, now)).await {
                Ok(()) => drop(
                    self.sql()
                        .exec(COPIED, vec![record.id.as_str().into(), number(record.version)])?,
                ),
                Err(error) => {
                    failed = true;
                    worker::console_error!(
                        "ledger: the copy of record `{}` to KV failed: {error}",
                        record.id
                    );
                }
            }
        }
        Ok(!failed && !many)
    }
}

/// JavaScript counts to 2^53. No time, version or limit of ours is beyond; whatever is, is as good
/// as the end.
pub(super) fn number(value: u64) -> SqlStorageValue {
    const END: i64 = (1 << 53) - 1;
    SqlStorageValue::Integer(i64::try_from(value).map_or(END, |value| value.min(END)))
}
