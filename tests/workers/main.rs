//! The Worker in real workerd.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a panic is a failed test"
)]

mod deployment;
mod driver;
mod edge;
mod ledger;
mod scenarios;
