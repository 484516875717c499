//! Stores in an SQLite file: one that reads and writes, and one that only reads.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use edge_auth::platform::Unavailable;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::connection::{Open, make};
use super::connections::Connections;
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
    connections: Arc<Connections>,
}

impl SqliteReader {
    /// Opens an existing file that edge-auth made.
    ///
    /// # Errors
    /// It has no schema of this version, which only a writer can change.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::over(path, Arc::default())
    }

    fn over(path: &Path, connections: Arc<Connections>) -> Result<Self, StoreError> {
        let opened = connections.first::<false>(path, || Open::to_read(path));
        opened.map_err(|kind| StoreError::new(path, kind))?;
        Ok(Self::with(path, connections))
    }
}

impl SqliteStore {
    /// Opens the file. Creates it if it is missing.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_or_make(path).map(|(store, _)| store)
    }

    /// Opens the file; makes it if there is none, and returns whether it did.
    pub(crate) fn open_or_make(path: &Path) -> Result<(Self, bool), StoreError> {
        let made = make(path).map_err(|kind| StoreError::new(path, kind));
        made.and_then(|()| Self::opened(path, Empty::Fill))
    }

    /// Opens an existing file that edge-auth made.
    pub fn open_existing(path: &Path) -> Result<Self, StoreError> {
        Self::opened(path, Empty::Refuse).map(|(store, _)| store)
    }

    fn opened(path: &Path, empty: Empty) -> Result<(Self, bool), StoreError> {
        let connections = Arc::<Connections>::default();
        let mut was_empty = false;
        let opened = connections.first::<true>(path, || {
            let (open, empty) = Open::to_write(path, empty)?;
            was_empty = empty;
            Ok(open)
        });
        opened.map_err(|kind| StoreError::new(path, kind))?;
        Ok((Self::with(path, connections), was_empty))
    }

    /// Returns the same store for a gate of this process, which cannot write.
    ///
    /// # Errors
    /// The file is not what it was when it was opened.
    pub fn reader(&self) -> Result<SqliteReader, StoreError> {
        SqliteReader::over(&self.0.path, Arc::clone(&self.0.connections))
    }
}

impl<const WRITES: bool> Sqlite<WRITES> {
    fn with(path: &Path, connections: Arc<Connections>) -> Self {
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        Self(Arc::new(Shared { path: path.to_owned(), room, connections }))
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
        let mut lent = self.connections.lend::<WRITES>(&self.path)?;
        let done = work(lent.connection())?;
        lent.give_back()?;
        Ok(done)
    }
}
