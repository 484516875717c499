//! Writes the revocation log: appends, snapshots, and the deletion of expired records.

use std::time::Duration;

use aws_sdk_dynamodb::types::{DeleteRequest, WriteRequest};
use edge_auth::platform::{LogTail, RevocationFeed, RevocationRecord, SnapshotRecord, Unavailable};
use edge_auth_control::store::{RevocationLog, WriteOutcome};
use edge_auth_token::Timestamp;
use futures::FutureExt;

use super::DynamoDbStore;
use super::append::MAX_RECORDS;
use crate::error::{DynamoDbError, built, cause};
use crate::item::{Item, bytes, number, text};
use crate::revocations::{page, records};
use crate::table_layout;

/// The most items that one request deletes.
const DELETED_AT_ONCE: usize = 25;
/// The pause before a delete that DynamoDB did not process is tried again.
const PUT_OFF: Duration = Duration::from_millis(50);

impl RevocationFeed for DynamoDbStore {
    async fn since(&self, first: u64, limit: usize) -> Result<LogTail, Unavailable> {
        self.reader.since_in_log(first, limit).await
    }

    async fn marked(&self, mark: &str) -> Result<Vec<RevocationRecord>, Unavailable> {
        self.reader.marked(mark).await
    }

    async fn snapshot(&self) -> Result<Option<SnapshotRecord>, Unavailable> {
        self.reader.snapshot().await
    }

    async fn snapshot_part(&self, id: &str, index: u32) -> Result<Option<Vec<u8>>, Unavailable> {
        self.reader.snapshot_part(id, index).await
    }
}

impl RevocationLog for DynamoDbStore {
    fn max_appended(&self) -> usize {
        MAX_RECORDS
    }

    async fn append(&self, records: &[RevocationRecord]) -> Result<WriteOutcome, Unavailable> {
        self.reader
            .within_deadline("TransactWriteItems", self.append_records(records).boxed())
            .await
    }

    async fn newest(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<RevocationRecord>, Unavailable> {
        let newest = match before {
            None => self.reader.revocations("pk = :pk"),
            Some(before) => {
                self.reader.revocations("pk = :pk AND sk < :before").expression_attribute_values(
                    ":before",
                    text(&table_layout::revocation_sort(before)),
                )
            }
        };
        self.reader
            .within_deadline("Query", records(newest.scan_index_forward(false), limit).boxed())
            .await
    }

    async fn put_snapshot_part(
        &self,
        id: &str,
        index: u32,
        part: &[u8],
    ) -> Result<(), Unavailable> {
        // Counted first: parts that are not counted would never be dropped.
        self.reader.within_deadline("UpdateItem", self.count_part(id, index).boxed()).await?;
        let mut item = table_layout::of_snapshot_part(id, index);
        item.insert("bytes".to_owned(), bytes(part));
        let put = self.put_item(item);
        let put = async move { put.send().await.map(drop).map_err(cause) };
        self.reader.within_deadline("PutItem", put.boxed()).await
    }

    async fn put_snapshot(&self, snapshot: &SnapshotRecord) -> Result<WriteOutcome, Unavailable> {
        let put =
            self.reader.within_deadline("PutItem", self.replace_snapshot(snapshot).boxed()).await?;
        if put == WriteOutcome::Stored {
            // The snapshot is stored. Parts that stay now are dropped with the next one.
            let _ = self.drop_parts_before(&snapshot.id).await;
        }
        Ok(put)
    }

    async fn forget(
        &self,
        before: u64,
        now: Timestamp,
        limit: usize,
    ) -> Result<usize, Unavailable> {
        let mut query = self
            .reader
            .revocations("pk = :pk AND sk < :before")
            .expression_attribute_values(":before", text(&table_layout::revocation_sort(before)))
            .filter_expression("lapses_at <= :now")
            .expression_attribute_values(":now", number(now.millis()));
        // The query also reads records that have not expired, so it may take many pages of a long
        // log. Each page has the deadline.
        let mut lapsed = Vec::new();
        while lapsed.len() < limit {
            let found = page(&query, limit - lapsed.len());
            let (records, last) = self.reader.within_deadline("Query", found.boxed()).await?;
            lapsed.extend(records);
            match last {
                Some(last) => query = query.set_exclusive_start_key(Some(last)),
                None => break,
            }
        }
        let keys =
            lapsed.iter().map(|record| table_layout::of_revocation(record.sequence)).collect();
        self.delete_all(keys).await?;
        if !lapsed.is_empty() {
            let deleted = lapsed.iter().map(|record| record.sequence).collect();
            self.reader
                .within_deadline("TransactWriteItems", self.forget_in_head(&deleted).boxed())
                .await?;
        }
        Ok(lapsed.len())
    }
}

impl DynamoDbStore {
    /// Deletes these items.
    pub(super) async fn delete_all(&self, keys: Vec<Item>) -> Result<(), Unavailable> {
        for keys in keys.chunks(DELETED_AT_ONCE) {
            self.reader.within_deadline("BatchWriteItem", self.delete(keys).boxed()).await?;
        }
        Ok(())
    }

    async fn delete(&self, keys: &[Item]) -> Result<(), DynamoDbError> {
        let mut requests = Vec::new();
        for key in keys {
            let delete =
                DeleteRequest::builder().set_key(Some(key.clone())).build().map_err(built)?;
            requests.push(WriteRequest::builder().delete_request(delete).build());
        }
        loop {
            let batch = self
                .reader
                .client
                .batch_write_item()
                .request_items(self.reader.table.as_str(), requests);
            let put_off = batch.send().await.map_err(cause)?.unprocessed_items.unwrap_or_default();
            requests = put_off.into_values().flatten().collect();
            if requests.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(PUT_OFF).await;
        }
    }
}

/// Returns a record's item.
pub(crate) fn item(record: &RevocationRecord) -> Item {
    let mut item = table_layout::of_revocation(record.sequence);
    item.extend([
        ("mark".to_owned(), text(&record.mark)),
        ("document".to_owned(), text(&record.document)),
    ]);
    if let Some(expires_at) = record.expires_at {
        item.insert("lapses_at".to_owned(), number(expires_at.millis()));
    }
    item
}
