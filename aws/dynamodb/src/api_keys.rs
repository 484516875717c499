//! Reads an API-key record by one `GetItem`.

use edge_auth::platform::{ApiKeyRecord, ApiKeys, Unavailable};
use edge_auth_token::Timestamp;
use futures::FutureExt;

use crate::error::{DynamoDbError, cause};
use crate::item::{Item, Stored};
use crate::reader::DynamoDbReader;
use crate::table_layout;

impl ApiKeys for DynamoDbReader {
    async fn find(&self, id: &str, now: Timestamp) -> Result<Option<ApiKeyRecord>, Unavailable> {
        let Some(key) = table_layout::of_api_key(id) else {
            return Ok(None);
        };
        let get = self.get(key);
        let found = async move { get.send().await.map_err(cause)?.item.map(record).transpose() };
        let found = self.within_deadline("GetItem", found.boxed()).await?;
        Ok(found.filter(|record| is_alive(record, now)))
    }
}

pub(crate) fn record(item: Item) -> Result<ApiKeyRecord, DynamoDbError> {
    let mut stored = Stored::new(item)?;
    Ok(ApiKeyRecord {
        document: stored.text("document")?,
        version: stored.number("version")?,
        expires_at: stored.expires_at()?,
        id: stored.sort().to_owned(),
    })
}

/// Returns whether a record has not expired. DynamoDB deletes expired items only within days.
pub(crate) fn is_alive(record: &ApiKeyRecord, now: Timestamp) -> bool {
    record.expires_at.is_none_or(|expires_at| now < expires_at)
}
