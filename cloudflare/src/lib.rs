//! edge-auth on Cloudflare Workers.
//!
//! `index.js` is the Worker's entry. It hands a request's head over as one string and gets one
//! back: at once if everything is in memory, else as a promise. It carries bytes; this crate turns
//! them into the core's types, and the core decides. Off wasm there is only what tests need no
//! runtime for.

#![cfg_attr(
    not(target_family = "wasm"),
    allow(dead_code, reason = "all but the tests is for wasm")
)]

mod der;
mod head;
#[cfg(target_family = "wasm")]
mod worker;

#[cfg(target_family = "wasm")]
pub use self::worker::*;
