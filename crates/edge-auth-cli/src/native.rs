//! The machine's clock, randomness, environment and files, for the core.

pub(crate) use edge_auth_native::{
    LocalSecretProvider, PolicyFile, SystemRandomness, now, read_bounded,
};
