//! What this machine gives to the core: its clock, its randomness, its environment and files.

pub(crate) use edge_auth_native::{
    LocalSecretProvider, PolicyFile, SystemRandomness, now, read_bounded,
};
