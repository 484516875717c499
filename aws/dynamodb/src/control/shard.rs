//! Lists API-key records in the order of their ids, from sixteen partitions at once.

use std::collections::VecDeque;

use edge_auth::platform::ApiKeyRecord;
use edge_auth_token::Timestamp;
use futures::future::try_join_all;

use crate::api_keys::{is_alive, record};
use crate::error::{DynamoDbError, cause};
use crate::item::text;
use crate::reader::DynamoDbReader;
use crate::table_layout;

/// Returns up to `limit` records of all shards with ids after `after`, in the order of their ids.
pub(crate) async fn merged(
    store: &DynamoDbReader,
    (after, limit): (Option<&str>, usize),
    now: Timestamp,
) -> Result<Vec<ApiKeyRecord>, DynamoDbError> {
    let mut shards: Vec<_> =
        table_layout::api_key_shards().map(|partition| Shard::new(partition, after)).collect();
    // Ids are spread evenly, so a page is a shard's share of the limit and a little more.
    let page = i32::try_from(limit / shards.len() + 8).unwrap_or(i32::MAX);
    let mut found = Vec::new();
    while found.len() < limit {
        try_join_all(shards.iter_mut().map(|shard| shard.fill(store, page, now))).await?;
        let heads = shards.iter_mut().filter(|shard| shard.head().is_some());
        let first = heads.min_by(|one, other| one.head().cmp(&other.head()));
        match first.and_then(|shard| shard.records.pop_front()) {
            Some(record) => found.push(record),
            None => break,
        }
    }
    Ok(found)
}

/// One partition, read page by page.
struct Shard {
    partition: String,
    /// The last id that was read.
    after: Option<String>,
    records: VecDeque<ApiKeyRecord>,
    ended: bool,
}

impl Shard {
    fn new(partition: String, after: Option<&str>) -> Self {
        let after =
            after.map(table_layout::bound).filter(|after| !after.is_empty()).map(str::to_owned);
        Self { partition, after, records: VecDeque::new(), ended: false }
    }

    fn head(&self) -> Option<&str> {
        self.records.front().map(|record| record.id.as_str())
    }

    /// Reads pages until a record is at hand or the shard has ended.
    async fn fill(
        &mut self,
        store: &DynamoDbReader,
        page: i32,
        now: Timestamp,
    ) -> Result<(), DynamoDbError> {
        while self.records.is_empty() && !self.ended {
            let query =
                store.query().limit(page).expression_attribute_values(":pk", text(&self.partition));
            let query = match &self.after {
                None => query.key_condition_expression("pk = :pk"),
                Some(after) => query
                    .key_condition_expression("pk = :pk AND sk > :after")
                    .expression_attribute_values(":after", text(after)),
            };
            let answer = query.send().await.map_err(cause)?;
            // A page also ends at 1 MB.
            self.ended = answer.last_evaluated_key.is_none();
            for item in answer.items.unwrap_or_default() {
                let record = record(item)?;
                self.after = Some(record.id.clone());
                if is_alive(&record, now) {
                    self.records.push_back(record);
                }
            }
        }
        Ok(())
    }
}
