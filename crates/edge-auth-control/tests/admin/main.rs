//! Administration over HTTP, as an administrator meets it: every action through `AdminApi`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is a failed test"
)]

mod access;
mod bodies;
mod fixture;
mod lifecycle;
mod listing;
mod openapi;
mod refusals;
mod tampering;
