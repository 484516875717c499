//! Reads API-key records.

use edge_auth::platform::{ApiKeyRecord, ApiKeys, Unavailable};
use edge_auth_token::Timestamp;

use super::{LedgerAccess, Stores, unexpected, within};
use crate::protocol::{ReadRequest, ReadResponse};

impl<A: LedgerAccess> ApiKeys for Stores<A> {
    async fn find(&self, id: &str, now: Timestamp) -> Result<Option<ApiKeyRecord>, Unavailable> {
        let Some(kv_cache) = &self.kv_cache else {
            return self.current(id, now).await;
        };
        match within("KV", kv_cache.find(id)).await? {
            // A copy under another id belongs to another key.
            Some(record) if record.id == id && record.lives(now) => Ok(Some(record.into())),
            // The key may be new, or older than the KV namespace. Invented keys have a wrong tag,
            // and the gate refuses them before it asks.
            Some(_) | None => self.in_ledger(id, now, true).await,
        }
    }

    async fn current(&self, id: &str, now: Timestamp) -> Result<Option<ApiKeyRecord>, Unavailable> {
        self.in_ledger(id, now, false).await
    }
}

impl<A: LedgerAccess> Stores<A> {
    async fn in_ledger(
        &self,
        id: &str,
        now: Timestamp,
        missed: bool,
    ) -> Result<Option<ApiKeyRecord>, Unavailable> {
        let request = ReadRequest::Find { id: id.to_owned(), now: now.millis(), missed };
        let ReadResponse::Found(mut records) = self.read(&request).await? else {
            return Err(unexpected());
        };
        Ok(records.pop().map(ApiKeyRecord::from))
    }
}
