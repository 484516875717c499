//! Connections to one file, which the requests of a process share.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use edge_auth::platform::Unavailable;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::connection::{Open, make};
use super::error::{StoreError, StoreErrorKind};
use super::schema::Empty;

/// The most open connections. Further requests wait.
pub(super) const CONNECTIONS: usize = 4;
/// The time after which a read fails. Clients wait longer than this.
pub(super) const DEADLINE: Duration = Duration::from_secs(3);

/// A store in an SQLite file. Clones share their connections. Only those of one that writes can
/// write: the others open the file without the permission, and SQLite refuses every change.
#[derive(Clone)]
pub struct Sqlite<const WRITES: bool>(Arc<Shared>);

/// A store for a gate.
pub type SqliteReader = Sqlite<false>;

/// A store for the administration.
pub type SqliteStore = Sqlite<true>;

struct Shared {
    path: PathBuf,
    /// Bounds the connections that are in use.
    room: Arc<Semaphore>,
    idle: Mutex<Vec<Open>>,
}

impl SqliteReader {
    /// Opens an existing file that edge-auth made.
    ///
    /// # Errors
    /// It has no schema of this version, which only a writer can change.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let first = Open::to_read(path).map_err(|kind| StoreError::new(path, kind))?;
        Ok(Self::with(path, first))
    }
}

impl SqliteStore {
    /// Opens the file. Creates it if it is missing.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_or_make(path).map(|(store, _)| store)
    }

    /// Opens the file; makes it if there is none, and returns whether it did.
    pub(crate) fn open_or_make(path: &Path) -> Result<(Self, bool), StoreError> {
        let opened = make(path).and_then(|()| Open::to_write(path, Empty::Fill));
        let (first, made) = opened.map_err(|kind| StoreError::new(path, kind))?;
        Ok((Self::with(path, first), made))
    }

    /// Opens an existing file that edge-auth made.
    pub fn open_existing(path: &Path) -> Result<Self, StoreError> {
        let opened = Open::to_write(path, Empty::Refuse);
        let (first, _) = opened.map_err(|kind| StoreError::new(path, kind))?;
        Ok(Self::with(path, first))
    }

    /// Returns the same store for a gate, which cannot write.
    ///
    /// # Errors
    /// The file is not what it was when it was opened.
    pub fn reader(&self) -> Result<SqliteReader, StoreError> {
        SqliteReader::open(&self.0.path)
    }
}

impl<const WRITES: bool> Sqlite<WRITES> {
    fn with(path: &Path, first: Open) -> Self {
        Self(Arc::new(Shared {
            path: path.to_owned(),
            room: Arc::new(Semaphore::new(CONNECTIONS)),
            idle: Mutex::new(vec![first]),
        }))
    }

    /// Runs `work` like [`Self::run`], but fails after [`DEADLINE`]: a request waits for it.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreErrorKind> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let late = |_| Err(StoreError::new(&self.0.path, StoreErrorKind::Late).into());
        tokio::time::timeout(DEADLINE, self.run(work)).await.unwrap_or_else(late)
    }

    /// Runs `work` on a thread that may wait for the disk. It runs to its end even if the caller
    /// stops waiting.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreErrorKind> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let gone = |_| Unavailable::new("the store is shutting down");
        let permit = Arc::clone(&self.0.room).acquire_owned().await.map_err(|_| gone(()))?;
        let shared = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || {
            let done = shared.with_connection::<WRITES, T>(work);
            drop(permit);
            done
        });
        Ok(done.await.map_err(|_| gone(()))??)
    }
}

impl Shared {
    fn with_connection<const WRITES: bool, T>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreErrorKind>,
    ) -> Result<T, StoreError> {
        self.try_with_connection::<WRITES, T>(work).map_err(|kind| {
            // The file was there when it was opened.
            let kind = if kind == StoreErrorKind::Missing { StoreErrorKind::Gone } else { kind };
            StoreError::new(&self.path, kind)
        })
    }

    fn try_with_connection<const WRITES: bool, T>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreErrorKind>,
    ) -> Result<T, StoreErrorKind> {
        let mut open = self.open::<WRITES>()?;
        let done = work(&mut open.connection)?;
        open.check_files()?;
        // After an error a connection is not used again.
        self.idle().push(open);
        Ok(done)
    }

    /// Returns a connection to the file that is at the path now, with our schema.
    fn open<const WRITES: bool>(&self) -> Result<Open, StoreErrorKind> {
        loop {
            let idle = self.idle().pop();
            match idle {
                Some(open) if open.is_current()? => return Ok(open),
                Some(_) => {}
                None if WRITES => return Ok(Open::to_write(&self.path, Empty::Refuse)?.0),
                None => return Open::to_read(&self.path),
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Open>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
