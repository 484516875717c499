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
const SCHEMA_VERSION: i64 = 1;

/// Ids compare bytewise, as SQLite's texts do by default. Times are milliseconds since 1970.
const SCHEMA: &str = "
    CREATE TABLE api_key (
        id TEXT NOT NULL PRIMARY KEY,
        document TEXT NOT NULL,
        version INTEGER NOT NULL,
        lapses_at INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX api_key_lapses_at ON api_key (lapses_at) WHERE lapses_at IS NOT NULL;
";

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
    if is_new(&connection)? {
        create(&mut connection)?;
    }
    // Readers and the writer do not wait for each other; a commit is on the disk when it returns.
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    Ok(connection)
}

/// Whether the file is empty; whatever else is neither ours is refused. One statement sees one
/// state, whatever another process does meanwhile.
fn is_new(connection: &Connection) -> Result<bool, Kind> {
    const LOOK: &str = "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
         FROM pragma_application_id, pragma_user_version";
    let found = connection.query_row(LOOK, (), |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
    })?;
    match found {
        (APPLICATION, SCHEMA_VERSION, _) => Ok(false),
        (APPLICATION, newer, _) => Err(Kind::Newer(newer)),
        (_, _, 0) => Ok(true),
        _ => Err(Kind::Foreign),
    }
}

/// Makes the schema, unless another process was faster.
fn create(connection: &mut Connection) -> Result<(), Kind> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if is_new(&transaction)? {
        transaction.execute_batch(SCHEMA)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    }
    Ok(transaction.commit()?)
}
