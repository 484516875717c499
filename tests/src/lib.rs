//! Shared parts of the end-to-end tests: programs of other projects, and the real binary as their
//! gate.
//!
//! A panic is a failed test.

mod gate;
mod pipe;
mod request;
mod service;

pub use gate::Gate;
pub use pipe::Pipe;
pub use request::request;
pub use service::{Service, free_port, program};
