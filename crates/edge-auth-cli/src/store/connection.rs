//! One connection to the file: its settings, and the schema.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::trouble::Kind;

/// How long a writer waits for another process's write to end.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// `EdgA` in SQLite's header: what tells our files from other programs'.
const APPLICATION: i64 = 0x4564_6741;
const SCHEMA_VERSION: i64 = 2;

/// What each version of the schema added. Ids compare bytewise, as SQLite's texts do by default.
/// Times are milliseconds since 1970.
const SCHEMA: [(i64, &str); 2] = [
    (
        1,
        "
    CREATE TABLE api_key (
        id TEXT NOT NULL PRIMARY KEY,
        document TEXT NOT NULL,
        version INTEGER NOT NULL,
        lapses_at INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX api_key_lapses_at ON api_key (lapses_at) WHERE lapses_at IS NOT NULL;
",
    ),
    (
        2,
        "
    CREATE TABLE revocation (
        sequence INTEGER PRIMARY KEY,
        mark TEXT NOT NULL,
        document TEXT NOT NULL,
        lapses_at INTEGER
    ) STRICT;
    CREATE INDEX revocation_mark ON revocation (mark);
    CREATE INDEX revocation_lapses_at ON revocation (lapses_at) WHERE lapses_at IS NOT NULL;
    CREATE TABLE revocation_snapshot (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        sequence INTEGER NOT NULL,
        id TEXT NOT NULL,
        document TEXT NOT NULL
    ) STRICT;
    CREATE TABLE revocation_snapshot_part (
        id TEXT NOT NULL,
        part INTEGER NOT NULL,
        bytes BLOB NOT NULL,
        UNIQUE (id, part)
    ) STRICT;
",
    ),
];

/// Makes the file if there is none, for its owner's eyes only. SQLite gives its other files the
/// same permissions.
pub(super) fn make(path: &Path) -> Result<(), Kind> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        made => Ok(made.map(drop)?),
    }
}

/// Connects to a file that is there, and makes sure that it is ours before anything is changed.
pub(super) fn connect(path: &Path) -> Result<Connection, Kind> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    // What a schema that somebody tampered with may do is limited.
    connection.pragma_update(None, "trusted_schema", false)?;
    if version(&connection)? < SCHEMA_VERSION {
        upgrade(&mut connection)?;
    }
    // Readers and the writer do not wait for each other; a commit is on the disk when it returns.
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    Ok(connection)
}

/// The version of the file's schema, 0 for an empty file; whatever else is not ours is refused. One
/// statement sees one state, whatever another process does meanwhile.
fn version(connection: &Connection) -> Result<i64, Kind> {
    const LOOK: &str = "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
         FROM pragma_application_id, pragma_user_version";
    let found = connection.query_row(LOOK, (), |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
    })?;
    match found {
        (APPLICATION, known @ 1..=SCHEMA_VERSION, _) => Ok(known),
        (APPLICATION, newer, _) => Err(Kind::Newer(newer)),
        (_, _, 0) => Ok(0),
        _ => Err(Kind::Foreign),
    }
}

/// Brings the schema up to date, unless another process was faster.
fn upgrade(connection: &mut Connection) -> Result<(), Kind> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    for (_, added) in SCHEMA.iter().filter(|(version, _)| *version > found) {
        transaction.execute_batch(added)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    Ok(transaction.commit()?)
}
