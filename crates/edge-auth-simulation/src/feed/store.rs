//! What limits a store: one object, which answers one request after the other, or partitions, each
//! of which takes so many units a second.

use crate::feed::{Micros, SECOND};

/// The requests of each second.
#[derive(Debug, Default, Clone)]
pub(super) struct Counts(Vec<f64>);

impl Counts {
    pub(super) fn add(&mut self, at: Micros, amount: f64) {
        let second = (at / SECOND) as usize;
        if self.0.len() <= second {
            self.0.resize(second + 1, 0.0);
        }
        if let Some(count) = self.0.get_mut(second) {
            *count += amount;
        }
    }

    pub(super) fn peak(&self) -> f64 {
        self.0.iter().copied().fold(0.0, f64::max)
    }

    /// Returns the mean of a second, up to the end of the simulation.
    pub(super) fn mean(&self, end: Micros) -> f64 {
        self.0.iter().sum::<f64>() / (end as f64 / SECOND as f64)
    }
}

/// A store of one thread: a Durable Object.
#[derive(Debug)]
pub(super) struct Queue {
    /// How long one request occupies it.
    service: Micros,
    free_at: Micros,
    pub(super) counts: Counts,
}

impl Queue {
    pub(super) fn new(per_second: f64) -> Self {
        Self { service: (1e6 / per_second) as Micros, free_at: 0, counts: Counts::default() }
    }

    /// Takes a request. Returns when it is answered if each takes `slower` times as long as usual, or
    /// `None` if that is after the deadline.
    pub(super) fn take(&mut self, now: Micros, slower: f64, deadline: Micros) -> Option<Micros> {
        self.counts.add(now, 1.0);
        let service = (self.service as f64 * slower) as Micros;
        let done = self.free_at.max(now) + service;
        if done > now + deadline {
            return None;
        }
        self.free_at = done;
        Some(done)
    }
}

/// A partition of a table.
#[derive(Debug, Clone)]
pub(super) struct Partition {
    per_second: f64,
    /// The units that are left, and when they were counted.
    left: f64,
    counted_at: Micros,
    pub(super) counts: Counts,
}

impl Partition {
    pub(super) fn new(per_second: f64) -> Self {
        Self { per_second, left: per_second, counted_at: 0, counts: Counts::default() }
    }

    /// Takes a read of so many units, with this share of the usual capacity. Returns whether the
    /// partition answers it; otherwise it was throttled.
    pub(super) fn take(&mut self, now: Micros, units: f64, share: f64) -> bool {
        self.counts.add(now, units);
        let gained = (now - self.counted_at) as f64 / SECOND as f64 * self.per_second * share;
        // What was left over for a second can be used at once.
        self.left = (self.left + gained).min(self.per_second * share);
        self.counted_at = now;
        // The last read may take more than is left: the debt is paid by later ones.
        let answers = self.left > 0.0;
        if answers {
            self.left -= units;
        }
        answers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_answers_one_request_after_the_other_until_the_deadline() {
        let mut queue = Queue::new(1000.0);
        assert_eq!(queue.take(0, 1.0, 2000), Some(1000));
        assert_eq!(queue.take(0, 1.0, 2000), Some(2000));
        assert_eq!(queue.take(0, 1.0, 2000), None);
        assert_eq!(queue.take(500, 1.0, 3000), Some(3000));
        assert_eq!(queue.counts.peak(), 4.0);
    }

    #[test]
    fn a_partition_answers_its_units_in_each_second() {
        let mut partition = Partition::new(10.0);
        let answered = |partition: &mut Partition, now| {
            (0..20).filter(|_| partition.take(now, 1.0, 1.0)).count()
        };
        assert_eq!(answered(&mut partition, 0), 10);
        assert_eq!(answered(&mut partition, SECOND / 2), 5);
        assert_eq!(answered(&mut partition, 10 * SECOND), 10);
    }
}
