//! The ledger: a Durable Object with SQLite. There is one in the world, and it writes all records.
//!
//! It writes a record to its database by compare-and-set, and then a copy to KV, if KV is bound. An
//! alarm repeats a copy that failed, was slow or was missed until it succeeds. The revocation feed
//! is in the same database.

#![allow(missing_docs, reason = "the macro generates functions without any")]

mod copies;
mod key_table;
mod revocation_tables;
mod schema;
mod transaction;

use std::cell::Cell;
use std::pin::pin;
use std::time::Duration;

use edge_auth_cloudflare::now;
use edge_auth_cloudflare::protocol::{ReadRequest, ReadResponse};
use edge_auth_token::Timestamp;
use futures_util::future::select;
use serde::de::IgnoredAny;
use worker::{
    Delay, DurableObject, Env, Request, Response, Result, SqlStorage, SqlStorageValue, State,
    durable_object,
};

use crate::store::protocol::{LedgerRequest, LedgerResponse, WriteRequest, WriteResponse};
use copies::Copies;
use transaction::transaction;

/// How long after a write the alarm repeats the copies that are missing, in milliseconds.
const RETRY_MILLIS: i64 = 5_000;
/// How long a write waits for its copy before it is answered.
const COPY_PATIENCE: Duration = Duration::from_secs(1);

/// The Durable Object.
#[durable_object]
pub struct Ledger {
    state: State,
    copies: Option<Copies>,
    /// Whether the tables have the version that this Worker knows. Checked before their first use.
    migrated: Cell<bool>,
}

impl DurableObject for Ledger {
    fn new(state: State, env: Env) -> Self {
        Self { state, copies: Copies::bound(&env), migrated: Cell::new(false) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let request = LedgerRequest::parse(&request.text().await?)?;
        self.migrate()?;
        let response = match request {
            LedgerRequest::Read(request) => LedgerResponse::Read(self.read(request)?),
            LedgerRequest::Write(request) => LedgerResponse::Write(self.write(request).await?),
        };
        Response::ok(serde_json::to_string(&response)?)
    }

    async fn alarm(&self) -> Result<Response> {
        self.migrate()?;
        if !self.copy(now()).await? {
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

    fn read(&self, request: ReadRequest) -> Result<ReadResponse> {
        let sql = self.sql();
        Ok(match request {
            ReadRequest::Find { id, now, .. } => {
                ReadResponse::Found(key_table::find(&sql, &id, now)?)
            }
            ReadRequest::Since { first, limit } => ReadResponse::Tail {
                records: revocation_tables::since(&sql, first, limit)?,
                age: 0,
            },
            ReadRequest::Marked { mark } => {
                ReadResponse::Revocations(revocation_tables::marked(&sql, &mark)?)
            }
            ReadRequest::Snapshot => ReadResponse::Snapshot(revocation_tables::snapshot(&sql)?),
            ReadRequest::Part { id, index, .. } => {
                ReadResponse::Part(revocation_tables::part(&sql, &id, index)?)
            }
        })
    }

    async fn write(&self, request: WriteRequest) -> Result<WriteResponse> {
        let sql = self.sql();
        Ok(match request {
            WriteRequest::Put { record, expected, now } => {
                let stored = self.transaction(|sql| key_table::put(sql, &record, expected, now))?;
                if stored {
                    // The record is stored, whether or not the copy succeeds.
                    self.copy_later().await?;
                    let copied = pin!(self.copy(Timestamp::from_millis(now)));
                    select(copied, Delay::from(COPY_PATIENCE)).await;
                }
                WriteResponse::Put { stored }
            }
            WriteRequest::CopyAgain { id } => {
                copies::make_again(&sql, id)?;
                self.copy_later().await?;
                WriteResponse::Put { stored: true }
            }
            WriteRequest::List { after, limit, now } => {
                WriteResponse::Found(key_table::list(&sql, after, limit, now)?)
            }
            WriteRequest::Sweep { now, limit } => {
                WriteResponse::Forgotten(key_table::sweep(&sql, now, limit)?)
            }
            WriteRequest::Newest { before, limit } => {
                WriteResponse::Revocations(revocation_tables::newest(&sql, before, limit)?)
            }
            WriteRequest::Append { records } => WriteResponse::Put {
                stored: self.transaction(|sql| revocation_tables::append(sql, &records))?,
            },
            WriteRequest::Forget { before, now, limit } => {
                WriteResponse::Forgotten(revocation_tables::forget(&sql, before, now, limit)?)
            }
            WriteRequest::PutSnapshot { snapshot } => WriteResponse::Put {
                stored: self.transaction(|sql| revocation_tables::put_snapshot(sql, &snapshot))?,
            },
            WriteRequest::PutPart { id, index, part } => {
                self.transaction(|sql| revocation_tables::put_part(sql, &id, index, &part))?;
                WriteResponse::Put { stored: true }
            }
        })
    }

    /// Sets the alarm, which copies what is not copied by then.
    async fn copy_later(&self) -> Result<()> {
        if self.copies.is_some() {
            self.state.storage().set_alarm(RETRY_MILLIS).await?;
        }
        Ok(())
    }

    /// Copies records to KV that have no copy yet. Returns whether none is left.
    async fn copy(&self, now: Timestamp) -> Result<bool> {
        match &self.copies {
            Some(copies) => copies.make(&self.sql(), now).await,
            None => Ok(true),
        }
    }
}

/// Binds a number. JavaScript counts exactly to 2^53 - 1, which no time, version or limit reaches;
/// a greater one becomes that.
fn number(value: u64) -> SqlStorageValue {
    const LARGEST: i64 = (1 << 53) - 1;
    SqlStorageValue::Integer(i64::try_from(value).map_or(LARGEST, |value| value.min(LARGEST)))
}

fn count(limit: usize) -> SqlStorageValue {
    number(u64::try_from(limit).unwrap_or(u64::MAX))
}

/// Fails unless the statement finds the row that the caller has just written.
fn must_be_kept(sql: &SqlStorage, statement: &str, row: Vec<SqlStorageValue>) -> Result<()> {
    let kept: Vec<IgnoredAny> = sql.exec(statement, row)?.to_array()?;
    if kept.is_empty() {
        return Err(worker::Error::RustError(
            "ALERT: a row that was just written is missing when it is read again: somebody changed the \
             ledger's tables (look for triggers)"
                .to_owned(),
        ));
    }
    Ok(())
}
