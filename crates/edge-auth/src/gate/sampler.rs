//! Chooses the allowed decisions that are logged, where the policy wants only a share of them.

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::cache::Seed;

/// Takes every decision, or a share of them, which does not depend on the requests.
#[derive(Debug)]
pub(super) struct Sampler {
    share: Option<f64>,
    seed: Seed,
    decisions: AtomicU64,
}

/// Whether a decision is logged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Sample {
    /// It is, and stands for this many decisions, if not for itself alone.
    Logged {
        weight: Option<f64>,
    },
    LeftOut,
}

impl Sampler {
    /// Makes a sampler for a share from 0 to 1; `None` is everything. The seed chooses the sample.
    pub(super) fn new(share: Option<f64>, seed: Seed) -> Self {
        let share = share.filter(|share| *share < 1.0);
        Self { share, seed, decisions: AtomicU64::new(0) }
    }

    /// Decides about the next allowed decision. A seeded hash of its number decides, so that
    /// neither a rhythm of the requests nor the short life of an instance distorts the sample.
    pub(super) fn next(&self) -> Sample {
        let Some(share) = self.share else { return Sample::Logged { weight: None } };
        let number = self.decisions.fetch_add(1, Ordering::Relaxed);
        // From 0 up to, but without, 1.
        let chance = (self.seed.hash_one(number) >> 11) as f64 / (1_u64 << 53) as f64;
        if chance < share { Sample::Logged { weight: Some(1.0 / share) } } else { Sample::LeftOut }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged(share: Option<f64>, seed: u8) -> usize {
        let sampler = Sampler::new(share, Seed([seed; 16]));
        (0..10_000).filter(|_| sampler.next() != Sample::LeftOut).count()
    }

    #[test]
    fn about_the_share_is_logged_and_stands_for_the_rest() {
        for seed in 0..8 {
            let tenth = logged(Some(0.1), seed);
            assert!((850..1150).contains(&tenth), "{tenth}");
        }
        let sampler = Sampler::new(Some(0.25), Seed([1; 16]));
        let first = (0..100).map(|_| sampler.next()).find(|sample| *sample != Sample::LeftOut);
        assert_eq!(first, Some(Sample::Logged { weight: Some(4.0) }));
    }

    #[test]
    fn everything_or_nothing_is_exact() {
        assert_eq!(logged(None, 1), 10_000);
        assert_eq!(logged(Some(1.0), 1), 10_000);
        assert_eq!(logged(Some(0.0), 1), 0);
        let sampler = Sampler::new(Some(1.0), Seed([1; 16]));
        assert_eq!(sampler.next(), Sample::Logged { weight: None });
    }

    #[test]
    fn instances_with_short_lives_log_as_much() {
        let first_ones = (0..2000_u16).filter(|number| {
            let [low, high] = number.to_be_bytes();
            let mut seed = [7; 16];
            (seed[0], seed[1]) = (low, high);
            Sampler::new(Some(0.1), Seed(seed)).next() != Sample::LeftOut
        });
        let count = first_ones.count();
        assert!((150..250).contains(&count), "{count}");
    }
}
