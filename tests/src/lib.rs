//! What the tests beside real parts share: the programs of others, and the real binary as their gate.
//!
//! A panic is a failed test.

mod gate;
mod service;

pub use gate::Gate;
pub use service::{Service, free_port, program};
