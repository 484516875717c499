//! The store on AWS's DynamoDB Local: the suites of every store, what can go wrong, and how many
//! calls it makes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic is a failed test")]

mod conformance;
mod damage;
mod errors;
mod operations;
mod support;
