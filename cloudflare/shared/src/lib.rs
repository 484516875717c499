//! What the two Workers of edge-auth share.
//!
//! JavaScript carries bytes, these modules turn them into the core's types, and the core decides.
//! Nothing here writes to a store. Off wasm, only the modules that need no runtime are compiled,
//! for their tests.

#![cfg_attr(
    not(target_family = "wasm"),
    allow(dead_code, reason = "only tests use these modules off wasm")
)]

mod der;
mod head;
mod log_safe;
pub mod protocol;

#[cfg(target_family = "wasm")]
mod answer;
#[cfg(target_family = "wasm")]
mod certificate;
#[cfg(target_family = "wasm")]
mod crypto;
#[cfg(target_family = "wasm")]
mod deployment;
#[cfg(target_family = "wasm")]
mod event;
#[cfg(target_family = "wasm")]
mod key_source;
#[cfg(target_family = "wasm")]
mod location;
#[cfg(target_family = "wasm")]
mod platform;
#[cfg(target_family = "wasm")]
mod runtime;
#[cfg(target_family = "wasm")]
mod start;
#[cfg(target_family = "wasm")]
pub mod store;
#[cfg(target_family = "wasm")]
mod sync_poll;

pub use head::{Caller, Head};
pub use log_safe::without_urls;

#[cfg(target_family = "wasm")]
pub use {
    answer::answer_text,
    certificate::ClientCertificate,
    crypto::NodeCrypto,
    deployment::Deployment,
    event::{Event, EventBody},
    key_source::IssuerDocuments,
    location::client_location,
    platform::{RuntimeRandomness, WorkerPlatform, now},
    runtime::WorkerRuntime,
    start::{capabilities, takes_certificates},
    sync_poll::now_or_later,
};
