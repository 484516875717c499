//! Replaces the newest snapshot, and drops the parts of older ones.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use edge_auth::platform::{SnapshotRecord, Unavailable};
use edge_auth_control::store::WriteOutcome;
use futures::FutureExt;

use super::DynamoDbStore;
use crate::error::{DynamoDbError, cause};
use crate::item::{Stored, number, text};
use crate::table_layout;

/// The most parts that are deleted of one snapshot, whatever number the table has: a snapshot's
/// text has room for fewer digests.
const MAX_PARTS: u32 = 4096;

impl DynamoDbStore {
    /// Notes that a part of this index may exist.
    pub(super) async fn count_part(&self, id: &str, index: u32) -> Result<(), DynamoDbError> {
        let count = self
            .reader
            .client
            .update_item()
            .table_name(self.reader.table.as_str())
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

    pub(super) async fn replace_snapshot(
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
    pub(super) async fn drop_parts_before(&self, id: &str) -> Result<(), Unavailable> {
        let counts = self
            .reader
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
        for (id, parts) in self.reader.within_deadline("Query", counted.boxed()).await? {
            let parts = u32::try_from(parts).unwrap_or(MAX_PARTS).min(MAX_PARTS);
            self.delete_all(
                (0..parts).map(|index| table_layout::of_snapshot_part(&id, index)).collect(),
            )
            .await?;
            self.delete_all(vec![table_layout::of_snapshot_parts(&id)]).await?;
        }
        Ok(())
    }
}
