//! Runs the conformance suites of the stores.

use edge_auth::platform::Unavailable;
use edge_auth_cloudflare_control::LedgerStore;
use edge_auth_testkit::conformance::{self, Backend, FeedBackend, Grade};
use wasm_bindgen::prelude::wasm_bindgen;
use worker::Env;

/// Runs the suites on the ledger, and returns the report's text. The copies in KV offer none of the
/// guarantees; scenarios show that they are read.
#[wasm_bindgen]
pub async fn conformance(env: Env) -> String {
    let objects = DurableObjects(env);
    let (records, feed) = (conformance::run(&objects).await, conformance::run_feed(&objects).await);
    format!("{records}{feed}")
}

/// Makes a ledger for each check.
struct DurableObjects(Env);

impl Backend for DurableObjects {
    type Store = LedgerStore;

    fn declines(&self, _: Grade) -> Option<&'static str> {
        None
    }

    async fn open(&self, storage: &str) -> Result<LedgerStore, Unavailable> {
        Ok(LedgerStore::of_object(&self.0, storage))
    }
}

impl FeedBackend for DurableObjects {
    type Log = LedgerStore;

    async fn open(&self, storage: &str) -> Result<LedgerStore, Unavailable> {
        Ok(LedgerStore::of_object(&self.0, storage))
    }
}
