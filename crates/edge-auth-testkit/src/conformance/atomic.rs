//! Many writers: a write is a compare-and-set, and every handle sees it immediately.

use std::sync::Arc;

use edge_auth::platform::ApiKeyRecord;
use edge_auth_control::store::{ApiKeyAdmin, Precondition, WriteOutcome};

use super::check::{
    Check, Failure, START, create, finds, finds_nothing, lists, puts, record, run_checks, same,
    successor,
};
use super::{Backend, Grade, Report, Writer, Written};

const WRITERS: u64 = 8;
/// The number of times that a race is repeated, each time on a new record.
const RACES: u64 = 5;
/// The number of increments by each writer.
const INCREMENTS: u64 = 10;
/// A conflict of one writer is a success of another, so far fewer attempts are enough.
const ATTEMPTS: u64 = 10 * WRITERS * INCREMENTS;

pub(super) async fn run<B: Backend>(backend: &B, report: &mut Report) {
    run_checks!(backend, report, Grade::Atomic;
        a_present_record_is_not_created_again,
        only_the_stored_version_is_replaced,
        an_absent_record_has_no_version,
        handles_see_each_others_writes_immediately,
        one_of_many_creators_wins,
        one_of_many_writers_of_a_version_wins,
        no_increment_is_lost,
        writers_of_different_records_do_not_conflict,
    );
}

async fn a_present_record_is_not_created_again<B: Backend>(backend: &B, storage: &str) -> Check {
    let store = backend.open(storage).await?;
    let stored = record("k", "the first");
    create(&store, &stored).await?;
    let other = record("k", "another");
    puts(&store, &other, Precondition::Absent, START, WriteOutcome::Conflict).await?;
    finds(&store, &stored, START).await
}

async fn only_the_stored_version_is_replaced<B: Backend>(backend: &B, storage: &str) -> Check {
    let store = backend.open(storage).await?;
    let first = record("k", "the first");
    let second = successor(&first, "the second");
    create(&store, &first).await?;
    puts(&store, &second, Precondition::Version(1), START, WriteOutcome::Stored).await?;
    let intruder = successor(&second, "the intruder");
    for other_version in [0, 1, 3, u64::MAX] {
        let expected = Precondition::Version(other_version);
        puts(&store, &intruder, expected, START, WriteOutcome::Conflict).await?;
        finds(&store, &second, START).await?;
    }
    lists(&store, (None, 10), START, &["k"]).await
}

async fn an_absent_record_has_no_version<B: Backend>(backend: &B, storage: &str) -> Check {
    let store = backend.open(storage).await?;
    for version in [0, 1, u64::MAX] {
        let expected = Precondition::Version(version);
        puts(&store, &record("k", "{}"), expected, START, WriteOutcome::Conflict).await?;
        finds_nothing(&store, "k", START).await?;
    }
    lists(&store, (None, 10), START, &[]).await
}

async fn handles_see_each_others_writes_immediately<B: Backend>(
    backend: &B,
    storage: &str,
) -> Check {
    let (one, two) = (backend.open(storage).await?, backend.open(storage).await?);
    finds_nothing(&two, "k", START).await?;
    let mut stored = record("k", "0");
    create(&one, &stored).await?;
    for round in 1..=5 {
        let (writer, reader) = if round % 2 == 0 { (&one, &two) } else { (&two, &one) };
        let next = successor(&stored, &round.to_string());
        let expected = Precondition::Version(stored.version);
        puts(writer, &next, expected, START, WriteOutcome::Stored).await?;
        finds(reader, &next, START).await?;
        lists(reader, (None, 10), START, &["k"]).await?;
        puts(reader, &next, expected, START, WriteOutcome::Conflict).await?;
        stored = next;
    }
    Ok(())
}

async fn one_of_many_creators_wins<B: Backend>(backend: &B, storage: &str) -> Check {
    for race in 0..RACES {
        one_wins(backend, storage, &format!("k{race}"), Precondition::Absent).await?;
    }
    Ok(())
}

async fn one_of_many_writers_of_a_version_wins<B: Backend>(backend: &B, storage: &str) -> Check {
    let store = backend.open(storage).await?;
    for race in 0..RACES {
        let id = format!("k{race}");
        create(&store, &record(&id, "the version that every writer replaces")).await?;
        one_wins(backend, storage, &id, Precondition::Version(1)).await?;
    }
    Ok(())
}

async fn no_increment_is_lost<B: Backend>(backend: &B, storage: &str) -> Check {
    let stores = two_handles(backend, storage).await?;
    create(&*stores[0], &record("counter", "0")).await?;
    let writers =
        (0..WRITERS).map(|number| Box::pin(count_up(handle(&stores, number))) as Writer).collect();
    let total = sum(backend.at_once(writers).await)?;
    same("increments that were stored", &total, &(WRITERS * INCREMENTS))?;
    let mut counted = record("counter", &total.to_string());
    counted.version = 1 + total;
    finds(&*stores[1], &counted, START).await
}

async fn writers_of_different_records_do_not_conflict<B: Backend>(
    backend: &B,
    storage: &str,
) -> Check {
    let stores = two_handles(backend, storage).await?;
    let writers = (0..WRITERS)
        .map(|number| Box::pin(create_some(handle(&stores, number), number)) as Writer)
        .collect();
    let total = sum(backend.at_once(writers).await)?;
    same("records that were stored", &total, &(WRITERS * RACES))?;
    let listed = stores[0].list(None, usize::MAX, START).await?.len();
    same("listed records", &(listed as u64), &total)
}

/// Lets writers race for one record. Exactly one of them must win and have its document stored.
async fn one_wins<B: Backend>(
    backend: &B,
    storage: &str,
    id: &str,
    expected: Precondition,
) -> Check {
    let stores = two_handles(backend, storage).await?;
    let version = match expected {
        Precondition::Absent => 1,
        Precondition::Version(version) => version + 1,
    };
    let writers = (0..WRITERS)
        .map(|number| {
            let (store, contender) = (handle(&stores, number), contender(id, version, number));
            Box::pin(async move {
                let put = store.put(&contender, expected, START).await?;
                Ok(u64::from(put == WriteOutcome::Stored))
            }) as Writer
        })
        .collect();
    let written = backend.at_once(writers).await;
    let winners: Vec<u64> = (0..)
        .zip(&written)
        .filter(|(_, written)| **written == Ok(1))
        .map(|(number, _)| number)
        .collect();
    same("writers that won", &sum(written)?, &1)?;
    for winner in winners {
        finds(&*stores[1], &contender(id, version, winner), START).await?;
    }
    Ok(())
}

fn contender(id: &str, version: u64, writer: u64) -> ApiKeyRecord {
    ApiKeyRecord { version, ..record(id, &format!("the document of writer {writer}")) }
}

async fn count_up(store: Arc<impl ApiKeyAdmin>) -> Written {
    let mut stored = 0;
    for _ in 0..ATTEMPTS {
        let Some(current) = store.find("counter", START).await? else {
            return Err(Failure::new("expected to find the counter, found nothing"));
        };
        let count: u64 = current
            .document
            .parse()
            .map_err(|_| Failure::new(format!("{:?} is not a count", current.document)))?;
        let next = successor(&current, &(count + 1).to_string());
        let put = store.put(&next, Precondition::Version(current.version), START).await?;
        stored += u64::from(put == WriteOutcome::Stored);
        if stored == INCREMENTS {
            return Ok(stored);
        }
    }
    Err(Failure::new(format!(
        "expected {INCREMENTS} increments, {stored} of {ATTEMPTS} attempts were stored"
    )))
}

async fn create_some(store: Arc<impl ApiKeyAdmin>, writer: u64) -> Written {
    for number in 0..RACES {
        create(&*store, &record(&format!("w{writer}-{number}"), "{}")).await?;
    }
    Ok(RACES)
}

async fn two_handles<B: Backend>(
    backend: &B,
    storage: &str,
) -> Result<[Arc<B::Store>; 2], Failure> {
    Ok([Arc::new(backend.open(storage).await?), Arc::new(backend.open(storage).await?)])
}

/// Writers take the handles in turn.
fn handle<S>([even, odd]: &[Arc<S>; 2], number: u64) -> Arc<S> {
    Arc::clone(if number.is_multiple_of(2) { even } else { odd })
}

fn sum(written: Vec<Written>) -> Written {
    same("writers that ended", &(written.len() as u64), &WRITERS)?;
    written.into_iter().sum()
}
