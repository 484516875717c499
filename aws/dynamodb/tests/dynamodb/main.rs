//! The store on AWS's DynamoDB Local: the conformance suites, failures, and the number of calls.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is a failed test")]

mod conformance;
mod damage;
mod errors;
mod heads;
mod operations;
mod support;
