//! Reads and writes API-key records.

use edge_auth::platform::{ApiKeyRecord, ApiKeys, Unavailable};
use edge_auth_control::store::{ApiKeyAdmin, Precondition, WriteOutcome};
use edge_auth_token::Timestamp;

use super::protocol::{StoreRequest, StoreResponse, StoredKey};
use super::{Stores, unexpected, within};

impl ApiKeys for Stores {
    async fn find(&self, id: &str, now: Timestamp) -> Result<Option<ApiKeyRecord>, Unavailable> {
        let Some(kv_cache) = &self.kv_cache else {
            return self.current(id, now).await;
        };
        match within("KV", kv_cache.find(id)).await? {
            // A copy under another id belongs to another key.
            Some(record) if record.id == id && record.lives(now) => Ok(Some(record.into())),
            // The key may be new, or older than the KV namespace. Invented keys have a wrong tag,
            // and the gate refuses them before it asks.
            Some(_) | None => self.in_durable_object(id, now, true).await,
        }
    }

    async fn current(&self, id: &str, now: Timestamp) -> Result<Option<ApiKeyRecord>, Unavailable> {
        self.in_durable_object(id, now, false).await
    }
}

impl ApiKeyAdmin for Stores {
    async fn put(
        &self,
        record: &ApiKeyRecord,
        expected: Precondition,
        now: Timestamp,
    ) -> Result<WriteOutcome, Unavailable> {
        let expected = match expected {
            Precondition::Absent => None,
            Precondition::Version(version) => Some(version),
        };
        let put =
            StoreRequest::Put { record: StoredKey::from(record), expected, now: now.millis() };
        self.ask(&put).await?.put()
    }

    async fn list(
        &self,
        after: Option<&str>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<ApiKeyRecord>, Unavailable> {
        let list = StoreRequest::List { after: after.map(str::to_owned), limit, now: now.millis() };
        found(self.ask(&list).await?)
    }
}

impl Stores {
    async fn in_durable_object(
        &self,
        id: &str,
        now: Timestamp,
        missed: bool,
    ) -> Result<Option<ApiKeyRecord>, Unavailable> {
        let request = StoreRequest::Find { id: id.to_owned(), now: now.millis(), missed };
        Ok(found(self.ask(&request).await?)?.pop())
    }
}

fn found(answer: StoreResponse) -> Result<Vec<ApiKeyRecord>, Unavailable> {
    let StoreResponse::Found(records) = answer else {
        return Err(unexpected());
    };
    Ok(records.into_iter().map(ApiKeyRecord::from).collect())
}
