//! An expired record is neither found nor listed, and counts as absent for a write.
//!
//! Within a check time only goes forward: a store may delete expired records.

use std::time::Duration;

use edge_auth::platform::ApiKeyRecord;
use edge_auth_control::store::{Precondition, WriteOutcome};
use edge_auth_token::Timestamp;

use super::check::{
    Check, START, create, finds, finds_nothing, lists, puts, record, run_checks, successor,
};
use super::{Backend, Grade, Report};

pub(super) async fn run<B: Backend>(backend: &B, report: &mut Report) {
    run_checks!(backend, report, Grade::Expiry;
        a_record_expires_at_its_exact_millisecond,
        an_expired_record_is_absent_for_a_write,
        an_unexpired_record_is_present_for_a_write,
        expired_records_take_no_room_on_a_page,
        a_later_version_may_expire_later_sooner_or_never,
        a_record_without_expiry_never_expires,
    );
}

fn after(millis: u64) -> Timestamp {
    START.plus(Duration::from_millis(millis))
}

fn expiring(id: &str, expires_at: Timestamp) -> ApiKeyRecord {
    ApiKeyRecord { expires_at: Some(expires_at), ..record(id, "{}") }
}

async fn a_record_expires_at_its_exact_millisecond<B: Backend>(
    backend: &B,
    storage: &str,
) -> Check {
    let store = backend.open(storage).await?;
    let stored = expiring("k", after(1500));
    create(&store, &stored).await?;
    for now in [START, after(1499)] {
        finds(&store, &stored, now).await?;
        lists(&store, (None, 10), now, &["k"]).await?;
    }
    for now in [after(1500), after(1501), after(1_000_000_000)] {
        finds_nothing(&store, "k", now).await?;
        lists(&store, (None, 10), now, &[]).await?;
    }
    Ok(())
}

async fn an_expired_record_is_absent_for_a_write<B: Backend>(backend: &B, storage: &str) -> Check {
    let store = backend.open(storage).await?;
    let old = expiring("k", after(1000));
    create(&store, &old).await?;
    let update = successor(&old, "must not be written");
    let version = Precondition::Version(old.version);
    puts(&store, &update, version, after(1000), WriteOutcome::Conflict).await?;
    finds_nothing(&store, "k", after(1000)).await?;

    let new = record("k", "created anew");
    puts(&store, &new, Precondition::Absent, after(1000), WriteOutcome::Stored).await?;
    finds(&store, &new, after(1000)).await?;
    puts(&store, &old, Precondition::Absent, after(1000), WriteOutcome::Conflict).await?;
    lists(&store, (None, 10), after(5000), &["k"]).await
}

async fn an_unexpired_record_is_present_for_a_write<B: Backend>(
    backend: &B,
    storage: &str,
) -> Check {
    let store = backend.open(storage).await?;
    let stored = expiring("k", after(1000));
    create(&store, &stored).await?;
    let other = record("k", "another");
    puts(&store, &other, Precondition::Absent, after(999), WriteOutcome::Conflict).await?;
    finds(&store, &stored, after(999)).await?;
    let next = successor(&stored, "the next");
    puts(&store, &next, Precondition::Version(1), after(999), WriteOutcome::Stored).await?;
    finds(&store, &next, after(999)).await
}

async fn expired_records_take_no_room_on_a_page<B: Backend>(backend: &B, storage: &str) -> Check {
    let store = backend.open(storage).await?;
    for (expired, live) in [("a", "b"), ("c", "d"), ("e", "f")] {
        create(&store, &expiring(expired, after(10))).await?;
        create(&store, &record(live, "{}")).await?;
    }
    lists(&store, (None, 3), after(9), &["a", "b", "c"]).await?;
    lists(&store, (None, 2), after(10), &["b", "d"]).await?;
    lists(&store, (None, 3), after(10), &["b", "d", "f"]).await?;
    lists(&store, (Some("c"), 1), after(10), &["d"]).await
}

async fn a_later_version_may_expire_later_sooner_or_never<B: Backend>(
    backend: &B,
    storage: &str,
) -> Check {
    let store = backend.open(storage).await?;
    for id in ["later", "never", "now", "sooner"] {
        create(&store, &expiring(id, after(1000))).await?;
    }
    let ends = [
        ("later", Some(after(2000))),
        ("never", None),
        ("now", Some(after(10))),
        ("sooner", Some(after(500))),
    ];
    for (id, expires_at) in ends {
        let next = ApiKeyRecord { expires_at, ..successor(&expiring(id, after(1000)), "the next") };
        puts(&store, &next, Precondition::Version(1), after(10), WriteOutcome::Stored).await?;
    }
    let all = (None, 10);
    lists(&store, all, after(10), &["later", "never", "sooner"]).await?;
    lists(&store, all, after(500), &["later", "never"]).await?;
    lists(&store, all, after(1999), &["later", "never"]).await?;
    lists(&store, all, after(2000), &["never"]).await?;
    finds_nothing(&store, "now", after(2000)).await?;
    finds_nothing(&store, "later", after(2000)).await
}

async fn a_record_without_expiry_never_expires<B: Backend>(backend: &B, storage: &str) -> Check {
    let store = backend.open(storage).await?;
    let stored = record("k", "{}");
    create(&store, &stored).await?;
    let end_of_time = Timestamp::from_millis(u64::MAX);
    finds(&store, &stored, end_of_time).await?;
    lists(&store, (None, 10), end_of_time, &["k"]).await?;
    let next = successor(&stored, "the next");
    puts(&store, &next, Precondition::Version(1), end_of_time, WriteOutcome::Stored).await
}
