//! The operating system's randomness.

use edge_auth::platform::{Randomness, Unavailable};

/// Random bytes of the operating system.
#[derive(Debug, Clone, Copy)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Unavailable> {
        getrandom::fill(bytes)
            .map_err(|error| Unavailable::new(format!("the system's randomness: {error}")))
    }
}
