//! The Workers in real workerd.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a panic is a failed test"
)]
#![allow(
    clippy::duplicate_mod,
    reason = "each test of another crate brings what those tests share"
)]

mod bound;
mod closed;
mod copies;
mod counts;
mod deployment;
mod driver;
mod durable_object;
mod edge;
mod gateway;
mod keys;
mod moved;
mod new_keys;
mod outage;
mod privileges;
mod relay;
mod revocation;
mod scenarios;
mod schema;
mod signatures;
mod stopped;
mod stores;
mod wrangler;

use deployment::Deployment;

/// Returns the Worker with tests inside, which is never deployed.
fn test_worker() -> Deployment {
    Deployment::built("tests", "test-worker").ledger(1)
}
