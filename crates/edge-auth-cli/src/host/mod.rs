//! What this machine gives to the core: its clock, its randomness, its environment and files.

mod clock;
mod policy_file;
mod randomness;
mod resources;

pub(crate) use clock::now;
pub(crate) use policy_file::{PolicyFile, read_bounded};
pub(crate) use randomness::SystemRandomness;
pub(crate) use resources::HostResources;
