//! Random bytes that are the same in every run.

use std::sync::atomic::{AtomicU64, Ordering};

use edge_auth::platform::{Randomness, Unavailable};
use sha2::{Digest, Sha256};

/// Bytes that depend only on the seed and on earlier draws: for tests, never for keys.
///
/// Block `i` is SHA-256 of the seed and `i`. Each draw starts at a new block.
#[derive(Debug)]
pub struct SeededRandomness {
    seed: u64,
    next_block: AtomicU64,
}

impl SeededRandomness {
    /// Starts at the first block of this seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, next_block: AtomicU64::new(0) }
    }
}

impl Randomness for SeededRandomness {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Unavailable> {
        for chunk in bytes.chunks_mut(32) {
            let block = self.next_block.fetch_add(1, Ordering::Relaxed);
            let digest = Sha256::new()
                .chain_update(self.seed.to_be_bytes())
                .chain_update(block.to_be_bytes())
                .finalize();
            chunk.copy_from_slice(&digest[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(from: &SeededRandomness, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        from.fill(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let (one, two) = (SeededRandomness::new(7), SeededRandomness::new(7));
        assert_eq!(draw(&one, 100), draw(&two, 100));
        assert_eq!(draw(&one, 5), draw(&two, 5));
    }

    #[test]
    fn another_seed_and_another_draw_give_other_bytes() {
        let one = SeededRandomness::new(7);
        let first = draw(&one, 32);
        assert_ne!(first, draw(&one, 32));
        assert_ne!(first, draw(&SeededRandomness::new(8), 32));
    }

    #[test]
    fn no_part_of_a_long_draw_repeats() {
        let bytes = draw(&SeededRandomness::new(1), 4096);
        let blocks: std::collections::BTreeSet<_> = bytes.chunks(32).collect();
        assert_eq!(blocks.len(), 128);
    }
}
