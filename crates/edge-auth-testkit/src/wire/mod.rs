//! Scenarios over HTTP/1.1, for hosts that are separate processes.
//!
//! [`WireHost`] is the [`ScenarioHost`](crate::scenario::ScenarioHost) of a [`Product`] that
//! listens on a port: it sends each call byte for byte, records what arrives upstream, and serves
//! the issuers' documents. All of it is blocking and plain, so that nothing between the scenario
//! and the product repairs a broken message.

mod client;
mod function;
mod host;
mod message;
mod process;
mod runtime_api;
mod server;

pub use client::exchange;
pub use function::Function;
pub use host::{Product, WireHost};
pub use message::Response;
pub use process::Process;
pub use runtime_api::{Invoked, RuntimeApi};
pub use server::{Recorder, Server};
