//! What an operating system gives to the core: its clock, its randomness, its environment and
//! files, and what can be fetched over its network.
//!
//! The native host and the Lambda function both stand on it.

mod client;
mod clock;
mod https_proxy;
mod key_source;
mod optional_store;
mod policy_file;
mod randomness;
mod secret_provider;
mod tls_settings;

pub use client::{BodyError, HttpClient, causes};
pub use clock::{now, timed};
pub use key_source::HttpKeySource;
pub use optional_store::OptionalStore;
pub use policy_file::{PolicyFile, PolicyFileError, read_bounded};
pub use randomness::SystemRandomness;
pub use secret_provider::LocalSecretProvider;
pub use tls_settings::TlsSettings;
