//! Reads API-key records.

use edge_auth::platform::{ApiKeyRecord, ApiKeys, Unavailable};
use edge_auth_token::Timestamp;

use super::{LedgerAccess, Stores, unexpected};
use crate::protocol::{ReadRequest, ReadResponse};

impl<A: LedgerAccess> ApiKeys for Stores<A> {
    async fn find(&self, id: &str, now: Timestamp) -> Result<Option<ApiKeyRecord>, Unavailable> {
        self.record(id, now, false).await
    }

    async fn current(&self, id: &str, now: Timestamp) -> Result<Option<ApiKeyRecord>, Unavailable> {
        self.record(id, now, true).await
    }
}

impl<A: LedgerAccess> Stores<A> {
    async fn record(
        &self,
        id: &str,
        now: Timestamp,
        current: bool,
    ) -> Result<Option<ApiKeyRecord>, Unavailable> {
        let request = ReadRequest::Find { id: id.to_owned(), now: now.millis(), current };
        let ReadResponse::Found(mut records) = self.read(&request).await? else {
            return Err(unexpected());
        };
        // A record under another id belongs to another key.
        Ok(records.pop().filter(|record| record.id == id).map(ApiKeyRecord::from))
    }
}
