//! The snapshots of a revocation feed.

use edge_auth::platform::{RevocationFeed, SNAPSHOT_PART_BYTES, SnapshotRecord};
use edge_auth_control::store::{RevocationLog, WriteOutcome};

use super::FeedBackend;
use crate::conformance::check::{Check, same};

fn snapshot(sequence: u64, id: &str) -> SnapshotRecord {
    let document = format!(r#"{{"is":"the snapshot of {sequence}"}}"#);
    SnapshotRecord { sequence, id: id.to_owned(), document }
}

/// Returns bytes that are not text and that differ in every place.
fn part(index: u32, length: usize) -> Vec<u8> {
    let salt = u8::try_from(index % 251).unwrap_or_default();
    (0..=255_u8).cycle().map(|byte| byte ^ salt).take(length).collect()
}

const ONE: &str = "00000000000000a1";
const TWO: &str = "ffffffffffffffff";

pub(super) async fn a_snapshot_returns_with_its_parts<B: FeedBackend>(
    backend: &B,
    storage: &str,
) -> Check {
    let (writer, reader) = (backend.open(storage).await?, backend.open(storage).await?);
    let lengths = [SNAPSHOT_PART_BYTES, SNAPSHOT_PART_BYTES, 1];
    for (index, length) in (0..).zip(lengths) {
        writer.put_snapshot_part(ONE, index, &part(index, length)).await?;
    }
    same("the snapshot before it is made the newest", &reader.snapshot().await?, &None)?;
    let whole = SnapshotRecord { document: "x".repeat(128 * 1024), ..snapshot(7, ONE) };
    same("put", &writer.put_snapshot(&whole).await?, &WriteOutcome::Stored)?;
    same("the snapshot", &reader.snapshot().await?, &Some(whole))?;
    for (index, length) in (0..).zip(lengths) {
        let found = reader.snapshot_part(ONE, index).await?;
        same(
            &format!("whether part {index} is whole"),
            &(found == Some(part(index, length))),
            &true,
        )?;
    }
    same("a part that is not there", &reader.snapshot_part(ONE, 3).await?, &None)
}

pub(super) async fn an_older_snapshot_does_not_replace_a_newer_one<B: FeedBackend>(
    backend: &B,
    storage: &str,
) -> Check {
    let log = backend.open(storage).await?;
    log.put_snapshot_part(ONE, 0, b"one").await?;
    same("put", &log.put_snapshot(&snapshot(10, ONE)).await?, &WriteOutcome::Stored)?;
    log.put_snapshot_part(TWO, 0, b"two").await?;
    for older in [9, 10] {
        same(
            "put of an older one",
            &log.put_snapshot(&snapshot(older, TWO)).await?,
            &WriteOutcome::Conflict,
        )?;
    }
    same("the snapshot", &log.snapshot().await?, &Some(snapshot(10, ONE)))?;
    same("its part", &log.snapshot_part(ONE, 0).await?, &Some(b"one".to_vec()))?;
    same(
        "put of a newer one",
        &log.put_snapshot(&snapshot(11, TWO)).await?,
        &WriteOutcome::Stored,
    )?;
    same("the snapshot then", &log.snapshot().await?, &Some(snapshot(11, TWO)))?;
    same("its part then", &log.snapshot_part(TWO, 0).await?, &Some(b"two".to_vec()))
}

pub(super) async fn parts_of_two_snapshots_stay_distinct<B: FeedBackend>(
    backend: &B,
    storage: &str,
) -> Check {
    let log = backend.open(storage).await?;
    for index in [0, 1, 10] {
        log.put_snapshot_part(ONE, index, &[1, u8::try_from(index).unwrap_or_default()]).await?;
        log.put_snapshot_part(TWO, index, &[2, u8::try_from(index).unwrap_or_default()]).await?;
    }
    log.put_snapshot_part(ONE, 1, b"written again").await?;
    same("a part of one", &log.snapshot_part(ONE, 10).await?, &Some(vec![1, 10]))?;
    same("a part of two", &log.snapshot_part(TWO, 1).await?, &Some(vec![2, 1]))?;
    same(
        "a part that was written again",
        &log.snapshot_part(ONE, 1).await?,
        &Some(b"written again".to_vec()),
    )
}

pub(super) async fn parts_of_lesser_ids_leave_with_a_newer_snapshot<B: FeedBackend>(
    backend: &B,
    storage: &str,
) -> Check {
    let log = backend.open(storage).await?;
    // A replaced snapshot, two whose writers gave up or were slower, and one that is still being
    // written.
    let (replaced, given_up, kept, later) =
        ("0000000001000000", "0000000001000001", "0000000002000005", "0000000003000000");
    let slower = "0000000002000004";
    for id in [replaced, given_up, kept, later, slower] {
        for index in 0..30 {
            log.put_snapshot_part(id, index, id.as_bytes()).await?;
        }
    }
    same("put", &log.put_snapshot(&snapshot(1, replaced)).await?, &WriteOutcome::Stored)?;
    same(
        "put of a newer one",
        &log.put_snapshot(&snapshot(2, kept)).await?,
        &WriteOutcome::Stored,
    )?;
    for index in [0, 1, 28, 29] {
        for id in [replaced, given_up, slower] {
            same(&format!("part {index} of {id}"), &log.snapshot_part(id, index).await?, &None)?;
        }
        for id in [kept, later] {
            let part = log.snapshot_part(id, index).await?;
            same(&format!("part {index} of {id}"), &part, &Some(id.as_bytes().to_vec()))?;
        }
    }
    same(
        "put of the last one",
        &log.put_snapshot(&snapshot(3, later)).await?,
        &WriteOutcome::Stored,
    )?;
    same("a part of the one before", &log.snapshot_part(kept, 29).await?, &None)
}
