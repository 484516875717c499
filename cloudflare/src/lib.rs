//! edge-auth on Cloudflare Workers.
//!
//! `index.js` is the Worker's entry. It hands a request's head over as one string and gets one back:
//! at once if everything is in memory, else as a promise. It carries bytes; this crate turns them
//! into the core's types, and the core decides.

mod answer;
mod certificate;
mod crypto;
mod deployment;
mod eager;
mod event;
mod faces;
mod head;
mod key_source;
mod platform;
mod serving;
mod store;

use edge_auth::Reply;
use edge_auth_token::Timestamp;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

pub use crypto::NodeCrypto;
pub use event::Event;
pub use store::{Ledger, Stores};

use answer::Answer;
use deployment::Deployment;
use head::Caller;
use serving::Serving;

/// Decides about a request with this head ([`head::Head`]): a string ([`answer::Answer`]), or a
/// promise of one. `bound` is whether it came over a service binding.
#[wasm_bindgen]
pub fn decide(event: Event, bound: bool, head: String) -> JsValue {
    let caller = if bound { Caller::Bound } else { Caller::Internet };
    match Serving::of(|| Deployment { env: event.env(), files: event.files() }) {
        Ok(serving) => {
            eager::now_or_later(async move { faces::answer(serving, event, caller, head).await.written() })
        }
        Err(reason) => {
            let mut answer = Answer::reply(Reply::trouble(503, "The gate cannot decide at the moment."));
            answer.notices.push(reason);
            JsValue::from_str(&answer.written())
        }
    }
}

/// The gate's answer if the origin gives none.
#[wasm_bindgen]
pub fn unreachable() -> String {
    Answer::reply(Reply::trouble(502, "The API behind the gate cannot be reached.")).written()
}

/// `Cache-Control` of an answer to a principal, from what the origin said.
#[wasm_bindgen(js_name = privateCacheControl)]
pub fn private_cache_control(given: &str) -> String {
    edge_auth::faces::private_cache_control([given])
}

/// The time. It moves only where the Worker waits for something, so that it is one for each step.
fn now() -> Timestamp {
    // A double has no fraction of a millisecond here, and is positive.
    Timestamp::from_millis(js_sys::Date::now() as u64)
}
