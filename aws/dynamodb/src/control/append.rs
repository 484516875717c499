//! Appends records to the revocation log. The head has the newest record's sequence. An append is one
//! transaction that moves the head and puts the records, if the head is where the writer expects it.

use std::time::Duration;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};
use edge_auth::platform::RevocationRecord;
use edge_auth_control::store::WriteOutcome;

use super::DynamoDbStore;
use super::revocations::item;
use crate::error::{DynamoDbError, built, cause, throttled};
use crate::item::number;
use crate::table_layout;

/// The most records of one append. A transaction takes 100 items, and one of them is the head.
pub(crate) const MAX_RECORDS: usize = 99;
/// The pauses before a throttled transaction is tried again, in milliseconds. The SDK does not retry
/// it, and the import of a long list writes as fast as one partition takes it.
const THROTTLE_PAUSES: [u64; 5] = [100, 200, 400, 400, 400];

impl DynamoDbStore {
    /// Appends the records by one transaction. If an answer is lost, the SDK's retry carries the same
    /// token, and DynamoDB does not apply it twice.
    pub(crate) async fn append_records(
        &self,
        records: &[RevocationRecord],
    ) -> Result<WriteOutcome, DynamoDbError> {
        let (Some(first), Some(last)) = (records.first(), records.last()) else {
            return Ok(WriteOutcome::Stored);
        };
        let in_a_row =
            (first.sequence..).zip(records).all(|(sequence, record)| record.sequence == sequence);
        if !in_a_row || first.sequence == 0 {
            return Ok(WriteOutcome::Conflict);
        }
        let mut head = Update::builder()
            .table_name(self.reader.table.as_str())
            .set_key(Some(table_layout::of_revocation_head()))
            .update_expression("SET #sequence = :last")
            .expression_attribute_names("#sequence", "sequence")
            .expression_attribute_values(":last", number(last.sequence));
        head = match first.sequence - 1 {
            0 => head.condition_expression("attribute_not_exists(pk)"),
            known => head
                .condition_expression("#sequence = :known")
                .expression_attribute_values(":known", number(known)),
        };
        let head = TransactWriteItem::builder().update(head.build().map_err(built)?).build();
        let mut transaction = self.reader.client.transact_write_items().transact_items(head);
        for record in records {
            let put =
                Put::builder().table_name(self.reader.table.as_str()).set_item(Some(item(record)));
            let put = TransactWriteItem::builder().put(put.build().map_err(built)?).build();
            transaction = transaction.transact_items(put);
        }
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
}

/// Why DynamoDB cancelled an append. It wrote nothing then.
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
