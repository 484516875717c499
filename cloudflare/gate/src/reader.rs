//! The control Worker's entrypoint `Reader`, which answers reads and nothing else.

use edge_auth::platform::Unavailable;
use edge_auth_cloudflare::store::{LedgerAccess, binding};
use wasm_bindgen::JsValue;
use worker::Env;

/// The name of the service binding.
const BINDING: &str = "READER";
/// What to do if it is missing.
pub(crate) const HELP: &str = "bind the entrypoint Reader of edge-auth-control as READER";

/// The binding, if there is one. A policy of tokens alone needs none.
#[derive(Debug, Clone)]
pub(crate) struct Reader(Option<JsValue>);

impl Reader {
    pub(crate) fn bound(env: &Env) -> Self {
        Self(binding(env, BINDING))
    }

    pub(crate) fn is_bound(&self) -> bool {
        self.0.is_some()
    }
}

impl LedgerAccess for Reader {
    fn fetcher(&self) -> Result<JsValue, Unavailable> {
        self.0.clone().ok_or_else(|| Unavailable::new(format!("no ledger: {HELP}")))
    }
}
