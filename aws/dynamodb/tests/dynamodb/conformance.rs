//! DynamoDB passes every grade of the conformance suites, with several clients on one table and
//! concurrent writers.

use edge_auth::platform::{LogTail, RevocationFeed, RevocationRecord, SnapshotRecord, Unavailable};
use edge_auth_control::store::{RevocationLog, WriteOutcome};
use edge_auth_dynamodb::DynamoDbStore;
use edge_auth_testkit::conformance::{self, Backend, Failure, FeedBackend, Grade, Writer, Written};

use edge_auth_token::Timestamp;

use crate::support::open;

struct Tables;

impl Backend for Tables {
    type Store = DynamoDbStore;

    fn declines(&self, _: Grade) -> Option<&'static str> {
        None
    }

    async fn open(&self, storage: &str) -> Result<DynamoDbStore, Unavailable> {
        open(storage).await
    }

    async fn at_once(&self, writers: Vec<Writer>) -> Vec<Written> {
        at_once(writers).await
    }
}

impl FeedBackend for Tables {
    type Log = DynamoDbStore;

    async fn open(&self, storage: &str) -> Result<DynamoDbStore, Unavailable> {
        open(storage).await
    }

    async fn at_once(&self, writers: Vec<Writer>) -> Vec<Written> {
        at_once(writers).await
    }
}

/// The feed as gates read it, from copies of the head; control writes it.
struct Spread;

struct SpreadLog(DynamoDbStore);

impl FeedBackend for Spread {
    type Log = SpreadLog;

    async fn open(&self, storage: &str) -> Result<SpreadLog, Unavailable> {
        Ok(SpreadLog(open(&format!("spread-{storage}")).await?))
    }

    async fn at_once(&self, writers: Vec<Writer>) -> Vec<Written> {
        at_once(writers).await
    }
}

impl RevocationFeed for SpreadLog {
    async fn since(&self, first: u64, limit: usize) -> Result<LogTail, Unavailable> {
        self.0.reader().since(first, limit).await
    }

    async fn marked(&self, mark: &str) -> Result<Vec<RevocationRecord>, Unavailable> {
        self.0.reader().marked(mark).await
    }

    async fn snapshot(&self) -> Result<Option<SnapshotRecord>, Unavailable> {
        self.0.reader().snapshot().await
    }

    async fn snapshot_part(&self, id: &str, index: u32) -> Result<Option<Vec<u8>>, Unavailable> {
        self.0.reader().snapshot_part(id, index).await
    }
}

impl RevocationLog for SpreadLog {
    fn max_appended(&self) -> usize {
        self.0.max_appended()
    }

    async fn append(&self, records: &[RevocationRecord]) -> Result<WriteOutcome, Unavailable> {
        self.0.append(records).await
    }

    async fn newest(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<RevocationRecord>, Unavailable> {
        self.0.newest(before, limit).await
    }

    async fn put_snapshot_part(
        &self,
        id: &str,
        index: u32,
        part: &[u8],
    ) -> Result<(), Unavailable> {
        self.0.put_snapshot_part(id, index, part).await
    }

    async fn put_snapshot(&self, snapshot: &SnapshotRecord) -> Result<WriteOutcome, Unavailable> {
        self.0.put_snapshot(snapshot).await
    }

    async fn forget(
        &self,
        before: u64,
        now: Timestamp,
        limit: usize,
    ) -> Result<usize, Unavailable> {
        self.0.forget(before, now, limit).await
    }
}

async fn at_once(writers: Vec<Writer>) -> Vec<Written> {
    let running: Vec<_> = writers.into_iter().map(tokio::spawn).collect();
    let mut written = Vec::new();
    for writer in running {
        written.push(writer.await.unwrap_or_else(|_| Err(Failure::new("the writer panicked"))));
    }
    written
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn dynamodb_passes_the_suites_of_api_keys() {
    conformance::run(&Tables).await.must_pass();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn dynamodb_passes_the_suites_of_the_feed() {
    conformance::run_feed(&Tables).await.must_pass();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_copies_of_the_head_pass_the_suites_of_the_feed() {
    conformance::run_feed(&Spread).await.must_pass();
}
