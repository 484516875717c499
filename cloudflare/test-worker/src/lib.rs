//! A Worker with the tests that must run inside workerd. It is never deployed.

mod signatures;
mod stores;

pub use signatures::{import_key, verify_jws};
pub use stores::conformance;
