//! Tests of the feed's suite: each defect makes the check about it fail.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use edge_auth::platform::{LogTail, RevocationFeed, RevocationRecord, SnapshotRecord, Unavailable};
use edge_auth_control::store::{RevocationLog, WriteOutcome};
use edge_auth_token::Timestamp;
use futures::executor::block_on;

use super::{FeedBackend, run_feed};
use crate::revocations::MemoryRevocations;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Defect {
    None,
    AnswersFromMemory,
    AppendsBehindAGap,
    AppendsSomeOfABatch,
    ComesInTheOrderOfText,
    FindsByPrefix,
    DeletesTheNewest,
    DeletesUnasked,
    DropsTheReplacedAlone,
    DropsExpiry,
    SharesNothing,
    SharesParts,
    SnapshotsGoBack,
}

/// Each defect with the check that must fail for it.
const NOTICED_BY: [(Defect, &str); 12] = [
    (Defect::AnswersFromMemory, "a_record_is_seen_by_every_handle_immediately"),
    (Defect::AppendsBehindAGap, "no_sequence_is_skipped"),
    (Defect::AppendsSomeOfABatch, "a_batch_is_appended_whole_or_not_at_all"),
    (Defect::ComesInTheOrderOfText, "records_come_in_the_order_of_their_sequence"),
    (Defect::DropsTheReplacedAlone, "parts_of_lesser_ids_leave_with_a_newer_snapshot"),
    (Defect::FindsByPrefix, "a_record_is_found_by_its_mark"),
    (Defect::DeletesTheNewest, "the_sequence_continues_after_records_were_deleted"),
    (Defect::DeletesUnasked, "an_expired_record_stays_until_it_is_deleted"),
    (Defect::DropsExpiry, "every_field_of_a_record_returns"),
    (Defect::SharesNothing, "a_record_is_seen_by_every_handle_immediately"),
    (Defect::SharesParts, "parts_of_two_snapshots_stay_distinct"),
    (Defect::SnapshotsGoBack, "an_older_snapshot_does_not_replace_a_newer_one"),
];

#[test]
fn every_defect_fails_its_check() {
    for (defect, check) in NOTICED_BY {
        let report = block_on(run_feed(&Broken(defect, Mutex::default())));
        let failed: Vec<_> = report.failures().map(|(name, _)| name).collect();
        assert!(failed.contains(&check), "{defect:?} failed only {failed:?}");
    }
}

#[test]
fn without_a_defect_nothing_fails() {
    block_on(run_feed(&Broken(Defect::None, Mutex::default()))).must_pass();
}

struct Broken(Defect, Mutex<BTreeMap<String, MemoryRevocations>>);

impl FeedBackend for Broken {
    type Log = BrokenLog;

    async fn open(&self, storage: &str) -> Result<BrokenLog, Unavailable> {
        let log = match self.0 {
            Defect::SharesNothing => MemoryRevocations::new(),
            _ => self.1.lock().unwrap().entry(storage.to_owned()).or_default().clone(),
        };
        Ok(BrokenLog { defect: self.0, log })
    }
}

struct BrokenLog {
    defect: Defect,
    log: MemoryRevocations,
}

impl RevocationFeed for BrokenLog {
    async fn since(&self, first: u64, limit: usize) -> Result<LogTail, Unavailable> {
        let mut tail = self.log.since(first, limit).await?;
        match self.defect {
            Defect::ComesInTheOrderOfText => {
                tail.records.sort_by_key(|record| record.sequence.to_string())
            }
            Defect::DeletesUnasked => tail.records.retain(|record| record.expires_at.is_none()),
            Defect::DropsExpiry => {
                tail.records.iter_mut().for_each(|record| record.expires_at = None)
            }
            Defect::AnswersFromMemory => tail.age = Duration::from_millis(1),
            _ => {}
        }
        Ok(tail)
    }

    async fn marked(&self, mark: &str) -> Result<Vec<RevocationRecord>, Unavailable> {
        match self.defect {
            Defect::FindsByPrefix => {
                let all = self.log.since(0, usize::MAX).await?.records;
                Ok(all.into_iter().filter(|record| record.mark.starts_with(mark)).collect())
            }
            _ => self.log.marked(mark).await,
        }
    }

    async fn snapshot(&self) -> Result<Option<SnapshotRecord>, Unavailable> {
        self.log.snapshot().await
    }

    async fn snapshot_part(&self, id: &str, index: u32) -> Result<Option<Vec<u8>>, Unavailable> {
        let id = if self.defect == Defect::SharesParts { "" } else { id };
        self.log.snapshot_part(id, index).await
    }
}

impl RevocationLog for BrokenLog {
    async fn append(&self, records: &[RevocationRecord]) -> Result<WriteOutcome, Unavailable> {
        match self.defect {
            Defect::AppendsBehindAGap => {
                self.log.tamper(|kept, _| {
                    kept.extend(records.iter().map(|record| (record.sequence, record.clone())));
                });
                Ok(WriteOutcome::Stored)
            }
            Defect::AppendsSomeOfABatch => {
                let mut done = WriteOutcome::Conflict;
                for record in records {
                    done = self.log.append(std::slice::from_ref(record)).await?;
                }
                Ok(done)
            }
            _ => self.log.append(records).await,
        }
    }

    async fn newest(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<RevocationRecord>, Unavailable> {
        self.log.newest(before, limit).await
    }

    async fn put_snapshot_part(
        &self,
        id: &str,
        index: u32,
        bytes: &[u8],
    ) -> Result<(), Unavailable> {
        let id = if self.defect == Defect::SharesParts { "" } else { id };
        self.log.put_snapshot_part(id, index, bytes).await
    }

    async fn put_snapshot(&self, snapshot: &SnapshotRecord) -> Result<WriteOutcome, Unavailable> {
        let replaced = self.log.snapshot().await?.map(|replaced| replaced.id);
        let mut kept = BTreeMap::new();
        self.log.tamper(|_, parts| kept = parts.clone());
        let put = self.log.put_snapshot(snapshot).await?;
        if self.defect == Defect::DropsTheReplacedAlone {
            kept.retain(|(id, _), _| Some(id) != replaced.as_ref());
            self.log.tamper(|_, parts| parts.extend(kept));
        }
        Ok(if self.defect == Defect::SnapshotsGoBack { WriteOutcome::Stored } else { put })
    }

    async fn forget(
        &self,
        before: u64,
        now: Timestamp,
        limit: usize,
    ) -> Result<usize, Unavailable> {
        let before = if self.defect == Defect::DeletesTheNewest { u64::MAX } else { before };
        self.log.forget(before, now, limit).await
    }
}
