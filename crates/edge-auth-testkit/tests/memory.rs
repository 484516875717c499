//! The memory store offers every grade.

use std::collections::HashMap;
use std::sync::Mutex;

use edge_auth::platform::Unavailable;
use edge_auth_testkit::conformance::{self, Backend, FeedBackend, Grade, Writer, Written};
use edge_auth_testkit::memory::MemoryApiKeys;
use edge_auth_testkit::revocations::MemoryRevocations;

#[derive(Default)]
struct InMemory(Mutex<HashMap<String, MemoryApiKeys>>);

impl Backend for InMemory {
    type Store = MemoryApiKeys;

    fn declines(&self, _: Grade) -> Option<&'static str> {
        None
    }

    async fn open(&self, storage: &str) -> Result<MemoryApiKeys, Unavailable> {
        Ok(self.0.lock().unwrap().entry(storage.into()).or_default().clone())
    }

    async fn at_once(&self, writers: Vec<Writer>) -> Vec<Written> {
        conformance::on_threads(writers)
    }
}

#[test]
fn memory_passes_every_suite() {
    futures::executor::block_on(conformance::run(&InMemory::default())).must_pass();
}

#[derive(Default)]
struct FeedInMemory(Mutex<HashMap<String, MemoryRevocations>>);

impl FeedBackend for FeedInMemory {
    type Log = MemoryRevocations;

    async fn open(&self, storage: &str) -> Result<MemoryRevocations, Unavailable> {
        Ok(self.0.lock().unwrap().entry(storage.into()).or_default().clone())
    }

    async fn at_once(&self, writers: Vec<Writer>) -> Vec<Written> {
        conformance::on_threads(writers)
    }
}

#[test]
fn the_feed_in_memory_passes_its_suite() {
    futures::executor::block_on(conformance::run_feed(&FeedInMemory::default())).must_pass();
}
