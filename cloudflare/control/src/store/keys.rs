//! Writes API-key records.

use edge_auth::platform::{ApiKeyRecord, ApiKeys, Unavailable};
use edge_auth_cloudflare::protocol::StoredKey;
use edge_auth_cloudflare::store::unexpected;
use edge_auth_control::store::{ApiKeyAdmin, Precondition, WriteOutcome};
use edge_auth_token::Timestamp;

use super::LedgerStore;
use super::protocol::{WriteRequest, WriteResponse};

impl ApiKeys for LedgerStore {
    async fn find(&self, id: &str, now: Timestamp) -> Result<Option<ApiKeyRecord>, Unavailable> {
        self.reads.find(id, now).await
    }
}

impl ApiKeyAdmin for LedgerStore {
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
            WriteRequest::Put { record: StoredKey::from(record), expected, now: now.millis() };
        self.write(&put).await?.put()
    }

    async fn list(
        &self,
        after: Option<&str>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<ApiKeyRecord>, Unavailable> {
        let list = WriteRequest::List { after: after.map(str::to_owned), limit, now: now.millis() };
        let WriteResponse::Found(records) = self.write(&list).await? else {
            return Err(unexpected());
        };
        Ok(records.into_iter().map(ApiKeyRecord::from).collect())
    }
}
