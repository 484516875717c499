//! The Worker's part of the core's bargain: stores, a fetcher of key sets, randomness.

use edge_auth::platform::{NoRevocations, Platform, Randomness, Unavailable};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::key_source::IssuerDocuments;
use crate::store::Keys;

/// What a gate on this deployment asks.
pub(crate) struct WorkerPlatform {
    pub(crate) keys: Keys,
    pub(crate) documents: IssuerDocuments,
}

impl Platform for WorkerPlatform {
    type ApiKeys = Keys;
    type KeySource = IssuerDocuments;
    type Revocations = NoRevocations;

    fn api_keys(&self) -> &Keys {
        &self.keys
    }

    fn key_source(&self) -> &IssuerDocuments {
        &self.documents
    }

    fn revocations(&self) -> &NoRevocations {
        &NoRevocations
    }
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(bytes: &mut [u8]) -> Result<(), JsValue>;
}

/// The runtime's randomness.
pub(crate) struct RuntimeRandomness;

impl Randomness for RuntimeRandomness {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Unavailable> {
        get_random_values(bytes).map_err(|_| Unavailable::new("the runtime gives no random bytes here"))
    }
}
