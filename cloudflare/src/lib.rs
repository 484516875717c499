//! edge-auth on Cloudflare Workers.
//!
//! `index.js` is the Worker's entry. It hands a request's head over as one string and gets one back:
//! at once if everything is in memory, else as a promise. It carries bytes; this crate turns them
//! into the core's types, and the core decides. Off wasm there is only what tests need no runtime for.

#![cfg_attr(not(target_family = "wasm"), allow(dead_code, reason = "all but the tests is for wasm"))]

#[cfg(target_family = "wasm")]
mod answer;
#[cfg(target_family = "wasm")]
mod certificate;
#[cfg(target_family = "wasm")]
mod crypto;
#[cfg(target_family = "wasm")]
mod deployment;
mod der;
#[cfg(target_family = "wasm")]
mod eager;
#[cfg(target_family = "wasm")]
mod event;
#[cfg(target_family = "wasm")]
mod faces;
mod head;
#[cfg(target_family = "wasm")]
mod key_source;
#[cfg(target_family = "wasm")]
mod platform;
#[cfg(target_family = "wasm")]
mod serving;
#[cfg(target_family = "wasm")]
mod store;

#[cfg(target_family = "wasm")]
use edge_auth::Reply;
#[cfg(target_family = "wasm")]
use edge_auth::faces::Withheld;
#[cfg(target_family = "wasm")]
use edge_auth_token::Timestamp;
#[cfg(target_family = "wasm")]
use wasm_bindgen::JsValue;
#[cfg(target_family = "wasm")]
use wasm_bindgen::prelude::wasm_bindgen;

#[cfg(target_family = "wasm")]
pub use crypto::NodeCrypto;
#[cfg(target_family = "wasm")]
pub use event::Event;
#[cfg(target_family = "wasm")]
pub use store::{Ledger, Stores};

#[cfg(target_family = "wasm")]
use answer::Answer;
#[cfg(target_family = "wasm")]
use deployment::Deployment;
#[cfg(target_family = "wasm")]
use head::Caller;
#[cfg(target_family = "wasm")]
use serving::Serving;

/// Decides about a request with this head ([`head::Head`]): a string ([`answer::Answer`]), or a
/// promise of one. `bound` is whether it came over a service binding.
#[cfg(target_family = "wasm")]
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

/// Does nothing. To be called before any function that takes strings: the glue makes a module that has
/// stopped (a Rust panic) anew when it is next called, but writes strings into its memory before.
#[cfg(target_family = "wasm")]
#[wasm_bindgen]
pub fn revive() {}

/// An answer of the gate's own, where JavaScript cannot do what was decided.
#[cfg(target_family = "wasm")]
#[wasm_bindgen]
pub fn trouble(status: u16, detail: &str) -> String {
    Answer::reply(Reply::trouble(status, detail)).written()
}

/// `Cache-Control` of an answer to a principal, from what the origin said.
#[cfg(target_family = "wasm")]
#[wasm_bindgen(js_name = privateCacheControl)]
pub fn private_cache_control(given: &str) -> String {
    edge_auth::faces::private_cache_control([given])
}

/// Those of these field names, a line each, that are left out of an origin's answer.
#[cfg(target_family = "wasm")]
#[wasm_bindgen]
pub fn withheld(cors: bool, private: bool, names: &str) -> String {
    let withheld = Withheld { cross_origin: cors, shared_caches: private };
    names.lines().filter(|name| withheld.has(name)).collect::<Vec<_>>().join("\n")
}

/// The time. It moves only where the Worker waits for something, so that it is one for each step.
#[cfg(target_family = "wasm")]
fn now() -> Timestamp {
    // A double has no fraction of a millisecond here, and is positive.
    Timestamp::from_millis(js_sys::Date::now() as u64)
}
