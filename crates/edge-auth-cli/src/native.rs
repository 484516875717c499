//! What this machine provides to the core: clock, randomness, environment and files.

pub(crate) use edge_auth_native::{
    LocalSecretProvider, PolicyFile, SystemRandomness, now, read_bounded,
};
