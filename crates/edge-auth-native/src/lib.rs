//! What an operating system provides to the core: clock, randomness, environment, files, and
//! fetching over the network.
//!
//! The native host and the Lambda function both use it.

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
