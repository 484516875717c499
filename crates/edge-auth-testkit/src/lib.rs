//! Shared parts of all hosts' tests: a platform in memory, conformance suites for stores, tokens of
//! every kind, and scenarios that run on every host.
//!
//! Nothing here needs a particular async runtime. In wasm only the suites for stores are available.

#[cfg(not(target_family = "wasm"))]
pub mod attacked_log;
#[cfg(not(target_family = "wasm"))]
pub mod certificates;
pub mod conformance;
#[cfg(not(target_family = "wasm"))]
pub mod delays;
#[cfg(not(target_family = "wasm"))]
pub mod documents;
#[cfg(not(target_family = "wasm"))]
pub mod dynamodb_local;
#[cfg(not(target_family = "wasm"))]
#[cfg(not(target_family = "wasm"))]
pub mod gates;
pub mod iam;
#[cfg(not(target_family = "wasm"))]
pub mod memory;
#[cfg(not(target_family = "wasm"))]
pub mod mint;
#[cfg(not(target_family = "wasm"))]
pub mod platform;
#[cfg(not(target_family = "wasm"))]
pub mod randomness;
#[cfg(not(target_family = "wasm"))]
pub mod revocations;
#[cfg(not(target_family = "wasm"))]
pub mod scenario;
#[cfg(not(target_family = "wasm"))]
pub mod wire;
