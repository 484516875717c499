//! The ledger: a Durable Object with SQLite. There is one in the world, and it writes all records.
//!
//! It writes a record to its database by compare-and-set, and then a copy to KV, if KV is bound. An
//! alarm repeats a copy that failed, was slow or was missed until it succeeds. The revocation feed
//! is in the same database.

#![allow(missing_docs, reason = "the macro generates functions without any")]

use std::cell::Cell;
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
use super::transaction::transaction;
use super::{revocation_tables, schema, within};

/// How long an expired record is kept, so that a clock that runs ahead loses no keys.
const KEPT_MILLIS: u64 = 7 * 86_400_000;
/// How many expired records one write removes at most, and how many copies one attempt makes.
const BATCH: i64 = 64;
/// How long after a write the alarm repeats the copies that are missing, in milliseconds.
const RETRY_MILLIS: i64 = 5_000;
/// How long a write waits for its copy before it is answered.
const COPY_PATIENCE: Duration = Duration::from_secs(1);

/// The Durable Object.
#[durable_object]
pub struct Ledger {
    state: State,
    kv_cache: Option<KvCache>,
    /// Whether the tables have the version that this Worker knows. Checked before their first use.
    migrated: Cell<bool>,
    /// Held while copies are made: an older copy must not overtake a newer one.
    copying: Mutex<()>,
}

impl DurableObject for Ledger {
    fn new(state: State, env: Env) -> Self {
        let kv_cache = env.kv(kv_cache::BINDING).ok().map(KvCache);
        Self { state, kv_cache, migrated: Cell::new(false), copying: Mutex::new(()) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let request = serde_json::from_str(&request.text().await?)?;
        self.migrate()?;
        let response = self.answer(request).await?;
        Response::ok(serde_json::to_string(&response)?)
    }

    async fn alarm(&self) -> Result<Response> {
        self.migrate()?;
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

    /// Migrates the tables, once in the life of this instance.
    fn migrate(&self) -> Result<()> {
        if !self.migrated.get() {
            schema::migrate(&self.state.storage())?;
            self.migrated.set(true);
        }
        Ok(())
    }

    /// Runs `work` in a transaction.
    fn transaction<T>(&self, mut work: impl FnMut(&SqlStorage) -> Result<T>) -> Result<T> {
        let storage = self.state.storage();
        let sql = storage.sql();
        transaction(&storage, || work(&sql))
    }

    async fn answer(&self, request: StoreRequest) -> Result<StoreResponse> {
        let sql = self.sql();
        Ok(match request {
            StoreRequest::Find { id, now, missed } => {
                let found = find(&sql, &id, now)?;
                if missed && !found.is_empty() {
                    sql.exec("UPDATE api_key SET copied = 0 WHERE id = ?", vec![id.into()])?;
                    self.copy_later().await?;
                }
                StoreResponse::Found(found)
            }
            StoreRequest::List { after, limit, now } => {
                StoreResponse::Found(list(&sql, after, limit, now)?)
            }
            StoreRequest::Put { record, expected, now } => {
                let stored = self.transaction(|sql| put(sql, &record, expected, now))?;
                if stored {
                    // The record is stored, whether or not the copy succeeds.
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
            StoreRequest::Append { records } => StoreResponse::Put {
                stored: self.transaction(|sql| revocation_tables::append(sql, &records))?,
            },
            StoreRequest::Forget { before, now, limit } => {
                StoreResponse::Forgotten(revocation_tables::forget(&sql, before, now, limit)?)
            }
            StoreRequest::Snapshot => StoreResponse::Snapshot(revocation_tables::snapshot(&sql)?),
            StoreRequest::PutSnapshot { snapshot } => StoreResponse::Put {
                stored: self.transaction(|sql| revocation_tables::put_snapshot(sql, &snapshot))?,
            },
            StoreRequest::Part { id, index } => {
                StoreResponse::Part(revocation_tables::part(&sql, &id, index)?)
            }
            StoreRequest::PutPart { id, index, part } => {
                self.transaction(|sql| revocation_tables::put_part(sql, &id, index, &part))?;
                StoreResponse::Put { stored: true }
            }
        })
    }

    /// Sets the alarm, which copies what is not copied by then.
    async fn copy_later(&self) -> Result<()> {
        if self.kv_cache.is_some() {
            self.state.storage().set_alarm(RETRY_MILLIS).await?;
        }
        Ok(())
    }

    /// Copies records to KV that have no copy yet, and logs failures. Returns whether none is left.
    async fn copy(&self, now: Timestamp) -> Result<bool> {
        const UNCOPIED: &str =
            "SELECT id, document, version, lapses_at FROM api_key WHERE copied = 0 LIMIT ?";
        const COPIED: &str = "UPDATE api_key SET copied = 1 WHERE id = ? AND version = ?";
        let Some(kv_cache) = &self.kv_cache else {
            return Ok(true);
        };
        let _guard = self.copying.lock().await;
        let due: Vec<StoredKey> =
            self.sql().exec(UNCOPIED, vec![SqlStorageValue::Integer(BATCH)])?.to_array()?;
        let may_be_more = i64::try_from(due.len()) == Ok(BATCH);
        let mut failed = false;
        for record in due {
            match within("KV", kv_cache.copy(&record, now)).await {
                Ok(()) => {
                    let copied = vec![record.id.as_str().into(), number(record.version)];
                    self.sql().exec(COPIED, copied)?;
                }
                Err(error) => {
                    failed = true;
                    worker::console_error!(
                        "ledger: the copy of record `{}` to KV failed: {error}",
                        record.id
                    );
                }
            }
        }
        Ok(!failed && !may_be_more)
    }
}

fn find(sql: &SqlStorage, id: &str, now: u64) -> Result<Vec<StoredKey>> {
    const FIND: &str = "SELECT id, document, version, lapses_at FROM api_key
         WHERE id = ? AND (lapses_at IS NULL OR lapses_at > ?)";
    sql.exec(FIND, vec![id.into(), number(now)])?.to_array()
}

fn list(sql: &SqlStorage, after: Option<String>, limit: usize, now: u64) -> Result<Vec<StoredKey>> {
    const LIST: &str = "SELECT id, document, version, lapses_at FROM api_key
         WHERE id > ? AND (lapses_at IS NULL OR lapses_at > ?) ORDER BY id LIMIT ?";
    // Every id sorts after the empty text.
    let after = after.unwrap_or_default();
    sql.exec(LIST, vec![after.into(), number(now), count(limit)])?.to_array()
}

/// Stores a record by compare-and-set, in the caller's transaction, and reads it again. Returns
/// whether it was stored.
fn put(sql: &SqlStorage, record: &StoredKey, expected: Option<u64>, now: u64) -> Result<bool> {
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
    const PURGE: &str = "DELETE FROM api_key WHERE id IN
         (SELECT id FROM api_key WHERE lapses_at <= ? ORDER BY lapses_at LIMIT ?)";
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
        revocation_tables::must_be_kept(sql, IS_KEPT, row.to_vec())?;
    }
    let kept_since = number(now.saturating_sub(KEPT_MILLIS));
    sql.exec(PURGE, vec![kept_since, SqlStorageValue::Integer(BATCH)])?;
    Ok(!written.is_empty())
}

/// Binds a number. JavaScript counts exactly to 2^53 - 1, which no time, version or limit reaches;
/// a greater one becomes that.
pub(super) fn number(value: u64) -> SqlStorageValue {
    const LARGEST: i64 = (1 << 53) - 1;
    SqlStorageValue::Integer(i64::try_from(value).map_or(LARGEST, |value| value.min(LARGEST)))
}

pub(super) fn count(limit: usize) -> SqlStorageValue {
    number(u64::try_from(limit).unwrap_or(u64::MAX))
}
