//! Damage of the file: each kind has its own message, and loses no record.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use edge_auth::platform::{ApiKeyRecord, ApiKeys};
use edge_auth_control::store::{ApiKeyAdmin, Precondition, WriteOutcome};
use edge_auth_token::Timestamp;
use rusqlite::Connection;

use crate::store::SqliteStore;
use crate::store::error::StoreErrorKind;

const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

fn record(id: &str) -> ApiKeyRecord {
    ApiKeyRecord { id: id.to_owned(), document: "{}".repeat(500), version: 1, expires_at: None }
}

fn refused(path: &Path) -> StoreErrorKind {
    SqliteStore::open(path).err().unwrap().kind
}

async fn put(store: &SqliteStore, id: &str) -> Result<WriteOutcome, String> {
    store.put(&record(id), Precondition::Absent, NOW).await.map_err(|error| error.to_string())
}

async fn stored(store: &SqliteStore, id: &str) {
    assert_eq!(put(store, id).await, Ok(WriteOutcome::Stored));
}

#[tokio::test]
async fn records_are_there_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.db");
    stored(&SqliteStore::open(&path).unwrap(), "a").await;
    let again = SqliteStore::open_existing(&path).unwrap();
    assert_eq!(again.find("a", NOW).await.unwrap(), Some(record("a")));
}

#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("keys.db")).unwrap();
    stored(&store, "a").await;
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(
            entry.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{:?}",
            entry.path()
        );
    }
}

#[test]
fn a_missing_store_or_folder_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let missing = SqliteStore::open_existing(&folder.path().join("keys.db")).err().unwrap();
    assert_eq!(missing.kind, StoreErrorKind::Missing);
    assert!(missing.to_string().contains("keys.db: there is no store"), "{missing}");
    assert_eq!(refused(&folder.path().join("nowhere/keys.db")), StoreErrorKind::NoFolder);
    assert!(matches!(refused(folder.path()), StoreErrorKind::NotOpened(_)));
}

#[test]
fn a_file_that_is_not_a_database_is_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.txt");
    let letter = "Dear aunt, ".repeat(200);
    fs::write(&path, &letter).unwrap();
    assert_eq!(refused(&path), StoreErrorKind::NotADatabase);
    assert_eq!(fs::read_to_string(&path).unwrap(), letter);
}

#[test]
fn another_programs_database_is_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE stamps (id)").unwrap();
    let before = fs::read(&path).unwrap();
    assert_eq!(refused(&path), StoreErrorKind::Foreign);
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.db");
    drop(SqliteStore::open(&path).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 3).unwrap();
    assert_eq!(refused(&path), StoreErrorKind::Newer(3));
}

#[tokio::test]
async fn a_damaged_file_is_reported_without_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.db");
    let store = SqliteStore::open(&path).unwrap();
    for number in 0..200 {
        stored(&store, &format!("key{number}")).await;
    }
    drop(store);
    Connection::open(&path).unwrap().pragma_update(None, "wal_checkpoint", "truncate").unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.len();
    bytes[4096..end].fill(0xA5);
    fs::write(&path, &bytes).unwrap();
    let store = SqliteStore::open_existing(&path).unwrap();
    let found = store.find("key7", NOW).await.unwrap_err().to_string();
    assert!(found.contains("keys.db: is damaged"), "{found}");
    let listed = store.list(None, 10, NOW).await.unwrap_err().to_string();
    assert!(listed.contains("restore a backup"), "{listed}");
}

#[tokio::test]
async fn a_full_disk_refuses_the_write_and_keeps_earlier_records() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.db");
    let store = SqliteStore::open(&path).unwrap();
    stored(&store, "first").await;
    store
        .run(|connection| {
            let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
            Ok(connection.pragma_update(None, "max_page_count", pages)?)
        })
        .await
        .unwrap();
    let mut written = Vec::new();
    let full = loop {
        let id = format!("key{}", written.len());
        match put(&store, &id).await {
            Ok(_) => written.push(id),
            Err(error) => break error,
        }
    };
    assert!(full.contains("keys.db: the disk is full"), "{full}");
    for id in written.iter().map(String::as_str).chain(["first"]) {
        assert!(store.find(id, NOW).await.unwrap().is_some(), "{id}");
    }
}

#[tokio::test]
async fn a_held_lock_is_reported_and_readers_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.db");
    let store = SqliteStore::open(&path).unwrap();
    stored(&store, "first").await;
    store.run(|connection| Ok(connection.busy_timeout(std::time::Duration::ZERO)?)).await.unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let locked = put(&store, "second").await.unwrap_err();
    assert!(locked.contains("keys.db: is locked by another process"), "{locked}");
    assert!(store.find("first", NOW).await.unwrap().is_some());
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(put(&store, "second").await, Ok(WriteOutcome::Stored));
}

#[tokio::test]
async fn lapsed_records_are_removed_a_week_later() {
    const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("keys.db")).unwrap();
    let lapsing = ApiKeyRecord { expires_at: Some(NOW.plus(DAY)), ..record("lapsing") };
    assert_eq!(store.put(&lapsing, Precondition::Absent, NOW).await.unwrap(), WriteOutcome::Stored);
    let count = || async {
        let rows = store.run(|connection| {
            Ok(connection
                .query_row("SELECT count(*) FROM api_key", (), |row| row.get::<_, i64>(0))?)
        });
        rows.await.unwrap()
    };
    let soon = NOW.plus(DAY * 3);
    assert_eq!(
        store.put(&record("a"), Precondition::Absent, soon).await.unwrap(),
        WriteOutcome::Stored
    );
    assert_eq!(count().await, 2);
    let later = NOW.plus(DAY * 9);
    assert_eq!(
        store.put(&record("b"), Precondition::Absent, later).await.unwrap(),
        WriteOutcome::Stored
    );
    assert_eq!(count().await, 2);
}

#[tokio::test]
async fn a_restored_or_removed_store_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.db");
    let store = SqliteStore::open(&path).unwrap();
    stored(&store, "before").await;

    let restored = folder.path().join("restored.db");
    stored(&SqliteStore::open(&restored).unwrap(), "restored").await;
    for name in ["keys.db-wal", "keys.db-shm"] {
        let _ = fs::remove_file(folder.path().join(name));
    }
    fs::rename(&restored, &path).unwrap();
    assert!(store.find("restored", NOW).await.unwrap().is_some());
    assert!(store.find("before", NOW).await.unwrap().is_none());

    fs::remove_file(&path).unwrap();
    let gone = put(&store, "lost").await.unwrap_err();
    assert!(gone.contains("ALERT: the store is gone"), "{gone}");
    assert!(!path.exists());
}
