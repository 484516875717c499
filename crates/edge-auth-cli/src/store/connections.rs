//! The open connections of a process to one file: those that read, and those that write.
//!
//! SQLite shares the index of the write-ahead log among all connections of a process to one file.
//! If the log is replaced, a connection that is opened while an older one lives would keep to the
//! index of the old log, and never see what other processes write. So all of them are closed before
//! a new one is opened.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::connection::{Files, Open, files_at};
use super::error::StoreErrorKind;
use super::schema::Empty;

/// The connections of this process.
#[derive(Default)]
pub(super) struct Connections(Mutex<Held>);

#[derive(Default)]
struct Held {
    readers: Vec<Open>,
    writers: Vec<Open>,
    /// How many are in use.
    lent: usize,
    /// The files of all of them.
    files: Option<Files>,
}

/// A connection in use. One that is not given back is closed.
pub(super) struct Lent<'c, const WRITES: bool> {
    connections: &'c Connections,
    open: Open,
    _count: Count<'c>,
}

/// Counts a connection in use.
struct Count<'c>(&'c Connections);

impl Drop for Count<'_> {
    fn drop(&mut self) {
        let mut held = self.0.held();
        held.lent = held.lent.saturating_sub(1);
    }
}

impl Connections {
    /// Opens a connection, and keeps it.
    pub(super) fn first<const WRITES: bool>(
        &self,
        path: &Path,
        open: impl FnOnce() -> Result<Open, StoreErrorKind>,
    ) -> Result<(), StoreErrorKind> {
        let count = self.count(path)?;
        let open = self.admit(open()?)?;
        Lent::<WRITES> { connections: self, open, _count: count }.give_back()
    }

    /// Returns a connection to the file that is at the path now, with our schema.
    pub(super) fn lend<const WRITES: bool>(
        &self,
        path: &Path,
    ) -> Result<Lent<'_, WRITES>, StoreErrorKind> {
        let count = self.count(path)?;
        loop {
            let idle = self.held().idle(WRITES).pop();
            let open = match idle {
                Some(open) if open.has_its_schema()? => open,
                Some(_) => continue,
                None if WRITES => self.admit(Open::to_write(path, Empty::Refuse)?.0)?,
                None => self.admit(Open::to_read(path)?)?,
            };
            return Ok(Lent { connections: self, open, _count: count });
        }
    }

    /// Counts one more connection in use. If the files at the path are others now, closes all that
    /// are idle; those that are still in use must end first.
    fn count(&self, path: &Path) -> Result<Count<'_>, StoreErrorKind> {
        let found = files_at(path)?;
        let mut held = self.held();
        if held.files.as_ref().is_some_and(|files| *files != found) {
            held.readers.clear();
            held.writers.clear();
            if held.lent > 0 {
                return Err(StoreErrorKind::Replaced);
            }
            held.files = None;
        }
        held.lent = held.lent.saturating_add(1);
        Ok(Count(self))
    }

    /// Checks that a new connection is to the files of the others.
    fn admit(&self, open: Open) -> Result<Open, StoreErrorKind> {
        let mut held = self.held();
        match &held.files {
            Some(files) if files != open.files() => Err(StoreErrorKind::Replaced),
            Some(_) => Ok(open),
            None => {
                held.files = Some(*open.files());
                Ok(open)
            }
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn idle(&mut self, writes: bool) -> &mut Vec<Open> {
        if writes { &mut self.writers } else { &mut self.readers }
    }
}

impl<const WRITES: bool> Lent<'_, WRITES> {
    pub(super) fn connection(&mut self) -> &mut Connection {
        &mut self.open.connection
    }

    /// Keeps the connection for others, unless its files were replaced meanwhile. After an error a
    /// connection is not used again.
    pub(super) fn give_back(self) -> Result<(), StoreErrorKind> {
        self.open.check_files()?;
        self.connections.held().idle(WRITES).push(self.open);
        Ok(())
    }
}
