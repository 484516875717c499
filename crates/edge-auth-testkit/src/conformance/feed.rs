//! A revocation feed: an ordered log without gaps, and snapshots.

mod snapshots;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use edge_auth::platform::{RevocationFeed, RevocationRecord, Unavailable};
use edge_auth_control::store::{RevocationLog, WriteOutcome};
use edge_auth_token::Timestamp;
use futures::future::join_all;

use self::snapshots::{
    a_snapshot_returns_with_its_parts, an_older_snapshot_does_not_replace_a_newer_one,
    parts_of_lesser_ids_leave_with_a_newer_snapshot, parts_of_two_snapshots_stay_distinct,
};
use super::check::{Check, START, run_checks, same};
use super::{Grade, Report, Writer, Written};

const WRITERS: u64 = 6;
/// The number of records that each writer appends.
const APPENDS: u64 = 8;
/// A conflict of one writer is a success of another, so far fewer attempts are enough.
const ATTEMPTS: u64 = 10 * WRITERS * APPENDS;

/// Gives the suite access to the feed under test.
pub trait FeedBackend {
    /// The feed.
    type Log: RevocationLog + 'static;

    /// Opens another handle on the storage of this name, which is empty if the name is new.
    ///
    /// Names are `[a-z_]{1,64}`, and a run uses each name for one check only. Two handles share
    /// exactly what two processes would share.
    fn open(&self, storage: &str) -> impl Future<Output = Result<Self::Log, Unavailable>>;

    /// Runs the writers concurrently and returns when all of them have ended: see
    /// [`super::Backend::at_once`].
    fn at_once(&self, writers: Vec<Writer>) -> impl Future<Output = Vec<Written>> {
        join_all(writers)
    }
}

/// Runs the suite of [`Grade::Feed`].
pub async fn run_feed<B: FeedBackend>(backend: &B) -> Report {
    let mut report = Report::default();
    run_checks!(backend, &mut report, Grade::Feed;
        an_empty_feed_has_nothing,
        every_field_of_a_record_returns,
        records_come_in_the_order_of_their_sequence,
        pages_join_to_the_whole_log,
        the_newest_come_first,
        a_sequence_is_used_once,
        no_sequence_is_skipped,
        a_batch_is_appended_whole_or_not_at_all,
        the_largest_batch_is_appended,
        a_record_is_found_by_its_mark,
        a_record_is_seen_by_every_handle_immediately,
        concurrent_writers_neither_lose_nor_repeat_records,
        batches_of_concurrent_writers_are_not_mixed,
        an_expired_record_stays_until_it_is_deleted,
        only_expired_records_before_a_sequence_are_deleted,
        no_more_records_are_deleted_than_the_limit,
        the_sequence_continues_after_records_were_deleted,
        a_snapshot_returns_with_its_parts,
        an_older_snapshot_does_not_replace_a_newer_one,
        parts_of_two_snapshots_stay_distinct,
        parts_of_lesser_ids_leave_with_a_newer_snapshot,
    );
    report
}

fn mark(of: u64) -> String {
    format!("{of:032x}")
}

fn record(sequence: u64) -> RevocationRecord {
    let document = format!(r#"{{"is":"the document of {sequence}"}}"#);
    RevocationRecord { sequence, mark: mark(sequence), document, expires_at: None }
}

fn records(sequences: impl IntoIterator<Item = u64>) -> Vec<RevocationRecord> {
    sequences.into_iter().map(record).collect()
}

async fn appends(
    log: &impl RevocationLog,
    records: &[RevocationRecord],
    outcome: WriteOutcome,
) -> Check {
    let sequences: Vec<u64> = records.iter().map(|record| record.sequence).collect();
    same(&format!("append of {sequences:?}"), &log.append(records).await?, &outcome)
}

/// Returns records of the log, which the store read for this call.
async fn since(
    log: &impl RevocationLog,
    first: u64,
    limit: usize,
) -> Result<Vec<RevocationRecord>, super::Failure> {
    let tail = log.since(first, limit).await?;
    same("the age of the answer", &tail.age, &Duration::ZERO)?;
    Ok(tail.records)
}

async fn holds(log: &impl RevocationLog, expected: &[RevocationRecord]) -> Check {
    same("all records", &since(log, 0, 10_000).await?.as_slice(), &expected)
}

async fn an_empty_feed_has_nothing<B: FeedBackend>(backend: &B, storage: &str) -> Check {
    let log = backend.open(storage).await?;
    holds(&log, &[]).await?;
    same("records since 7", &since(&log, 7, 10).await?, &Vec::new())?;
    same("the newest", &log.newest(None, 10).await?, &Vec::new())?;
    same("records found by the mark", &log.marked(&mark(1)).await?, &Vec::new())?;
    same("the snapshot", &log.snapshot().await?, &None)?;
    same("a part", &log.snapshot_part("0123456789abcdef", 0).await?, &None)?;
    same("deleted records", &log.forget(u64::MAX, START, 10).await?, &0)
}

async fn every_field_of_a_record_returns<B: FeedBackend>(backend: &B, storage: &str) -> Check {
    let log = backend.open(storage).await?;
    let all = [
        RevocationRecord { document: String::new(), ..record(1) },
        RevocationRecord { document: " \u{0}\r\n\"ü\u{10FFFF}'%_ ".to_owned(), ..record(2) },
        RevocationRecord { document: "x".repeat(8 * 1024), ..record(3) },
        RevocationRecord { expires_at: Some(Timestamp::from_millis(1)), ..record(4) },
        RevocationRecord {
            expires_at: Some(Timestamp::from_millis(4_102_444_800_123)),
            ..record(5)
        },
        RevocationRecord { mark: "ffffffffffffffffffffffffffffffff".to_owned(), ..record(6) },
    ];
    appends(&log, &all, WriteOutcome::Stored).await?;
    holds(&log, &all).await
}

async fn records_come_in_the_order_of_their_sequence<B: FeedBackend>(
    backend: &B,
    storage: &str,
) -> Check {
    let log = backend.open(storage).await?;
    // A store that compares numbers as text sorts 10 before 9.
    for sequence in 1..=12 {
        appends(&log, &[record(sequence)], WriteOutcome::Stored).await?;
    }
    holds(&log, &records(1..=12)).await?;
    same("records since 9", &since(&log, 9, 10).await?, &records(9..=12))?;
    same("records since 13", &since(&log, 13, 10).await?, &Vec::new())
}

async fn pages_join_to_the_whole_log<B: FeedBackend>(backend: &B, storage: &str) -> Check {
    let log = backend.open(storage).await?;
    appends(&log, &records(1..=23), WriteOutcome::Stored).await?;
    let (mut joined, mut first) = (Vec::new(), 1);
    for _ in 0..4 {
        let page = since(&log, first, 7).await?;
        same("no page is too long", &(page.len() <= 7), &true)?;
        first += page.len() as u64;
        joined.extend(page);
    }
    same("the joined pages", &joined, &records(1..=23))
}

async fn the_newest_come_first<B: FeedBackend>(backend: &B, storage: &str) -> Check {
    let log = backend.open(storage).await?;
    appends(&log, &records(1..=12), WriteOutcome::Stored).await?;
    same("the newest", &log.newest(None, 3).await?, &records([12, 11, 10]))?;
    same("those before 10", &log.newest(Some(10), 2).await?, &records([9, 8]))?;
    same("those before 3", &log.newest(Some(3), 10).await?, &records([2, 1]))?;
    same("those before 1", &log.newest(Some(1), 10).await?, &Vec::new())
}

async fn a_sequence_is_used_once<B: FeedBackend>(backend: &B, storage: &str) -> Check {
    let log = backend.open(storage).await?;
    appends(&log, &records(1..=2), WriteOutcome::Stored).await?;
    for sequence in [2, 1] {
        let other = RevocationRecord { document: "another".to_owned(), ..record(sequence) };
        appends(&log, &[other], WriteOutcome::Conflict).await?;
    }
    holds(&log, &records(1..=2)).await
}

async fn no_sequence_is_skipped<B: FeedBackend>(backend: &B, storage: &str) -> Check {
    let log = backend.open(storage).await?;
    appends(&log, &[record(2)], WriteOutcome::Conflict).await?;
    appends(&log, &[record(1)], WriteOutcome::Stored).await?;
    appends(&log, &[record(3)], WriteOutcome::Conflict).await?;
    holds(&log, &records(1..=1)).await
}

async fn a_batch_is_appended_whole_or_not_at_all<B: FeedBackend>(
    backend: &B,
    storage: &str,
) -> Check {
    let log = backend.open(storage).await?;
    appends(&log, &records(1..=3), WriteOutcome::Stored).await?;
    // The end of the batch is new, but its beginning is not.
    appends(&log, &records(3..=6), WriteOutcome::Conflict).await?;
    holds(&log, &records(1..=3)).await?;
    appends(&log, &records(4..=6), WriteOutcome::Stored).await?;
    holds(&log, &records(1..=6)).await
}

async fn the_largest_batch_is_appended<B: FeedBackend>(backend: &B, storage: &str) -> Check {
    let log = backend.open(storage).await?;
    let most = log.max_appended() as u64;
    let mut batch = records(1..=most);
    for record in &mut batch {
        record.document = "x".repeat(8 * 1024);
    }
    appends(&log, &batch, WriteOutcome::Stored).await?;
    holds(&log, &batch).await
}

async fn a_record_is_found_by_its_mark<B: FeedBackend>(backend: &B, storage: &str) -> Check {
    let log = backend.open(storage).await?;
    let again = RevocationRecord { mark: mark(2), ..record(11) };
    appends(&log, &records(1..=10), WriteOutcome::Stored).await?;
    appends(&log, std::slice::from_ref(&again), WriteOutcome::Stored).await?;
    same("records found by the mark", &log.marked(&mark(2)).await?, &vec![record(2), again])?;
    same("records found by another mark", &log.marked(&mark(7)).await?, &records([7]))?;
    same("records found by an absent mark", &log.marked(&mark(99)).await?, &Vec::new())?;
    same("records found by a part of a mark", &log.marked("0").await?, &Vec::new())
}

async fn a_record_is_seen_by_every_handle_immediately<B: FeedBackend>(
    backend: &B,
    storage: &str,
) -> Check {
    let (one, two) = (backend.open(storage).await?, backend.open(storage).await?);
    for sequence in 1..=6 {
        let (writer, reader) = if sequence % 2 == 0 { (&one, &two) } else { (&two, &one) };
        appends(writer, &[record(sequence)], WriteOutcome::Stored).await?;
        same(
            "records that the other handle reads",
            &since(reader, sequence, 10).await?,
            &records([sequence]),
        )?;
        same(
            "records that the other handle finds",
            &reader.marked(&mark(sequence)).await?,
            &records([sequence]),
        )?;
        same(
            "the newest record at the other handle",
            &reader.newest(None, 1).await?,
            &records([sequence]),
        )?;
    }
    Ok(())
}

async fn concurrent_writers_neither_lose_nor_repeat_records<B: FeedBackend>(
    backend: &B,
    storage: &str,
) -> Check {
    let written = race(backend, storage, 1).await?;
    let log = backend.open(storage).await?;
    let all = since(&log, 0, 10_000).await?;
    let sequences: Vec<u64> = all.iter().map(|record| record.sequence).collect();
    same("the sequences", &sequences, &(1..=written).collect())?;
    // Each writer numbers its documents. All must be present, each once.
    let mut documents: Vec<String> = all.into_iter().map(|record| record.document).collect();
    documents.sort_unstable();
    documents.dedup();
    same("distinct documents", &(documents.len() as u64), &written)
}

async fn batches_of_concurrent_writers_are_not_mixed<B: FeedBackend>(
    backend: &B,
    storage: &str,
) -> Check {
    let written = race(backend, storage, 3).await?;
    let log = backend.open(storage).await?;
    let all = since(&log, 0, 10_000).await?;
    same("records", &(all.len() as u64), &written)?;
    for batch in all.chunks(3) {
        let documents: Vec<&str> = batch.iter().map(|record| record.document.as_str()).collect();
        let whole = documents.first().is_some_and(|first| documents.iter().all(|one| one == first));
        same(&format!("whether {documents:?} are of one batch"), &whole, &true)?;
    }
    Ok(())
}

/// Lets writers append batches of `batch` records concurrently. Returns the number of stored
/// records.
async fn race<B: FeedBackend>(
    backend: &B,
    storage: &str,
    batch: u64,
) -> Result<u64, super::Failure> {
    let mut writers = Vec::new();
    for number in 0..WRITERS {
        let log = Arc::new(backend.open(storage).await?);
        writers.push(Box::pin(append_some(log, number, batch)) as Writer);
    }
    let written = backend.at_once(writers).await;
    let total: u64 = written.into_iter().sum::<Written>()?;
    same("records that were stored", &total, &(WRITERS * APPENDS * batch))?;
    Ok(total)
}

async fn append_some(log: Arc<impl RevocationLog>, writer: u64, batch: u64) -> Written {
    let mut stored = 0;
    for _ in 0..ATTEMPTS {
        let newest = log.newest(None, 1).await?.first().map_or(0, |record| record.sequence);
        let mut records = records(newest + 1..newest + 1 + batch);
        for record in &mut records {
            record.document = format!("{stored} of writer {writer}");
        }
        if log.append(&records).await? == WriteOutcome::Stored {
            stored += 1;
        }
        if stored == APPENDS {
            return Ok(stored * batch);
        }
    }
    Err(super::Failure::new(format!("{stored} of {ATTEMPTS} attempts to append were stored")))
}

fn expiring(sequence: u64, millis: u64) -> RevocationRecord {
    RevocationRecord { expires_at: Some(Timestamp::from_millis(millis)), ..record(sequence) }
}

async fn an_expired_record_stays_until_it_is_deleted<B: FeedBackend>(
    backend: &B,
    storage: &str,
) -> Check {
    let log = backend.open(storage).await?;
    let expired = [expiring(1, 1000), expiring(2, 2000)];
    appends(&log, &expired, WriteOutcome::Stored).await?;
    holds(&log, &expired).await?;
    same("records found by the mark", &log.marked(&mark(1)).await?.as_slice(), &&expired[..1])
}

async fn only_expired_records_before_a_sequence_are_deleted<B: FeedBackend>(
    backend: &B,
    storage: &str,
) -> Check {
    let log = backend.open(storage).await?;
    let all =
        [expiring(1, 1000), record(2), expiring(3, 1001), expiring(4, 1000), expiring(5, 1000)];
    appends(&log, &all, WriteOutcome::Stored).await?;
    let now = Timestamp::from_millis(1000);
    same("deleted records", &log.forget(5, now, 100).await?, &2)?;
    same("records deleted the second time", &log.forget(5, now, 100).await?, &0)?;
    holds(&log, &[record(2), expiring(3, 1001), expiring(5, 1000)]).await?;
    same("records found by the mark of a deleted one", &log.marked(&mark(4)).await?, &Vec::new())
}

async fn no_more_records_are_deleted_than_the_limit<B: FeedBackend>(
    backend: &B,
    storage: &str,
) -> Check {
    let log = backend.open(storage).await?;
    let all: Vec<_> = (1..=7).map(|sequence| expiring(sequence, 10)).collect();
    appends(&log, &all, WriteOutcome::Stored).await?;
    let now = Timestamp::from_millis(10);
    for forgotten in [3, 3, 1, 0] {
        same("deleted records", &log.forget(8, now, 3).await?, &forgotten)?;
    }
    holds(&log, &[]).await
}

async fn the_sequence_continues_after_records_were_deleted<B: FeedBackend>(
    backend: &B,
    storage: &str,
) -> Check {
    let log = backend.open(storage).await?;
    let all: Vec<_> = (1..=5).map(|sequence| expiring(sequence, 10)).collect();
    appends(&log, &all, WriteOutcome::Stored).await?;
    same("deleted records", &log.forget(5, START, 100).await?, &4)?;
    appends(&log, &[record(1)], WriteOutcome::Conflict).await?;
    appends(&log, &[record(6)], WriteOutcome::Stored).await?;
    holds(&log, &[expiring(5, 10), record(6)]).await
}
