//! What the tests of all hosts share: a platform in memory, and suites that every store passes.
//!
//! Nothing here reads a clock or needs a particular async runtime.

pub mod conformance;
pub mod memory;
pub mod randomness;
