//! The memory store offers every grade.

use std::collections::HashMap;
use std::sync::Mutex;

use edge_auth::platform::Unavailable;
use edge_auth_testkit::conformance::{self, Backend, Grade, Writer, Written};
use edge_auth_testkit::memory::MemoryApiKeys;

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
