//! SQLite passes the suites of every grade, with several handles on one file and concurrent
//! writers.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use edge_auth::platform::Unavailable;
use edge_auth::platform::{ApiKeyRecord, ApiKeys};
use edge_auth_control::store::{ApiKeyAdmin, Precondition, WriteOutcome};
use edge_auth_testkit::conformance::{self, Backend, Failure, FeedBackend, Grade, Writer, Written};
use edge_auth_token::Timestamp;

use crate::store::SqliteStore;

struct OnDisk(tempfile::TempDir);

impl Backend for OnDisk {
    type Store = SqliteStore;

    fn declines(&self, _: Grade) -> Option<&'static str> {
        None
    }

    async fn open(&self, storage: &str) -> Result<SqliteStore, Unavailable> {
        Ok(SqliteStore::open(&self.0.path().join(storage))?)
    }

    async fn at_once(&self, writers: Vec<Writer>) -> Vec<Written> {
        on_tasks(writers).await
    }
}

impl FeedBackend for OnDisk {
    type Log = SqliteStore;

    async fn open(&self, storage: &str) -> Result<SqliteStore, Unavailable> {
        Ok(SqliteStore::open(&self.0.path().join(storage))?)
    }

    async fn at_once(&self, writers: Vec<Writer>) -> Vec<Written> {
        on_tasks(writers).await
    }
}

async fn on_tasks(writers: Vec<Writer>) -> Vec<Written> {
    let running: Vec<_> = writers.into_iter().map(tokio::spawn).collect();
    let mut written = Vec::new();
    for writer in running {
        written.push(writer.await.unwrap_or_else(|_| Err(Failure::new("the writer panicked"))));
    }
    written
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sqlite_passes_every_suite() {
    conformance::run(&OnDisk(tempfile::tempdir().unwrap())).await.must_pass();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sqlite_passes_the_suite_of_the_feed() {
    conformance::run_feed(&OnDisk(tempfile::tempdir().unwrap())).await.must_pass();
}

const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);
/// Set for the processes that the next test starts: the file that they write to.
const SHARED: &str = "EDGE_AUTH_TEST_SHARED_STORE";
const ROUNDS: u64 = 8;
const PROCESSES: u64 = 4;
const WRITES: u64 = 10;

/// Counts a record up by compare-and-set until this writer has done its share.
async fn count_up(store: &SqliteStore) {
    let mut stored = 0;
    while stored < WRITES {
        let known = store.find("counter", NOW).await.unwrap();
        let version = known.as_ref().map_or(0, |record| record.version);
        let next = ApiKeyRecord {
            id: "counter".to_owned(),
            document: (version + 1).to_string(),
            version: version + 1,
            expires_at: None,
        };
        let expected = known.map_or(Precondition::Absent, |_| Precondition::Version(version));
        // On a busy machine a writer may wait too long, and get an error.
        if store.put(&next, expected, NOW).await == Ok(WriteOutcome::Stored) {
            stored += 1;
        }
    }
}

#[tokio::test]
async fn writers_in_several_processes_lose_no_write() {
    if let Some(path) = std::env::var_os(SHARED) {
        return count_up(&SqliteStore::open(&PathBuf::from(path)).unwrap()).await;
    }
    let name = "store::tests::conformance::writers_in_several_processes_lose_no_write";
    // Each round also races to make the file.
    for _ in 0..ROUNDS {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shared.db");
        let start = || {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command
                .args(["--exact", name, "--nocapture"])
                .env(SHARED, &path)
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        };
        let mut processes: Vec<_> = (0..PROCESSES).map(|_| start()).collect();
        for process in &mut processes {
            assert!(process.wait().unwrap().success());
        }
        let store = SqliteStore::open(&path).unwrap();
        let record = store.find("counter", NOW).await.unwrap().unwrap();
        assert_eq!(
            (record.version, record.document),
            (PROCESSES * WRITES, (PROCESSES * WRITES).to_string())
        );
    }
}
