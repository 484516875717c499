//! One connection to the file: its settings, and which files it is to.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::StoreErrorKind;
use super::schema::{self, Empty};

/// How long a writer waits for another process's write to end.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
const BETWEEN_TRIES: Duration = Duration::from_millis(5);

/// Settings of a connection to a file that somebody may have tampered with: no code of the file's
/// runs, and nothing in it is written that is not ours.
const SETTINGS: [(DbConfig, bool); 6] = [
    (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
    (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
    (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
    (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
    (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
];

/// A connection to files that are at the path still, as far as that was looked at.
pub(super) struct Open {
    path: PathBuf,
    files: Files,
    /// SQLite's count of changes of the schema, when it was compared.
    schema: i64,
    pub(super) connection: Connection,
}

/// The database, its log and the index of the log. A log that was replaced under an open connection
/// is one that other processes do not read.
type Files = [Option<FileId>; 3];

/// Device and inode.
type FileId = (u64, u64);

/// Makes the file if there is none, for its owner's eyes only. SQLite gives its other files the
/// same permissions.
pub(super) fn make(path: &Path) -> Result<(), StoreErrorKind> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        made => Ok(made.map(drop)?),
    }
}

impl Open {
    /// Connects to a file that is there, and makes sure that it is ours before anything is changed.
    /// Returns, too, whether it was empty.
    pub(super) fn at(path: &Path, empty: Empty) -> Result<(Self, bool), StoreErrorKind> {
        let [before, ..] = files_at(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(PATIENCE)?;
        for (setting, on) in SETTINGS {
            connection.set_db_config(setting, on)?;
        }
        connection.pragma_update(None, "cell_size_check", true)?;
        let was_empty = schema::prepare(&mut connection, empty)?;
        // Readers and the writer do not wait for each other; a commit is on the disk when it
        // returns.
        use_write_ahead_log(&connection)?;
        connection.pragma_update(None, "synchronous", "full")?;
        let schema = schema::changes(&connection)?;
        let files = files_at(path)?;
        let open = Self { path: path.to_owned(), files, schema, connection };
        match before == files[0] {
            true => Ok((open, was_empty)),
            false => Err(StoreErrorKind::Replaced),
        }
    }

    /// Whether its files are those at the path, and the schema is what it was.
    pub(super) fn is_current(&self) -> Result<bool, StoreErrorKind> {
        Ok(self.files == files_at(&self.path)? && self.schema == schema::changes(&self.connection)?)
    }

    /// Makes sure, after work, that it was done where others will look.
    pub(super) fn check_files(&self) -> Result<(), StoreErrorKind> {
        match self.files == files_at(&self.path)? {
            true => Ok(()),
            false => Err(StoreErrorKind::Replaced),
        }
    }
}

/// Switches the file to a write-ahead log. SQLite does not wait for other connections in this one
/// change: it returns at once that the file is in use, so the change is tried again for as long as
/// a write would wait.
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
    /// The last connection to a file moves its log into it and removes the log by its name: not
    /// where another file's is there by now.
    fn drop(&mut self) {
        if self.check_files().is_err() {
            // It fails for a connection that is closed already only.
            let _ = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
    }
}

/// Which files are at the path now. SQLite follows links before it names the others.
fn files_at(path: &Path) -> Result<Files, StoreErrorKind> {
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
