//! Client certificates through the gate: sources, chains, identities, and tokens that are bound to
//! certificates.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a panic is a failed test"
)]

mod binding;
mod chain;
mod fixture;
mod identity;
mod policy;
mod reencoded;
mod sources;
