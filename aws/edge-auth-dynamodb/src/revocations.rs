//! The revocation feed: records, snapshots and their parts.

use std::time::Duration;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    DeleteRequest, ReturnValuesOnConditionCheckFailure, Select, WriteRequest,
};
use edge_auth::platform::{LogTail, RevocationFeed, RevocationRecord, SnapshotRecord, Unavailable};
use edge_auth_control::store::{RevocationLog, WriteOutcome};
use edge_auth_token::Timestamp;
use futures::FutureExt;

use crate::append::MAX_RECORDS;
use crate::create_table::MARK_INDEX;
use crate::error::{DynamoDbError, built, cause};
use crate::item::{Item, Stored, bytes, number, text};
use crate::store::DynamoDbStore;
use crate::table_layout;

/// The most items that one request deletes.
const DELETED_AT_ONCE: usize = 25;
/// The most parts that are deleted of one snapshot, whatever number the table has: a snapshot's
/// text has room for fewer digests.
const MAX_PARTS: u32 = 4096;
/// The pause before a delete that DynamoDB did not process is tried again.
const PUT_OFF: Duration = Duration::from_millis(50);

impl RevocationFeed for DynamoDbStore {
    async fn since(&self, first: u64, limit: usize) -> Result<LogTail, Unavailable> {
        let since = self
            .revocations("pk = :pk AND sk >= :first")
            .expression_attribute_values(":first", text(&table_layout::revocation_sort(first)));
        let records = self.within_deadline("Query", records(since, limit).boxed()).await?;
        Ok(LogTail::current(records))
    }

    async fn marked(&self, mark: &str) -> Result<Vec<RevocationRecord>, Unavailable> {
        let marked = self
            .revocations("pk = :pk AND mark = :mark")
            .index_name(MARK_INDEX)
            // The index has keys only. DynamoDB reads the rest from the table.
            .select(Select::AllAttributes)
            .expression_attribute_values(":mark", text(mark));
        let mut found = self.within_deadline("Query", records(marked, usize::MAX).boxed()).await?;
        // The index does not sort records with the same mark.
        found.sort_unstable_by_key(|record| record.sequence);
        Ok(found)
    }

    async fn snapshot(&self) -> Result<Option<SnapshotRecord>, Unavailable> {
        let get = self.get(table_layout::of_snapshot());
        let found = async move { get.send().await.map_err(cause)?.item.map(snapshot).transpose() };
        self.within_deadline("GetItem", found.boxed()).await
    }

    async fn snapshot_part(&self, id: &str, index: u32) -> Result<Option<Vec<u8>>, Unavailable> {
        let get = self.get(table_layout::of_snapshot_part(id, index));
        let found = async move {
            let item = get.send().await.map_err(cause)?.item;
            item.map(|item| Stored::new(item)?.bytes("bytes")).transpose()
        };
        self.within_deadline("GetItem", found.boxed()).await
    }
}

impl RevocationLog for DynamoDbStore {
    fn max_appended(&self) -> usize {
        MAX_RECORDS
    }

    async fn append(&self, records: &[RevocationRecord]) -> Result<WriteOutcome, Unavailable> {
        self.within_deadline("TransactWriteItems", self.append_records(records).boxed()).await
    }

    async fn newest(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<RevocationRecord>, Unavailable> {
        let newest = match before {
            None => self.revocations("pk = :pk"),
            Some(before) => {
                self.revocations("pk = :pk AND sk < :before").expression_attribute_values(
                    ":before",
                    text(&table_layout::revocation_sort(before)),
                )
            }
        };
        self.within_deadline("Query", records(newest.scan_index_forward(false), limit).boxed())
            .await
    }

    async fn put_snapshot_part(
        &self,
        id: &str,
        index: u32,
        part: &[u8],
    ) -> Result<(), Unavailable> {
        // Counted first: parts that are not counted would never be dropped.
        self.within_deadline("UpdateItem", self.count_part(id, index).boxed()).await?;
        let mut item = table_layout::of_snapshot_part(id, index);
        item.insert("bytes".to_owned(), bytes(part));
        let put = self.put_item(item);
        let put = async move { put.send().await.map(drop).map_err(cause) };
        self.within_deadline("PutItem", put.boxed()).await
    }

    async fn put_snapshot(&self, snapshot: &SnapshotRecord) -> Result<WriteOutcome, Unavailable> {
        let put = self.within_deadline("PutItem", self.replace_snapshot(snapshot).boxed()).await?;
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
            .revocations("pk = :pk AND sk < :before")
            .expression_attribute_values(":before", text(&table_layout::revocation_sort(before)))
            .filter_expression("lapses_at <= :now")
            .expression_attribute_values(":now", number(now.millis()));
        // The query also reads records that have not expired, so it may take many pages of a long
        // log. Each page has the deadline.
        let mut lapsed = Vec::new();
        while lapsed.len() < limit {
            let found = page(&query, limit - lapsed.len());
            let (records, last) = self.within_deadline("Query", found.boxed()).await?;
            lapsed.extend(records);
            match last {
                Some(last) => query = query.set_exclusive_start_key(Some(last)),
                None => break,
            }
        }
        let keys =
            lapsed.iter().map(|record| table_layout::of_revocation(record.sequence)).collect();
        self.delete_all(keys).await?;
        Ok(lapsed.len())
    }
}

impl DynamoDbStore {
    fn revocations(&self, condition: &str) -> QueryFluentBuilder {
        self.query()
            .key_condition_expression(condition)
            .expression_attribute_values(":pk", text(table_layout::REVOCATIONS))
    }

    /// Notes that a part of this index may exist.
    async fn count_part(&self, id: &str, index: u32) -> Result<(), DynamoDbError> {
        let count = self
            .client
            .update_item()
            .table_name(self.table.as_str())
            .set_key(Some(table_layout::of_snapshot_parts(id)))
            .update_expression("SET parts = :count")
            .condition_expression("attribute_not_exists(pk) OR parts < :count")
            .expression_attribute_values(":count", number(u64::from(index) + 1));
        match count.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                // The count is higher already.
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(cause(error)),
            },
        }
    }

    async fn replace_snapshot(
        &self,
        snapshot: &SnapshotRecord,
    ) -> Result<WriteOutcome, DynamoDbError> {
        let mut item = table_layout::of_snapshot();
        item.extend([
            ("sequence".to_owned(), number(snapshot.sequence)),
            ("id".to_owned(), text(&snapshot.id)),
            ("document".to_owned(), text(&snapshot.document)),
        ]);
        let put = self
            .put_item(item)
            .condition_expression("attribute_not_exists(pk) OR #sequence < :sequence")
            .expression_attribute_names("#sequence", "sequence")
            .expression_attribute_values(":sequence", number(snapshot.sequence))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match put.send().await {
            Ok(_) => Ok(WriteOutcome::Stored),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    // An attempt whose answer was lost stored it.
                    let ours =
                        failed.item().and_then(|item| item.get("id")) == Some(&text(&snapshot.id));
                    Ok(if ours { WriteOutcome::Stored } else { WriteOutcome::Conflict })
                }
                _ => Err(cause(error)),
            },
        }
    }

    /// Drops the parts of all snapshots with lesser ids. Their counts go last, so that a failure
    /// leaves no part uncounted.
    async fn drop_parts_before(&self, id: &str) -> Result<(), Unavailable> {
        let counts = self
            .query()
            .key_condition_expression("pk = :pk AND sk < :id")
            .expression_attribute_values(":pk", text(table_layout::SNAPSHOT_PARTS))
            .expression_attribute_values(":id", text(id));
        let counted = async move {
            let mut counted = Vec::new();
            for item in counts.send().await.map_err(cause)?.items.unwrap_or_default() {
                let stored = Stored::new(item)?;
                counted.push((stored.sort().to_owned(), stored.number("parts")?));
            }
            Ok(counted)
        };
        for (id, parts) in self.within_deadline("Query", counted.boxed()).await? {
            let parts = u32::try_from(parts).unwrap_or(MAX_PARTS).min(MAX_PARTS);
            self.delete_all(
                (0..parts).map(|index| table_layout::of_snapshot_part(&id, index)).collect(),
            )
            .await?;
            self.delete_all(vec![table_layout::of_snapshot_parts(&id)]).await?;
        }
        Ok(())
    }

    async fn delete_all(&self, keys: Vec<Item>) -> Result<(), Unavailable> {
        for keys in keys.chunks(DELETED_AT_ONCE) {
            self.within_deadline("BatchWriteItem", self.delete(keys).boxed()).await?;
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
            let batch = self.client.batch_write_item().request_items(self.table.as_str(), requests);
            let put_off = batch.send().await.map_err(cause)?.unprocessed_items.unwrap_or_default();
            requests = put_off.into_values().flatten().collect();
            if requests.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(PUT_OFF).await;
        }
    }
}

/// Returns the first `limit` records that a query finds.
async fn records(
    mut query: QueryFluentBuilder,
    limit: usize,
) -> Result<Vec<RevocationRecord>, DynamoDbError> {
    let mut found = Vec::new();
    while found.len() < limit {
        let (records, last) = page(&query, limit - found.len()).await?;
        found.extend(records);
        match last {
            Some(last) => query = query.set_exclusive_start_key(Some(last)),
            None => break,
        }
    }
    Ok(found)
}

/// Returns a page of a query, `limit` records or 1 MB at most, and the key after which the next
/// page starts.
async fn page(
    query: &QueryFluentBuilder,
    limit: usize,
) -> Result<(Vec<RevocationRecord>, Option<Item>), DynamoDbError> {
    let limit = i32::try_from(limit).unwrap_or(i32::MAX);
    let answer = query.clone().limit(limit).send().await.map_err(cause)?;
    let records =
        answer.items.unwrap_or_default().into_iter().map(record).collect::<Result<_, _>>()?;
    Ok((records, answer.last_evaluated_key))
}

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

/// Reads a record. The sort key must be exactly as [`table_layout::revocation_sort`] writes it:
/// otherwise an item with another spelling of a sequence would be a second record of it.
fn record(item: Item) -> Result<RevocationRecord, DynamoDbError> {
    let mut stored = Stored::new(item)?;
    let sequence = match stored.sort().parse() {
        Ok(sequence) if table_layout::revocation_sort(sequence) == stored.sort() => sequence,
        _ => return Err(stored.wrong(table_layout::SORT)),
    };
    Ok(RevocationRecord {
        sequence,
        mark: stored.text("mark")?,
        document: stored.text("document")?,
        expires_at: stored.expires_at()?,
    })
}

fn snapshot(item: Item) -> Result<SnapshotRecord, DynamoDbError> {
    let mut stored = Stored::new(item)?;
    Ok(SnapshotRecord {
        sequence: stored.number("sequence")?,
        id: stored.text("id")?,
        document: stored.text("document")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_has_one_spelling() {
        let stored = |sort: &str| {
            let mut item = table_layout::of_revocation(0);
            item.insert(table_layout::SORT.to_owned(), text(sort));
            item.extend([("mark".to_owned(), text("m")), ("document".to_owned(), text("d"))]);
            record(item).map(|record| record.sequence).ok()
        };
        assert_eq!(stored("00000000000000000005"), Some(5));
        for other in
            ["5", "+0000000000000000005", "000000000000000000005", "00000000000000000005 ", ""]
        {
            assert_eq!(stored(other), None, "{other:?}");
        }
    }
}
