//! Files in which an attacker planted something to undo later writes: they are refused, and no
//! write is reported as stored that is not.

use std::fs;
use std::path::Path;

use edge_auth::platform::{
    ApiKeyRecord, RevocationFeed, RevocationRecord, SnapshotRecord, Unavailable,
};
use edge_auth_control::store::{ApiKeyAdmin, Precondition, RevocationLog, WriteOutcome};
use edge_auth_token::Timestamp;
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use crate::store::SqliteStore;

const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

/// Replaces a text in the definition of `revocation`, as no SQL statement could.
macro_rules! rewritten {
    ($from:literal, $to:literal) => {
        concat!(
            "PRAGMA writable_schema = on; UPDATE sqlite_schema SET sql = replace(sql, '",
            $from,
            "', '",
            $to,
            "') WHERE name = 'revocation'"
        )
    };
}

/// The planted statements, each with a part of its refusal.
const CORPUS: &[(&str, &str)] = &[
    (
        "CREATE TRIGGER t AFTER INSERT ON revocation
         BEGIN DELETE FROM revocation WHERE sequence = NEW.sequence; END",
        "`trigger` `t`",
    ),
    ("CREATE TRIGGER t BEFORE INSERT ON revocation BEGIN SELECT RAISE(IGNORE); END", "`trigger` `t`"),
    ("CREATE TRIGGER t BEFORE UPDATE ON api_key BEGIN SELECT RAISE(IGNORE); END", "`trigger` `t`"),
    (
        "CREATE TRIGGER revocation AFTER INSERT ON api_key BEGIN DELETE FROM api_key; END",
        "`trigger` `revocation`",
    ),
    (
        "CREATE TRIGGER \"a\u{1b}[2J\nb\" AFTER DELETE ON revocation BEGIN SELECT 1; END",
        r"`trigger` `a\u{1b}[2J\nb`",
    ),
    ("CREATE VIEW v AS SELECT 1", "`view` `v`"),
    (
        "ALTER TABLE revocation RENAME TO r;
         CREATE VIEW revocation AS SELECT * FROM r WHERE sequence < 2;
         CREATE TRIGGER t INSTEAD OF INSERT ON revocation BEGIN SELECT 1; END",
        "`table` `r`",
    ),
    ("DROP TABLE revocation; CREATE VIEW revocation AS SELECT 1 AS sequence", "`view` `revocation`"),
    ("DROP TABLE revocation; CREATE VIRTUAL TABLE revocation USING dbstat", "`table` `revocation`"),
    ("CREATE TABLE other (id)", "`table` `other`"),
    ("ANALYZE", "`table` `sqlite_stat1`"),
    ("CREATE INDEX i ON revocation (document)", "`index` `i`"),
    ("CREATE UNIQUE INDEX i ON api_key (version)", "`index` `i`"),
    ("CREATE UNIQUE INDEX i ON revocation (mark) WHERE sequence > 1", "`index` `i`"),
    ("CREATE INDEX i ON revocation (abs(sequence))", "`index` `i`"),
    ("DROP INDEX revocation_mark", "`revocation_mark` is missing"),
    ("DROP TABLE revocation_snapshot", "`revocation_snapshot` is missing"),
    (
        "DROP INDEX revocation_mark; CREATE INDEX revocation_mark ON revocation (mark) WHERE sequence < 2",
        "`revocation_mark` has another definition",
    ),
    (
        "DROP INDEX revocation_lapses_at;
         CREATE INDEX revocation_lapses_at ON api_key (lapses_at) WHERE lapses_at IS NOT NULL",
        "`revocation_lapses_at` has another definition",
    ),
    ("ALTER TABLE revocation ADD COLUMN more TEXT", "`revocation` has another definition"),
    ("ALTER TABLE revocation ADD COLUMN g TEXT AS (upper(mark))", "`revocation` has another definition"),
    ("ALTER TABLE api_key RENAME COLUMN document TO text", "`api_key` has another definition"),
    (
        "DROP TABLE revocation; CREATE TABLE revocation (sequence INTEGER PRIMARY KEY, mark, document, lapses_at)",
        "`revocation` has another definition",
    ),
    ("PRAGMA user_version = 1", "`revocation`, which edge-auth did not create"),
    ("PRAGMA user_version = 0", "its version was set to 0"),
    ("PRAGMA user_version = -1", "its version was set to -1"),
    ("PRAGMA user_version = 9", "newer edge-auth"),
    ("PRAGMA application_id = 0", "another program's"),
    (rewritten!("sequence INTEGER PRIMARY KEY", "sequence INTEGER PRIMARY KEY ON CONFLICT IGNORE"), ANOTHER),
    (rewritten!("sequence INTEGER PRIMARY KEY", "sequence INTEGER PRIMARY KEY ON CONFLICT REPLACE"), ANOTHER),
    (rewritten!("lapses_at INTEGER", "lapses_at INTEGER DEFAULT 1"), ANOTHER),
    (rewritten!("mark TEXT NOT NULL", "mark TEXT NOT NULL CHECK (sequence < 2)"), ANOTHER),
    (rewritten!("mark TEXT NOT NULL", "mark TEXT NOT NULL COLLATE NOCASE"), ANOTHER),
    (rewritten!(") STRICT", ")"), ANOTHER),
    (rewritten!(") STRICT", ") STRICT -- "), ANOTHER),
    (
        "PRAGMA writable_schema = on;
         UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'revocation')
         WHERE name = 'revocation_snapshot_part'",
        "shares its pages with another object",
    ),
    (
        "PRAGMA writable_schema = on;
         INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES ('trigger', 't', 'revocation', 0,
             'CREATE TRIGGER t BEFORE INSERT ON revocation BEGIN SELECT RAISE(IGNORE); END')",
        "`trigger` `t`",
    ),
];

const ANOTHER: &str = "`revocation` has another definition";

/// Runs statements as an attacker who can write the file.
fn plant(path: &Path, statements: &str) {
    let connection = Connection::open(path).unwrap();
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false).unwrap();
    connection.execute_batch(statements).unwrap();
}

fn key(id: &str, version: u64) -> ApiKeyRecord {
    ApiKeyRecord {
        id: id.to_owned(),
        document: format!("{id} {version}"),
        version,
        expires_at: None,
    }
}

fn revocation(sequence: u64) -> RevocationRecord {
    let mark = format!("{sequence:032x}");
    RevocationRecord {
        sequence,
        mark,
        document: format!("entry {sequence}"),
        expires_at: Some(NOW),
    }
}

fn snapshot(sequence: u64) -> SnapshotRecord {
    SnapshotRecord {
        sequence,
        id: format!("{sequence:016x}"),
        document: format!("snapshot {sequence}"),
    }
}

/// Returns the result of each kind of write, in the `round`-th round.
async fn written(store: &SqliteStore, round: u64) -> [(&'static str, Result<(), String>); 6] {
    let version = round + 1;
    let put = |put: Result<WriteOutcome, Unavailable>| match put {
        Ok(WriteOutcome::Stored) => Ok(()),
        Ok(WriteOutcome::Conflict) => Err("a conflict".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    let text = |error: Unavailable| error.to_string();
    let new = format!("new{round}");
    [
        ("create", put(store.put(&key(&new, 1), Precondition::Absent, NOW).await)),
        ("change", put(store.put(&key("a", version), Precondition::Version(round), NOW).await)),
        ("append", put(store.append(&[revocation(version)]).await)),
        ("part", store.put_snapshot_part(&snapshot(version).id, 0, b"part").await.map_err(text)),
        ("snapshot", put(store.put_snapshot(&snapshot(version)).await)),
        ("forget", store.forget(1, NOW, 10).await.map(drop).map_err(text)),
    ]
}

/// Makes a store with a record of each kind.
async fn filled(path: &Path) -> SqliteStore {
    let store = SqliteStore::open(path).unwrap();
    assert_eq!(store.put(&key("a", 1), Precondition::Absent, NOW).await, Ok(WriteOutcome::Stored));
    assert_eq!(store.append(&[revocation(1)]).await, Ok(WriteOutcome::Stored));
    store.put_snapshot_part(&snapshot(1).id, 0, b"part").await.unwrap();
    assert_eq!(store.put_snapshot(&snapshot(1)).await, Ok(WriteOutcome::Stored));
    store
}

#[tokio::test]
async fn a_planted_object_is_named_and_the_file_is_not_opened() {
    for (statements, named) in CORPUS {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.db");
        drop(filled(&path).await);
        plant(&path, statements);
        for opened in [SqliteStore::open(&path), SqliteStore::open_existing(&path)] {
            let error = opened.err().unwrap_or_else(|| panic!("opened: {statements}")).to_string();
            assert!(error.contains(named), "{statements}: {error}");
            assert!(!error.contains(char::is_control), "{error:?}");
        }
    }
}

#[tokio::test]
async fn a_schema_that_cannot_be_read_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.db");
    drop(filled(&path).await);
    plant(&path, "PRAGMA writable_schema = on; UPDATE sqlite_schema SET sql = 'CREATE TABLE'");
    let error = SqliteStore::open(&path).err().unwrap().to_string();
    assert!(error.contains("is damaged"), "{error}");
}

#[tokio::test]
async fn an_object_planted_while_a_process_runs_ends_its_reads_and_writes() {
    for (statements, named) in CORPUS {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.db");
        let store = filled(&path).await;
        plant(&path, statements);
        for (what, done) in written(&store, 1).await {
            let error = done.err().unwrap_or_else(|| panic!("{what} succeeds: {statements}"));
            assert!(error.contains(named), "{what}, {statements}: {error}");
        }
    }
}

#[tokio::test]
async fn a_change_of_the_schema_ends_reads_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.db");
    let store = filled(&path).await;
    plant(
        &path,
        "ALTER TABLE revocation RENAME TO r; CREATE TABLE revocation AS SELECT * FROM r WHERE 0",
    );
    let error = store.since(1, 10).await.unwrap_err().to_string();
    assert!(error.contains("ALERT: the schema of the file was changed"), "{error}");
}

#[tokio::test]
async fn a_write_that_a_trigger_undoes_is_not_reported_as_stored() {
    const TAKEN_BACK: &[(&str, &str)] = &[
        ("create", "AFTER INSERT ON api_key BEGIN DELETE FROM api_key WHERE id = NEW.id; END"),
        ("change", "AFTER UPDATE ON api_key BEGIN UPDATE api_key SET document = OLD.document; END"),
        ("append", "BEFORE INSERT ON revocation BEGIN SELECT RAISE(IGNORE); END"),
        ("append", "AFTER INSERT ON revocation BEGIN UPDATE revocation SET mark = 'x'; END"),
        ("append", "AFTER INSERT ON revocation BEGIN UPDATE revocation SET lapses_at = 1; END"),
        (
            "part",
            "AFTER INSERT ON revocation_snapshot_part BEGIN DELETE FROM revocation_snapshot_part; END",
        ),
        (
            "snapshot",
            "AFTER UPDATE ON revocation_snapshot BEGIN DELETE FROM revocation_snapshot; END",
        ),
    ];
    for (voided, trigger) in TAKEN_BACK {
        let folder = tempfile::tempdir().unwrap();
        let store = filled(&folder.path().join("keys.db")).await;
        // Bypasses the settings and the checks of the schema.
        let planting = store.run(move |connection| {
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, true)?;
            Ok(connection.execute_batch(&format!("CREATE TEMP TRIGGER t {trigger}"))?)
        });
        planting.await.unwrap();
        let done = written(&store, 1).await;
        let (_, done) = done.into_iter().find(|(what, _)| what == voided).unwrap();
        let error = done.err().unwrap_or_else(|| panic!("{voided} succeeds: {trigger}"));
        assert!(error.contains("is not stored"), "{error}");
    }
}

#[tokio::test]
async fn triggers_and_views_are_off() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(&folder.path().join("keys.db")).await;
    let settings = store.run(|connection| {
        let on = |setting| connection.db_config(setting);
        Ok([
            on(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER)?,
            on(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW)?,
            on(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA)?,
            !on(DbConfig::SQLITE_DBCONFIG_DEFENSIVE)?,
        ])
    });
    assert_eq!(settings.await.unwrap(), [false; 4]);
}

#[tokio::test]
async fn a_file_in_another_encoding_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, wide) = (folder.path().join("ours.db"), folder.path().join("wide.db"));
    drop(filled(&ours).await);
    let connection = Connection::open(&ours).unwrap();
    let mut schema =
        connection.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL").unwrap();
    let statements: Vec<String> =
        schema.query_map((), |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    plant(
        &wide,
        &format!(
            "PRAGMA encoding = 'UTF-16'; {}; PRAGMA application_id = {}; PRAGMA user_version = 2",
            statements.join(";"),
            0x4564_6741
        ),
    );
    let error = SqliteStore::open(&wide).err().unwrap().to_string();
    assert!(error.contains("its encoding is `UTF-16le`"), "{error}");
    let empty = folder.path().join("empty.db");
    plant(&empty, "PRAGMA encoding = 'UTF-16'; CREATE TABLE t (id); DROP TABLE t");
    let error = SqliteStore::open(&empty).err().unwrap().to_string();
    assert!(error.contains("its encoding is `UTF-16le`"), "{error}");
}

#[tokio::test]
async fn a_file_of_the_earlier_version_is_upgraded_unless_something_is_planted() {
    const FIRST: &str = "CREATE TABLE api_key (
        id TEXT NOT NULL PRIMARY KEY,
        document TEXT NOT NULL,
        version INTEGER NOT NULL,
        lapses_at INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX api_key_lapses_at ON api_key (lapses_at) WHERE lapses_at IS NOT NULL;
    INSERT INTO api_key VALUES ('a', 'a 1', 1, NULL);
    PRAGMA application_id = 1164207937;
    PRAGMA user_version = 1;";
    let folder = tempfile::tempdir().unwrap();
    let (old, planted) = (folder.path().join("old.db"), folder.path().join("planted.db"));
    plant(&old, FIRST);
    let store = SqliteStore::open_existing(&old).unwrap();
    assert_eq!(
        store.put(&key("a", 2), Precondition::Version(1), NOW).await,
        Ok(WriteOutcome::Stored)
    );
    assert_eq!(store.append(&[revocation(1)]).await, Ok(WriteOutcome::Stored));
    plant(&planted, FIRST);
    plant(&planted, "CREATE TRIGGER t BEFORE UPDATE ON api_key BEGIN SELECT RAISE(IGNORE); END");
    let error = SqliteStore::open_existing(&planted).err().unwrap().to_string();
    assert!(error.contains("`trigger` `t`"), "{error}");
    let version = |path: &Path| -> i64 {
        let connection = Connection::open(path).unwrap();
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    };
    assert_eq!((version(&old), version(&planted)), (2, 1));
}

#[tokio::test]
async fn an_empty_file_is_refused_unless_a_store_is_to_be_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.db");
    fs::write(&path, "").unwrap();
    let error = SqliteStore::open_existing(&path).err().unwrap().to_string();
    assert!(error.contains("the file is empty"), "{error}");
    assert_eq!(fs::metadata(&path).unwrap().len(), 0);

    drop(filled(&path).await);
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(0).unwrap();
    let error = SqliteStore::open_existing(&path).err().unwrap().to_string();
    assert!(error.contains("the file is empty"), "{error}");
}

#[tokio::test]
async fn a_write_to_a_file_that_is_replaced_meanwhile_is_not_reported_as_stored() {
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("keys.db"), folder.path().join("other.db"));
    for name in ["keys.db", "keys.db-wal", "keys.db-shm"] {
        let store = filled(&path).await;
        drop(SqliteStore::open(&other).unwrap());
        let (from, to) = (other.clone(), folder.path().join(name));
        let replaced = store.run(move |_| Ok(fs::rename(from, to)?)).await.unwrap_err().to_string();
        assert!(replaced.contains("was replaced while it was in use"), "{name}: {replaced}");
        drop(store);
        for name in ["keys.db", "keys.db-wal", "keys.db-shm"] {
            let _ = fs::remove_file(folder.path().join(name));
        }
    }
}

#[tokio::test]
async fn closing_a_replaced_file_leaves_the_new_one_intact() {
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("keys.db"), folder.path().join("other.db"));
    let store = filled(&path).await;
    drop(SqliteStore::open(&other).unwrap());
    for name in ["keys.db-wal", "keys.db-shm"] {
        fs::remove_file(folder.path().join(name)).unwrap();
    }
    fs::rename(&other, &path).unwrap();
    let new = SqliteStore::open_existing(&path).unwrap();
    assert_eq!(new.append(&[revocation(1)]).await, Ok(WriteOutcome::Stored));
    assert_eq!(store.since(1, 10).await.unwrap().records, [revocation(1)]);
    drop(store);
    assert_eq!(new.since(1, 10).await.unwrap().records, [revocation(1)]);
    assert!(folder.path().join("keys.db-wal").exists(), "the log of the new file");
}

#[tokio::test]
async fn a_link_to_a_store_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real.db"), folder.path().join("link.db"));
    drop(filled(&real).await);
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let store = SqliteStore::open_existing(&link).unwrap();
    for (what, done) in written(&store, 1).await {
        assert_eq!(done, Ok(()), "{what}");
    }
}
