//! What the tests of all hosts share: a platform in memory, suites that every store passes, tokens
//! of every kind, and scenarios that run on every host.
//!
//! Nothing here needs a particular async runtime.

pub mod certificates;
pub mod conformance;
pub mod documents;
pub mod dynamodb_local;
pub mod iam;
pub mod memory;
pub mod mint;
pub mod platform;
pub mod randomness;
pub mod revocations;
pub mod scenario;
pub mod wire;
