//! The Worker's [`Platform`]: its stores, its source of key sets, its clock, its randomness.

use std::time::Duration;

use edge_auth::platform::{ApiKeys, Platform, Randomness, RevocationFeed, Unavailable};
use edge_auth_token::Timestamp;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::key_source::IssuerDocuments;

/// The services of a deployment that its gate asks.
#[derive(Debug)]
pub struct WorkerPlatform<S> {
    /// API keys and revocations.
    pub stores: S,
    /// Key sets of issuers.
    pub documents: IssuerDocuments,
}

impl<S: ApiKeys + RevocationFeed> Platform for WorkerPlatform<S> {
    type ApiKeys = S;
    type KeySource = IssuerDocuments;
    type Revocations = S;

    fn api_keys(&self) -> &S {
        &self.stores
    }

    fn key_source(&self) -> &IssuerDocuments {
        &self.documents
    }

    fn revocations(&self) -> &S {
        &self.stores
    }

    async fn timed<W: Future>(&self, work: W) -> (W::Output, Duration) {
        let began = now();
        let done = work.await;
        (done, now().since(began))
    }
}

/// Returns the time, which moves only while the Worker waits for I/O.
pub fn now() -> Timestamp {
    // `Date.now()` is a positive whole number of milliseconds.
    Timestamp::from_millis(js_sys::Date::now() as u64)
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(bytes: &mut [u8]) -> Result<(), JsValue>;
}

/// The runtime's randomness.
#[derive(Debug, Clone, Copy)]
pub struct RuntimeRandomness;

impl Randomness for RuntimeRandomness {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Unavailable> {
        get_random_values(bytes)
            .map_err(|_| Unavailable::new("the runtime gives no random bytes here"))
    }
}
