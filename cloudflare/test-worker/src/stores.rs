//! The conformance suites of the stores.

use edge_auth::platform::Unavailable;
use edge_auth_cloudflare::Keys;
use edge_auth_testkit::conformance::{self, Backend, Grade};
use wasm_bindgen::prelude::wasm_bindgen;
use worker::Env;

/// Runs the suites on the ledger. The report's text is the answer. The copies in KV offer none of the
/// guarantees: scenarios show that they are read.
#[wasm_bindgen]
pub async fn conformance(env: Env) -> String {
    let report = conformance::run(&Ledgers(env)).await;
    if report.passed() { report.to_string() } else { format!("FAILED\n{report}") }
}

/// A ledger for each check.
struct Ledgers(Env);

impl Backend for Ledgers {
    type Store = Keys;

    fn declines(&self, _: Grade) -> Option<&'static str> {
        None
    }

    async fn open(&self, storage: &str) -> Result<Keys, Unavailable> {
        Ok(Keys::of_ledger(&self.0, storage))
    }
}
