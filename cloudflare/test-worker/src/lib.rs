//! The Worker with tests in it, which no deployment has: what must be tried inside workerd.

mod signatures;
mod stores;

pub use signatures::{import_key, verify_jws};
pub use stores::conformance;
