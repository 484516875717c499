//! The errors of a store. Each says what to do.

use std::path::{Path, PathBuf};

use edge_auth::platform::Unavailable;
use rusqlite::{Error, ErrorCode};

use super::connection::PATIENCE;
use super::pool::DEADLINE;

/// An error of a store. Records that were stored before are not lost by it.
#[derive(Debug, thiserror::Error)]
#[error("{}: {kind}", path.display())]
pub struct StoreError {
    path: PathBuf,
    pub(super) kind: StoreErrorKind,
}

/// The kind of an error, with its message.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum StoreErrorKind {
    #[error(
        "there is no store; check the path, and whether its volume is mounted. Only if there never was a store, \
         make an empty one, without keys and revocations: `edge-auth store init`"
    )]
    Missing,
    #[error(
        "ALERT: the store is gone, but was there when this process started; put it back: its keys and revocations \
         are nowhere else"
    )]
    Gone,
    #[error(
        "the file is empty; restore a backup. Only if there never was a store, make an empty one, without keys \
         and revocations: `edge-auth store init`"
    )]
    Empty,
    #[error(
        "ALERT: the file, or SQLite's `-wal` or `-shm` beside it, was replaced while it was in use; try again"
    )]
    Replaced,
    #[error(
        "ALERT: the schema of the file was changed: {0}. Look at it with `sqlite3 FILE .schema`; stop every process \
         that uses the file, keep a copy, and undo the change or restore a backup"
    )]
    Altered(String),
    #[error(
        "ALERT: a record was written but could not be read back, and is not stored; keep a copy of the file, and \
         restore a backup"
    )]
    NotKept,
    #[error("stays in the journal mode `{0}` instead of `wal`; keep the file on a local disk")]
    NoLog(String),
    #[error(
        "{0}, and a gate cannot change it; run `edge-auth store init` on it once, which keeps what is in it"
    )]
    NotPrepared(String),
    #[error(
        "cannot be opened for reading: a gate must be permitted to read the file and SQLite's `-wal` and `-shm` \
         beside it, and these are there while `edge-auth serve --plane control` runs; start it first"
    )]
    NoLogToRead,
    #[error("the folder does not exist; make it first")]
    NoFolder,
    #[error(
        "access is not permitted; check the owner and the permissions of the file and its folder"
    )]
    NotPermitted,
    #[error("cannot be opened: {0}")]
    NotOpened(String),
    #[error("is not an SQLite database, and was not changed; name another file")]
    NotADatabase,
    #[error("is another program's SQLite database, and was not changed; name another file")]
    Foreign,
    #[error("was written by a newer edge-auth (schema {0}); use that version")]
    Newer(i64),
    #[error(
        "is damaged ({0}); stop every process that uses it, keep a copy, and restore a backup or recover it with \
         `sqlite3 FILE .recover`"
    )]
    Corrupt(String),
    #[error("is locked by another process for more than {} seconds; find that process, as with `fuser`", PATIENCE.as_secs())]
    Locked,
    #[error("does not answer within {} seconds; check whether the disk hangs", DEADLINE.as_secs())]
    Late,
    #[error("the disk is full; this write is not stored, but everything before it is")]
    Full,
    #[error("cannot be written: the file, its folder or the disk is read-only")]
    ReadOnly,
    #[error("the disk fails: {0}")]
    Disk(String),
    #[error("a number is too large for the store")]
    TooLarge,
    #[error("{0}")]
    Other(String),
}

/// Quotes a text of the file for an error: cut and escaped, since it may come from an attacker.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 64;
    let start: String = text.chars().take(LONGEST).collect();
    let more = if start.len() < text.len() { "…" } else { "" };
    format!("`{}{more}`", start.escape_debug())
}

impl StoreError {
    pub(super) fn new(path: &Path, kind: StoreErrorKind) -> Self {
        Self { path: path.to_owned(), kind }
    }
}

impl From<StoreError> for Unavailable {
    fn from(trouble: StoreError) -> Self {
        Self::new(trouble.to_string())
    }
}

impl From<Error> for StoreErrorKind {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt(text),
            Some(ErrorCode::NotADatabase) => Self::NotADatabase,
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ReadOnly) => Self::ReadOnly,
            Some(ErrorCode::PermissionDenied) => Self::NotPermitted,
            Some(ErrorCode::CannotOpen) => Self::NotOpened(text),
            Some(ErrorCode::SystemIoFailure) => Self::Disk(text),
            _ => Self::Other(text),
        }
    }
}

impl From<std::io::Error> for StoreErrorKind {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound => Self::NoFolder,
            std::io::ErrorKind::PermissionDenied => Self::NotPermitted,
            std::io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            std::io::ErrorKind::StorageFull => Self::Full,
            _ => Self::NotOpened(error.to_string()),
        }
    }
}
