//! The store on AWS's DynamoDB Local: the suites of every store, what can go wrong, and how many calls it makes.

mod conformance;
mod support;
