//! Reads the revocation feed: records, snapshots and their parts.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::Select;
use edge_auth::platform::{LogTail, RevocationFeed, RevocationRecord, SnapshotRecord, Unavailable};
use futures::FutureExt;

use crate::error::{DynamoDbError, cause};
use crate::head::Head;
use crate::item::{Item, Stored, text};
use crate::reader::DynamoDbReader;
use crate::table_layout::{self, MARK_INDEX};

impl RevocationFeed for DynamoDbReader {
    /// Reads the copy of the log's head that this instance has chosen, and the log only if older
    /// records are wanted, or if there are no copies yet.
    async fn since(&self, first: u64, limit: usize) -> Result<LogTail, Unavailable> {
        let get = self.get(table_layout::of_head_copy(self.head));
        let head = async move { get.send().await.map_err(cause)?.item.map(Head::of).transpose() };
        let head = self.within_deadline("GetItem", head.boxed()).await?;
        match head.and_then(|head| head.since(first, limit)) {
            Some(records) => Ok(LogTail::current(records)),
            None => self.since_in_log(first, limit).await,
        }
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

impl DynamoDbReader {
    /// Reads records from the log itself.
    pub(crate) async fn since_in_log(
        &self,
        first: u64,
        limit: usize,
    ) -> Result<LogTail, Unavailable> {
        let since = self
            .revocations("pk = :pk AND sk >= :first")
            .expression_attribute_values(":first", text(&table_layout::revocation_sort(first)));
        let records = self.within_deadline("Query", records(since, limit).boxed()).await?;
        Ok(LogTail::current(records))
    }

    pub(crate) fn revocations(&self, condition: &str) -> QueryFluentBuilder {
        self.query()
            .key_condition_expression(condition)
            .expression_attribute_values(":pk", text(table_layout::REVOCATIONS))
    }
}

/// Returns the first `limit` records that a query finds.
pub(crate) async fn records(
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
pub(crate) async fn page(
    query: &QueryFluentBuilder,
    limit: usize,
) -> Result<(Vec<RevocationRecord>, Option<Item>), DynamoDbError> {
    let limit = i32::try_from(limit).unwrap_or(i32::MAX);
    let answer = query.clone().limit(limit).send().await.map_err(cause)?;
    let records =
        answer.items.unwrap_or_default().into_iter().map(record).collect::<Result<_, _>>()?;
    Ok((records, answer.last_evaluated_key))
}

/// Reads a record. The sort key must be exactly as [`table_layout::revocation_sort`] writes it:
/// otherwise an item with another spelling of a sequence would be a second record of it.
pub(crate) fn record(item: Item) -> Result<RevocationRecord, DynamoDbError> {
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

#[cfg(all(test, feature = "control"))]
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
