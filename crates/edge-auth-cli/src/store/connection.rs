//! One connection to the file: its settings, and the identity of its files.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::StoreErrorKind;
use super::schema::{self, Empty};

/// The time that a writer waits for another process's write.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
const BETWEEN_TRIES: Duration = Duration::from_millis(5);
/// SQLite's cache of pages: 8 MiB, which SQLite writes as negative KiB. A long transaction changes
/// most pages of the index of marks, and writes those that do not fit into the cache repeatedly.
const CACHE: i64 = -8192;

/// Settings against a tampered file: SQLite runs no code from it, and refuses writes to its
/// internal tables.
const SETTINGS: [(DbConfig, bool); 6] = [
    (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
    (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
    (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
    (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
    (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
];

/// A connection, and the files that were at the path when it was checked last.
pub(super) struct Open {
    path: PathBuf,
    files: Files,
    /// SQLite's count of schema changes when the schema was compared.
    schema: i64,
    pub(super) connection: Connection,
}

/// The database, its log and the index of the log. If the log is replaced under an open connection,
/// other processes do not see what the connection writes.
pub(super) type Files = [Option<FileId>; 3];

/// Device and inode.
pub(super) type FileId = (u64, u64);

/// Makes the file if it is missing, readable by its owner only. SQLite gives its other files the
/// same permissions.
pub(super) fn make(path: &Path) -> Result<(), StoreErrorKind> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.into()),
    }
}

impl Open {
    /// Connects to an existing file, and checks that it is ours before anything is changed. Also
    /// returns whether it was empty.
    pub(super) fn to_write(path: &Path, empty: Empty) -> Result<(Self, bool), StoreErrorKind> {
        let [before, ..] = files_at(path)?;
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let was_empty = schema::prepare(&mut connection, empty)?;
        // Readers and the writer do not wait for each other; a commit is on the disk when it
        // returns.
        use_write_ahead_log(&connection)?;
        connection.pragma_update(None, "synchronous", "full")?;
        Ok((Self::checked(path, before, connection)?, was_empty))
    }

    /// Connects to an existing file without the permission to change it, and checks that it is
    /// ours. Whoever administers has brought it up to date.
    pub(super) fn to_read(path: &Path) -> Result<Self, StoreErrorKind> {
        let [before, ..] = files_at(path)?;
        let connection = connect_to_read(path).map_err(|kind| match kind {
            // SQLite looks for its other files when it first reads.
            StoreErrorKind::NotOpened(_) | StoreErrorKind::ReadOnly => StoreErrorKind::NoLogToRead,
            other => other,
        })?;
        Self::checked(path, before, connection)
    }

    /// Makes sure that a new connection is to the file that was at the path before.
    fn checked(
        path: &Path,
        before: Option<FileId>,
        connection: Connection,
    ) -> Result<Self, StoreErrorKind> {
        let schema = schema::changes(&connection)?;
        let files = files_at(path)?;
        let open = Self { path: path.to_owned(), files, schema, connection };
        if before != files[0] {
            return Err(StoreErrorKind::Replaced);
        }
        Ok(open)
    }

    /// Returns the files that were at the path when it was checked last.
    pub(super) fn files(&self) -> &Files {
        &self.files
    }

    /// Returns whether the schema is unchanged.
    pub(super) fn has_its_schema(&self) -> Result<bool, StoreErrorKind> {
        Ok(self.schema == schema::changes(&self.connection)?)
    }

    /// Checks, after work, that the files at the path are still its own.
    pub(super) fn check_files(&self) -> Result<(), StoreErrorKind> {
        if self.files != files_at(&self.path)? {
            return Err(StoreErrorKind::Replaced);
        }
        Ok(())
    }
}

/// Connects with the settings of every connection.
fn connect(path: &Path, access: OpenFlags) -> Result<Connection, StoreErrorKind> {
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(PATIENCE)?;
    for (setting, on) in SETTINGS {
        connection.set_db_config(setting, on)?;
    }
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "cache_size", CACHE)?;
    Ok(connection)
}

fn connect_to_read(path: &Path) -> Result<Connection, StoreErrorKind> {
    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.pragma_update(None, "query_only", true)?;
    schema::check_newest(&mut connection)?;
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    match &*mode {
        "wal" => Ok(connection),
        other => Err(StoreErrorKind::NotPrepared(format!("is in the journal mode `{other}`"))),
    }
}

/// Switches the file to a write-ahead log. For this change alone SQLite does not wait for other
/// connections, and returns that the file is in use. So it is tried again for as long as a write
/// would wait.
fn use_write_ahead_log(connection: &Connection) -> Result<(), StoreErrorKind> {
    let started = Instant::now();
    loop {
        let switched: rusqlite::Result<String> =
            connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0));
        match switched {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => return Err(StoreErrorKind::NoLog(mode)),
            Err(error) if is_busy(&error) && started.elapsed() < PATIENCE => {
                std::thread::sleep(BETWEEN_TRIES)
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

impl Drop for Open {
    /// The last connection to a file moves the log into it, and removes the log by its name. If
    /// another file's log has that name by now, it must stay.
    fn drop(&mut self) {
        if self.check_files().is_err() {
            // It fails only for a connection that is closed already.
            let _ = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
    }
}

/// Returns the files that are at the path now. SQLite follows links before it names its other
/// files.
pub(super) fn files_at(path: &Path) -> Result<Files, StoreErrorKind> {
    let real = match path.canonicalize() {
        Ok(real) => real,
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(StoreErrorKind::Missing),
        Err(error) => return Err(error.into()),
    };
    let beside = |suffix: &str| {
        let mut name = real.clone().into_os_string();
        name.push(suffix);
        file_id(Path::new(&name))
    };
    match file_id(&real)? {
        None => Err(StoreErrorKind::Missing),
        database => Ok([database, beside("-wal")?, beside("-shm")?]),
    }
}

fn file_id(path: &Path) -> Result<Option<FileId>, StoreErrorKind> {
    match path.symlink_metadata() {
        Ok(file) => Ok(Some((file.dev(), file.ino()))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}
