//! Random numbers that repeat.

use crate::feed::Micros;

/// xorshift64*: good enough to spread requests, and fast.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Returns a number from 0 up to 1.
    pub(super) fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        (self.fraction() * limit as f64) as usize
    }

    pub(super) fn between(&mut self, from: Micros, to: Micros) -> Micros {
        from + (self.fraction() * (to - from) as f64) as Micros
    }

    /// Returns the time until the next of events that come so often a second, independently of each
    /// other.
    pub(super) fn until_next(&mut self, per_second: f64) -> Micros {
        (-(1.0 - self.fraction()).ln() / per_second * 1e6) as Micros
    }
}
