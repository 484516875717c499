//! Appends records to the revocation log. An append is one transaction that puts the records and all
//! copies of the head, if the head is where the writer expects it.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::transact_write_items::builders::TransactWriteItemsFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem, Update};
use edge_auth::platform::{RevocationRecord, Unavailable};
use edge_auth_control::store::WriteOutcome;
use futures::FutureExt;

use super::DynamoDbStore;
use super::revocations::item;
use crate::error::{DynamoDbError, built, cause, throttled};
use crate::head::{HEADS, Head};
use crate::item::{Item, number, text};
use crate::revocations::records;
use crate::table_layout;

/// The most records of one append: a transaction takes 100 items, and the copies of the head are
/// some of them.
pub(crate) const MAX_RECORDS: usize = 100 - HEADS as usize;
/// The pauses before a throttled transaction is tried again, in milliseconds. The SDK does not retry
/// it, and the import of a long list writes as fast as one partition takes it.
const THROTTLE_PAUSES: [u64; 5] = [100, 200, 400, 400, 400];
/// The newest records that are read for a head; more do not fit.
const NEWEST: usize = 40;
/// The `sequence` of the single head that earlier versions move. It keeps them from appending, as
/// they would leave the copies behind.
const MOVED: &str = "moved";
/// The attempts at a head that other writers keep moving.
const ATTEMPTS: usize = 5;

impl DynamoDbStore {
    /// Appends the records by one transaction. If an answer is lost, the SDK's retry carries the same
    /// token, and DynamoDB does not apply it twice.
    pub(crate) async fn append_records(
        &self,
        records: &[RevocationRecord],
    ) -> Result<WriteOutcome, DynamoDbError> {
        let Some(first) = records.first() else {
            return Ok(WriteOutcome::Stored);
        };
        let in_a_row =
            (first.sequence..).zip(records).all(|(sequence, record)| record.sequence == sequence);
        if !in_a_row || first.sequence == 0 {
            return Ok(WriteOutcome::Conflict);
        }
        let head = self.head().await?;
        if head.sequence.checked_add(1) != Some(first.sequence) {
            return Ok(WriteOutcome::Conflict);
        }
        let mut transaction = self.replace_head(&head, &head.followed_by(records))?;
        for record in records {
            transaction = transaction.transact_items(self.put(item(record), None)?);
        }
        commit(transaction).await
    }

    /// Takes deleted records out of the head. Where other writers are faster, they stay: they have
    /// expired.
    pub(crate) async fn forget_in_head(
        &self,
        deleted: &BTreeSet<u64>,
    ) -> Result<(), DynamoDbError> {
        for _ in 0..ATTEMPTS {
            let head = self.head().await?;
            let rest = head.without(deleted);
            if rest == head {
                return Ok(());
            }
            if commit(self.replace_head(&head, &rest)?).await? == WriteOutcome::Stored {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Returns the head. A new table, or one of an earlier version, gets its copies.
    pub(crate) async fn head(&self) -> Result<Head, DynamoDbError> {
        for _ in 0..ATTEMPTS {
            let copy = self.reader.get(table_layout::of_head_copy(0)).send().await;
            if let Some(copy) = copy.map_err(cause)?.item {
                return Head::of(copy);
            }
            // In a conflict, another writer has made them.
            let _ = self.make_copies().await?;
        }
        Err(DynamoDbError("other writers keep changing the head of the log".to_owned()))
    }

    /// Makes the copies of the log's head in a new table, or in one of an earlier version. Until then
    /// every instance reads the log itself.
    ///
    /// # Errors
    /// DynamoDB does not answer, or refuses.
    pub async fn prepare_heads(&self) -> Result<(), Unavailable> {
        let head = async move { self.head().await.map(drop) };
        self.reader.within_deadline("TransactWriteItems", head.boxed()).await
    }

    /// Makes the copies of the head, unless there are any.
    async fn make_copies(&self) -> Result<WriteOutcome, DynamoDbError> {
        let newest = self.reader.revocations("pk = :pk").scan_index_forward(false);
        let mut newest = records(newest, NEWEST).await?;
        newest.reverse();
        let sequence = newest.last().map_or(0, |record| record.sequence);
        let complete_from = match newest.first() {
            Some(first) if newest.len() == NEWEST => first.sequence,
            Some(_) | None => 1,
        };
        let head = Head::with(sequence, complete_from, newest);
        let mut old = Update::builder()
            .table_name(self.table().as_str())
            .set_key(Some(table_layout::of_revocation_head()))
            .update_expression("SET #sequence = :moved")
            .expression_attribute_names("#sequence", "sequence")
            .expression_attribute_values(":moved", text(MOVED));
        old = match sequence {
            0 => old.condition_expression("attribute_not_exists(pk) OR #sequence = :moved"),
            known => old
                .condition_expression("#sequence = :known OR #sequence = :moved")
                .expression_attribute_values(":known", number(known)),
        };
        let old = TransactWriteItem::builder().update(old.build().map_err(built)?).build();
        let mut transaction = self.reader.client.transact_write_items().transact_items(old);
        for copy in 0..HEADS {
            let condition = (copy == 0).then_some(("attribute_not_exists(pk)", None));
            transaction = transaction.transact_items(self.put(head.copy(copy), condition)?);
        }
        commit(transaction).await
    }

    /// Begins a transaction that replaces all copies of the head, if the first one is as expected.
    fn replace_head(
        &self,
        expected: &Head,
        head: &Head,
    ) -> Result<TransactWriteItemsFluentBuilder, DynamoDbError> {
        let mut transaction = self.reader.client.transact_write_items();
        for copy in 0..HEADS {
            let condition = (copy == 0)
                .then(|| ("#sequence = :known", Some((":known", number(expected.sequence)))));
            transaction = transaction.transact_items(self.put(head.copy(copy), condition)?);
        }
        Ok(transaction)
    }

    fn put(
        &self,
        item: Item,
        condition: Option<(&str, Option<(&str, AttributeValue)>)>,
    ) -> Result<TransactWriteItem, DynamoDbError> {
        let mut put = Put::builder().table_name(self.table().as_str()).set_item(Some(item));
        if let Some((condition, value)) = condition {
            put = put.condition_expression(condition);
            if let Some((name, value)) = value {
                put = put
                    .expression_attribute_names("#sequence", "sequence")
                    .expression_attribute_values(name, value);
            }
        }
        Ok(TransactWriteItem::builder().put(put.build().map_err(built)?).build())
    }
}

/// Sends a transaction, and again while it is throttled.
async fn commit(
    transaction: TransactWriteItemsFluentBuilder,
) -> Result<WriteOutcome, DynamoDbError> {
    let mut pauses = THROTTLE_PAUSES.into_iter();
    loop {
        let Err(error) = transaction.clone().send().await else {
            return Ok(WriteOutcome::Stored);
        };
        match error.as_service_error().and_then(Cancellation::of) {
            Some(Cancellation::Conflict) => return Ok(WriteOutcome::Conflict),
            Some(Cancellation::Throttled) => match pauses.next() {
                Some(pause) => tokio::time::sleep(Duration::from_millis(pause)).await,
                None => return Err(throttled(cause(error))),
            },
            None => return Err(cause(error)),
        }
    }
}

/// Why DynamoDB cancelled a transaction. It wrote nothing then.
enum Cancellation {
    /// The head is elsewhere, or another writer is moving it.
    Conflict,
    /// The partition or the table is at its limit of throughput.
    Throttled,
}

impl Cancellation {
    /// Returns `None` for other errors.
    fn of(error: &TransactWriteItemsError) -> Option<Self> {
        let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else {
            return None;
        };
        let mut found = None;
        for reason in cancelled.cancellation_reasons() {
            match reason.code() {
                Some("ConditionalCheckFailed" | "TransactionConflict") => {
                    return Some(Self::Conflict);
                }
                Some("ThrottlingError" | "ProvisionedThroughputExceeded") => {
                    found = Some(Self::Throttled);
                }
                _ => {}
            }
        }
        found
    }
}
