//! DynamoDB passes every grade of the conformance suites, with several clients on one table and
//! concurrent writers.

use edge_auth::platform::Unavailable;
use edge_auth_dynamodb::DynamoDbStore;
use edge_auth_testkit::conformance::{self, Backend, Failure, FeedBackend, Grade, Writer, Written};

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
