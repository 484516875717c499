//! The gate of edge-auth on Cloudflare Workers.
//!
//! `index.js` is the Worker's entry. It passes a request's head to wasm as one string and gets one
//! string back: at once if everything is in memory, else as a promise. The gate reads keys and
//! revocations through the control Worker's entrypoint `Reader`, and can write neither.

#![cfg(target_family = "wasm")]

mod endpoints;
mod reader;
mod response;
mod state;
mod upstream;

use edge_auth::Reply;
use edge_auth::endpoints::{RelevantFields, StrippedHeaders};
use edge_auth_cloudflare::{Caller, Deployment, Event, now_or_later, without_urls};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use response::WorkerResponse;
use state::GateState;

/// Decides about a request with this head (see `head.rs`). Returns the text of a `WorkerResponse`,
/// or a promise of it. `bound` says that the request came over a service binding.
#[wasm_bindgen]
pub fn decide(event: Event, bound: bool, head: String) -> JsValue {
    let caller = if bound { Caller::Bound } else { Caller::Internet };
    match GateState::of(|| Deployment { env: event.env(), files: event.files() }) {
        Ok(state) => {
            now_or_later(
                async move { endpoints::answer(state, event, caller, head).await.written() },
            )
        }
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

/// Returns the names of the request fields that `decide` needs, one per line; a line that ends with
/// `-` is the beginning of names, with `-` for any character but letters and digits. Returns nothing
/// if it needs all fields: for requests that may go on to an origin.
#[wasm_bindgen(js_name = relevantFields)]
pub fn relevant_fields(event: Event, bound: bool) -> String {
    match GateState::of(|| Deployment { env: event.env(), files: event.files() }) {
        Ok(state) if bound || !state.has_upstream => {
            // The platform's own field has the client's address.
            format!("cf-connecting-ip\n{}", RelevantFields::of(&state.gate).lines())
        }
        Ok(_) | Err(_) => String::new(),
    }
}

/// Does nothing. JavaScript calls it before any function that takes strings: the glue replaces a
/// module that stopped (a Rust panic) at the next call, but only after it has written the strings
/// into the old module's memory.
#[wasm_bindgen]
pub fn revive() {}

/// Returns an error of the gate for a request that JavaScript cannot carry out.
#[wasm_bindgen]
pub fn trouble(status: u16, detail: &str) -> String {
    WorkerResponse::reply(Reply::host_error(status, detail)).written()
}

/// Returns an error's message without what may be of a URL, for the log.
#[wasm_bindgen(js_name = logSafe)]
pub fn log_safe(message: &str) -> String {
    without_urls(message)
}

/// Returns the `Cache-Control` of an answer to a principal, given the origin's.
#[wasm_bindgen(js_name = privateCacheControl)]
pub fn private_cache_control(given: &str) -> String {
    edge_auth::endpoints::private_cache_control([given])
}

/// Returns those of these field names, one per line, that an origin's answer must not keep.
#[wasm_bindgen]
pub fn withheld(cors: bool, private: bool, names: &str) -> String {
    let withheld = StrippedHeaders { cross_origin: cors, shared_caches: private };
    names.lines().filter(|name| withheld.has(name)).collect::<Vec<_>>().join("\n")
}
