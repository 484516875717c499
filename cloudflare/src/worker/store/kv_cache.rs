//! Copies of the ledger's records in KV: near every reader, and late by a minute or more.

use edge_auth_token::Timestamp;
use worker::kv::{KvError, KvStore};

use super::protocol::StoredKey;

/// The binding of the KV namespace.
pub(crate) const BINDING: &str = "KEYS";
/// The shortest time to live that KV accepts, in seconds.
const LEAST_TTL: u64 = 60;

/// The KV namespace that has the copies.
#[derive(Debug, Clone)]
pub(crate) struct KvCache(pub(crate) KvStore);

impl KvCache {
    pub(crate) async fn find(&self, id: &str) -> Result<Option<StoredKey>, KvError> {
        Ok(match self.0.get(&name(id)).text().await? {
            Some(text) => Some(serde_json::from_str(&text)?),
            None => None,
        })
    }

    /// Writes a copy. KV forgets it some time after it has expired, never before.
    pub(crate) async fn copy(&self, record: &StoredKey, now: Timestamp) -> Result<(), KvError> {
        let text = serde_json::to_string(record)?;
        let put = self.0.put(&name(&record.id), text)?;
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

/// Returns the copy's name in KV. The prefix keeps it apart from other uses of the namespace.
fn name(id: &str) -> String {
    format!("api_key:{id}")
}
