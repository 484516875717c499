//! What runs in an isolate, and the functions that JavaScript calls.

mod certificate;
mod crypto;
mod deployment;
mod endpoints;
mod event;
mod key_source;
mod location;
mod platform;
mod response;
mod state;
mod store;
mod sync_poll;

use edge_auth::Reply;
use edge_auth::endpoints::StrippedHeaders;
use edge_auth_token::Timestamp;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

pub use crypto::NodeCrypto;
pub use event::Event;
pub use store::{Ledger, Stores};

use crate::head::Caller;
use deployment::Deployment;
use response::WorkerResponse;
use state::WorkerState;

/// Decides about a request with this head ([`head::Head`]): a string ([`response::Answer`]), or a
/// promise of one. `bound` is whether it came over a service binding.
#[wasm_bindgen]
pub fn decide(event: Event, bound: bool, head: String) -> JsValue {
    let caller = if bound { Caller::Bound } else { Caller::Internet };
    match WorkerState::of(|| Deployment { env: event.env(), files: event.files() }) {
        Ok(state) => sync_poll::now_or_later(async move {
            endpoints::answer(state, event, caller, head).await.written()
        }),
        Err(reason) => {
            let mut answer = WorkerResponse::reply(Reply::host_error(
                503,
                "The gate cannot decide at the moment.",
            ));
            answer.notices.push(reason);
            JsValue::from_str(&answer.written())
        }
    }
}

/// Does nothing. To be called before any function that takes strings: the glue makes a module that
/// has stopped (a Rust panic) anew when it is next called, but writes strings into its memory
/// before.
#[wasm_bindgen]
pub fn revive() {}

/// An answer of the gate's own, where JavaScript cannot do what was decided.
#[wasm_bindgen]
pub fn trouble(status: u16, detail: &str) -> String {
    WorkerResponse::reply(Reply::host_error(status, detail)).written()
}

/// `Cache-Control` of an answer to a principal, from what the origin said.
#[wasm_bindgen(js_name = privateCacheControl)]
pub fn private_cache_control(given: &str) -> String {
    edge_auth::endpoints::private_cache_control([given])
}

/// Those of these field names, a line each, that are left out of an origin's answer.
#[wasm_bindgen]
pub fn withheld(cors: bool, private: bool, names: &str) -> String {
    let withheld = StrippedHeaders { cross_origin: cors, shared_caches: private };
    names.lines().filter(|name| withheld.has(name)).collect::<Vec<_>>().join("\n")
}

/// The time. It moves only where the Worker waits for something, so that it is one for each step.
fn now() -> Timestamp {
    // A double has no fraction of a millisecond here, and is positive.
    Timestamp::from_millis(js_sys::Date::now() as u64)
}
