//! Copies of key records in KV. KV has no compare-and-set, so only the ledger writes it.

use edge_auth_cloudflare::protocol::StoredKey;
use edge_auth_cloudflare::store::within;
use edge_auth_token::Timestamp;
use futures_util::lock::Mutex;
use worker::kv::{KvError, KvStore};
use worker::{Env, Result, SqlStorage, SqlStorageValue};

use super::number;
use crate::kv::{BINDING, key_name};

/// How many copies one attempt makes.
const BATCH: i64 = 64;
/// The shortest time to live that KV accepts, in seconds.
const LEAST_TTL: u64 = 60;

/// The KV namespace that has the copies.
#[derive(Debug)]
pub(super) struct Copies {
    kv: KvStore,
    /// Held while copies are made: an older copy must not overtake a newer one.
    copying: Mutex<()>,
}

impl Copies {
    /// Returns the namespace, if one is bound.
    pub(super) fn bound(env: &Env) -> Option<Self> {
        env.kv(BINDING).ok().map(|kv| Self { kv, copying: Mutex::new(()) })
    }

    /// Copies records that have no copy yet, and logs failures. Returns whether none is left.
    pub(super) async fn make(&self, sql: &SqlStorage, now: Timestamp) -> Result<bool> {
        const UNCOPIED: &str =
            "SELECT id, document, version, lapses_at FROM api_key WHERE copied = 0 LIMIT ?";
        const COPIED: &str = "UPDATE api_key SET copied = 1 WHERE id = ? AND version = ?";
        let _guard = self.copying.lock().await;
        let due: Vec<StoredKey> =
            sql.exec(UNCOPIED, vec![SqlStorageValue::Integer(BATCH)])?.to_array()?;
        let may_be_more = i64::try_from(due.len()) == Ok(BATCH);
        let mut failed = false;
        for record in due {
            match within("KV", self.write(&record, now)).await {
                Ok(()) => {
                    let copied = vec![record.id.as_str().into(), number(record.version)];
                    sql.exec(COPIED, copied)?;
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

    /// Writes a copy. KV forgets it some time after it has expired, never before.
    async fn write(&self, record: &StoredKey, now: Timestamp) -> std::result::Result<(), KvError> {
        let text = serde_json::to_string(record)?;
        let put = self.kv.put(&key_name(&record.id), text)?;
        let put = match record.expires_at {
            Some(expires_at) => {
                let left = (expires_at / 1000).saturating_sub(now.seconds());
                put.expiration_ttl(left.max(LEAST_TTL) + LEAST_TTL)
            }
            None => put,
        };
        put.execute().await
    }
}

/// Has the copy of a record made again.
pub(super) fn make_again(sql: &SqlStorage, id: String) -> Result<()> {
    sql.exec("UPDATE api_key SET copied = 0 WHERE id = ?", vec![id.into()])?;
    Ok(())
}
