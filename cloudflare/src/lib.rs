//! edge-auth on Cloudflare Workers.
//!
//! `index.js` is the Worker's entry. It passes a request's head to wasm as one string and gets one
//! string back: at once if everything is in memory, else as a promise. JavaScript carries bytes,
//! this crate turns them into the core's types, and the core decides. Off wasm, only the modules
//! that need no runtime are compiled, for their tests.

#![cfg_attr(
    not(target_family = "wasm"),
    allow(dead_code, reason = "only tests use these modules off wasm")
)]

mod der;
mod head;
mod log_safe;
#[cfg(target_family = "wasm")]
mod worker;

#[cfg(target_family = "wasm")]
pub use self::worker::*;
