//! Revocation, from an administrator's entry to the refusal of every instance: what it costs, and
//! what happens when the feed, the clock or the store is not as it should be.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is a failed test"
)]

mod attacked;
mod audit;
mod authorities;
mod clock;
mod concurrent_writer;
mod costs;
mod fixture;
mod list_scope;
mod lists;
mod older_record;
mod outage;
mod propagation;
mod reencoded;
mod relayed;
mod repeated;
mod replayed;
mod rotation;
mod snapshots;
mod tampering;
mod waiting;
