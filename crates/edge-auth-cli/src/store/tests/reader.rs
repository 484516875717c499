//! A gate's connection: it reads what the administration writes, and SQLite refuses its writes.

use std::path::Path;

use edge_auth::platform::{ApiKeyRecord, ApiKeys, RevocationFeed, RevocationRecord};
use edge_auth_control::store::{ApiKeyAdmin, Precondition, RevocationLog, WriteOutcome};
use edge_auth_token::Timestamp;
use rusqlite::Connection;

use crate::store::error::StoreErrorKind;
use crate::store::{SqliteReader, SqliteStore};

const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

fn record(version: u64) -> ApiKeyRecord {
    let document = format!("version {version}");
    ApiKeyRecord { id: "a".to_owned(), document, version, expires_at: None }
}

async fn put(store: &SqliteStore, record: &ApiKeyRecord, expected: Precondition) {
    assert_eq!(store.put(record, expected, NOW).await, Ok(WriteOutcome::Stored));
}

fn refused(path: &Path) -> String {
    SqliteReader::open(path).err().unwrap().to_string()
}

#[tokio::test]
async fn a_gate_reads_at_once_what_the_administration_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.db");
    let store = SqliteStore::open(&path).unwrap();
    let gate = SqliteReader::open(&path).unwrap();
    assert_eq!(gate.find("a", NOW).await.unwrap(), None);
    put(&store, &record(1), Precondition::Absent).await;
    assert_eq!(gate.find("a", NOW).await.unwrap(), Some(record(1)));
    put(&store, &record(2), Precondition::Version(1)).await;
    assert_eq!(gate.find("a", NOW).await.unwrap(), Some(record(2)));

    let entry = RevocationRecord {
        sequence: 1,
        mark: "0".repeat(32),
        document: "entry".to_owned(),
        expires_at: None,
    };
    assert_eq!(gate.since(1, 10).await.unwrap().records, []);
    assert_eq!(store.append(std::slice::from_ref(&entry)).await.unwrap(), WriteOutcome::Stored);
    assert_eq!(gate.since(1, 10).await.unwrap().records, [entry]);

    // Commands come and go while the gate runs.
    drop(store);
    put(&SqliteStore::open_existing(&path).unwrap(), &record(3), Precondition::Version(2)).await;
    assert_eq!(gate.find("a", NOW).await.unwrap(), Some(record(3)));
}

#[tokio::test]
async fn no_statement_of_a_gate_changes_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.db");
    let store = SqliteStore::open(&path).unwrap();
    put(&store, &record(1), Precondition::Absent).await;
    let gate = SqliteReader::open(&path).unwrap();
    let again = format!("ATTACH '{}' AS again", path.display());
    let escalated = format!("ATTACH 'file:{}?mode=rw' AS again", path.display());
    let attempts = [
        "INSERT INTO api_key (id, document, version) VALUES ('mine', '{}', 1)",
        "INSERT INTO revocation (sequence, mark, document) VALUES (1, '', '')",
        "UPDATE api_key SET document = 'wider'",
        "DELETE FROM api_key",
        "DELETE FROM revocation",
        "DROP TABLE revocation",
        "CREATE TABLE other (id)",
        "PRAGMA user_version = 1",
        "PRAGMA journal_mode = delete",
        "PRAGMA wal_checkpoint(truncate); DELETE FROM api_key",
        "PRAGMA writable_schema = on; DELETE FROM sqlite_schema",
        "BEGIN IMMEDIATE; DELETE FROM api_key",
        "VACUUM",
        &format!("{again}; DELETE FROM again.api_key"),
        &format!("{escalated}; DELETE FROM again.api_key"),
    ];
    for attempt in attempts {
        // Each attempt also switches off the setting that a statement can switch off.
        for statements in [attempt.to_owned(), format!("PRAGMA query_only = off; {attempt}")] {
            let tried = statements.clone();
            let done = gate.run(move |connection| Ok(connection.execute_batch(&tried)?)).await;
            let mode: String = Connection::open(&path)
                .unwrap()
                .pragma_query_value(None, "journal_mode", |row| row.get(0))
                .unwrap();
            assert_eq!(mode, "wal", "{statements}");
            assert_eq!(gate.find("a", NOW).await.unwrap(), Some(record(1)), "{statements}");
            assert!(done.is_err() || statements.contains("journal_mode"), "{statements}: {done:?}");
        }
    }
    assert_eq!(store.list(None, 10, NOW).await.unwrap(), [record(1)]);
    assert_eq!(store.newest(None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_store_of_an_older_version_is_refused_with_the_command_that_brings_it_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.db");
    put(&SqliteStore::open(&path).unwrap(), &record(1), Precondition::Absent).await;
    Connection::open(&path)
        .unwrap()
        .execute_batch(
            "DROP TABLE revocation; DROP TABLE revocation_snapshot;
             DROP TABLE revocation_snapshot_part; PRAGMA user_version = 1",
        )
        .unwrap();
    let error = refused(&path);
    assert!(error.contains("has the older schema 1"), "{error}");
    assert!(error.contains("`edge-auth store init`"), "{error}");

    drop(SqliteStore::open_or_make(&path).unwrap());
    let gate = SqliteReader::open(&path).unwrap();
    assert_eq!(gate.find("a", NOW).await.unwrap(), Some(record(1)));
    assert_eq!(gate.since(1, 10).await.unwrap().records, []);
}

#[test]
fn a_gate_makes_no_store_and_changes_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.db");
    assert!(refused(&path).contains("there is no store"));
    assert!(!path.exists());

    std::fs::write(&path, "").unwrap();
    assert!(refused(&path).contains("the file is empty"));
    assert_eq!(std::fs::read(&path).unwrap(), b"");

    drop(SqliteStore::open(&path).unwrap());
    let one = Connection::open(&path).unwrap();
    one.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(())).unwrap();
    drop(one);
    let error = refused(&path);
    assert!(error.contains("is in the journal mode `delete`"), "{error}");
    assert!(error.contains("`edge-auth store init`"), "{error}");
}

#[tokio::test]
async fn a_gate_notices_a_planted_trigger_and_a_lost_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.db");
    let store = SqliteStore::open(&path).unwrap();
    let gate = store.reader().unwrap();
    let trigger = "CREATE TRIGGER t AFTER INSERT ON revocation BEGIN DELETE FROM revocation; END";
    Connection::open(&path).unwrap().execute_batch(trigger).unwrap();
    let error = gate.find("a", NOW).await.unwrap_err().to_string();
    assert!(error.contains("`trigger` `t`"), "{error}");

    std::fs::remove_file(&path).unwrap();
    let error = gate.find("a", NOW).await.unwrap_err().to_string();
    assert!(error.contains("ALERT: the store is gone"), "{error}");
    assert!(matches!(SqliteReader::open(&path).err().unwrap().kind, StoreErrorKind::Missing));
}
