//! The Worker's [`Platform`]: its stores, its source of key sets, its randomness.

use std::time::Duration;

use edge_auth::platform::{Platform, Randomness, Unavailable};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::worker::key_source::IssuerDocuments;
use crate::worker::store::Stores;

/// The services of a deployment that its gate asks.
pub(crate) struct WorkerPlatform {
    pub(crate) stores: Stores,
    pub(crate) documents: IssuerDocuments,
}

impl Platform for WorkerPlatform {
    type ApiKeys = Stores;
    type KeySource = IssuerDocuments;
    type Revocations = Stores;

    fn api_keys(&self) -> &Stores {
        &self.stores
    }

    fn key_source(&self) -> &IssuerDocuments {
        &self.documents
    }

    fn revocations(&self) -> &Stores {
        &self.stores
    }

    async fn timed<W: Future>(&self, work: W) -> (W::Output, Duration) {
        let began = crate::worker::now();
        let done = work.await;
        (done, crate::worker::now().since(began))
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
        get_random_values(bytes)
            .map_err(|_| Unavailable::new("the runtime gives no random bytes here"))
    }
}
