//! The endpoints as proxies, applications and browsers meet them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a panic is a failed test"
)]

mod compiled;
mod fixture;
mod forward_auth;
mod forward_replies;
mod gateway;
mod redaction;
mod relevant_fields;
mod sampling;
mod undecided;
mod verify;
