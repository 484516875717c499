//! Under construction.

pub mod maybe_send;
mod secret;
mod time;

pub use maybe_send::{MaybeSend, MaybeSync};
pub use secret::Secret;
pub use time::Timestamp;
