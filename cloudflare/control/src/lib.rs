//! The control plane of edge-auth on Cloudflare Workers.
//!
//! It owns the ledger, the Durable Object that has all API keys and revocations, and is the only
//! Worker that can write them. It answers `/admin/v1`, does what is due on a schedule, and answers
//! gates through its entrypoint `Reader`, which knows reads only.

#![cfg(target_family = "wasm")]

mod administration;
mod kv;
mod object;
mod reader;
mod relay;
mod response;
mod scheduled;
mod state;
mod store;

use edge_auth::Reply;
use edge_auth_cloudflare::{Deployment, Event, now_or_later};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

pub use object::Ledger;
pub use store::LedgerStore;

use response::ControlResponse;
use state::ControlState;

/// Answers a request for administration with this head (see `head.rs`). Returns the text of a
/// `ControlResponse`, or a promise of it.
#[wasm_bindgen]
pub fn administer(event: Event, head: String) -> JsValue {
    match state(&event) {
        Ok(state) => {
            now_or_later(async move { administration::answer(state, event, head).await.written() })
        }
        Err(reason) => {
            let reply = Reply::host_error(503, "The control plane cannot work at the moment.");
            let mut response = ControlResponse::of(reply);
            response.notices.push(reason);
            JsValue::from_str(&response.written())
        }
    }
}

/// Answers a gate's request to the ledger. Returns the answer's text, or `undefined` for a request
/// that is no read.
#[wasm_bindgen]
pub async fn read(event: Event, request: String) -> Result<Option<String>, JsValue> {
    let failed = |error: String| JsValue::from_str(&error);
    let state = state(&event).map_err(failed)?;
    reader::answer(&state, &event, &request).await.map_err(failed)
}

/// Does what is due, and returns a line for the operator for each thing that was done.
#[wasm_bindgen]
pub async fn scheduled(event: Event) -> Result<String, JsValue> {
    let state = state(&event).map_err(|reason| JsValue::from_str(&reason))?;
    let done = scheduled::run(&state).await.map_err(|error| JsValue::from_str(&error))?;
    Ok(done.join("\n"))
}

/// Does nothing. JavaScript calls it before any function that takes strings: the glue replaces a
/// module that stopped (a Rust panic) at the next call, but only after it has written the strings
/// into the old module's memory.
#[wasm_bindgen]
pub fn revive() {}

/// Returns an error of this Worker for a request that JavaScript cannot carry out.
#[wasm_bindgen]
pub fn trouble(status: u16, detail: &str) -> String {
    ControlResponse::of(Reply::host_error(status, detail)).written()
}

fn state(event: &Event) -> Result<std::rc::Rc<ControlState>, String> {
    ControlState::of(|| Deployment { env: event.env(), files: event.files() })
}
