//! When an instance reads the feed, and when what it knows is too old to decide by.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use edge_auth_token::Timestamp;

use super::limits::RevocationLimits;

/// The shortest pause after a failed read, in which requests do not wait for another one.
const RETRY: Duration = Duration::from_secs(1);
/// A read that takes longer was abandoned by its host.
const ABANDONED: Duration = Duration::from_secs(10);
/// Requests read the clock in any order. A larger step back is a clock that was set back.
pub(super) const OUT_OF_TURN: Duration = Duration::from_secs(1);

/// The times of the reads of one instance, and what follows from them. `now` is an argument, and
/// never goes back.
#[derive(Debug, Clone)]
pub struct ReadTimes {
    limits: RevocationLimits,
    seed: u64,
    /// The time as of which the log is known: when the last good read began, less its answer's age.
    read_at: Option<Timestamp>,
    /// When the last good read began; earlier, if the next one is to be earlier.
    asked_at: Option<Timestamp>,
    /// When a read began that has not ended yet.
    reading_since: Option<Timestamp>,
    /// When the last read failed; `None` after a good one.
    failed_at: Option<Timestamp>,
}

/// Whether what is known is fresh enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Use it.
    Fresh,
    /// Use it, and read again in the background.
    Due,
    /// Read again before it is used; if that fails, use it.
    Old,
    /// Do not use it before it was read again.
    Stale,
}

impl ReadTimes {
    /// Makes the times of an instance that has read nothing yet.
    /// The seed differs between instances.
    pub fn new(limits: RevocationLimits, seed: u64) -> Self {
        Self { limits, seed, read_at: None, asked_at: None, reading_since: None, failed_at: None }
    }

    /// Returns the bound and its stages.
    pub fn limits(&self) -> &RevocationLimits {
        &self.limits
    }

    /// Returns the time as of which the log is known.
    pub fn read_at(&self) -> Option<Timestamp> {
        self.read_at
    }

    /// Returns how fresh what is known is.
    pub fn freshness(&self, now: Timestamp) -> Freshness {
        let Some(read_at) = self.read_at.filter(|read_at| *read_at <= now.plus(OUT_OF_TURN)) else {
            return Freshness::Stale;
        };
        match now.since(read_at) {
            age if age >= self.limits.closes_after() => Freshness::Stale,
            age if age >= self.limits.interval => Freshness::Old,
            _ if self.due_at() <= now => Freshness::Due,
            _ => Freshness::Fresh,
        }
    }

    /// Returns when the background reads again, if no read fails. An answer that was old when it
    /// came does not make the next read due any sooner.
    pub fn due_at(&self) -> Timestamp {
        self.asked_at.unwrap_or_default().plus(self.limits.interval / 2)
    }

    /// Returns whether a read may begin: none is running, and none failed just now.
    pub fn may_read(&self, now: Timestamp) -> bool {
        self.may_wait(now) && self.reading_since.is_none_or(|since| now.since(since) >= ABANDONED)
    }

    /// Returns whether a request may wait for a read: none failed just now.
    pub fn may_wait(&self, now: Timestamp) -> bool {
        self.may_retry_at().is_none_or(|at| at <= now)
    }

    /// Returns the end of the pause after a failed read.
    pub fn may_retry_at(&self) -> Option<Timestamp> {
        Some(self.failed_at?.plus(RETRY))
    }

    /// Notes that a read begins.
    pub fn begin(&mut self, now: Timestamp) {
        self.reading_since = Some(now);
    }

    /// Notes the end of a good read that began at `began`, and took this long, with an answer of this
    /// age. Returns whether what is known is within the interval; otherwise the read counts as
    /// failed.
    pub fn succeed(&mut self, began: Timestamp, took: Duration, age: Duration) -> bool {
        self.reading_since = None;
        // Overlapping reads end in any order. One that began before the clock was set back does not
        // count.
        let known = self.read_at.filter(|read_at| *read_at <= began.plus(took).plus(OUT_OF_TURN));
        let read_at = known.unwrap_or_default().max(began.minus(age));
        self.read_at = Some(read_at);
        // Instances that start together, or wait for the same store, then read apart.
        let is_first = self.asked_at.is_none() || self.failed_at.is_some();
        let earlier = if is_first { self.spread(began) } else { Duration::ZERO };
        self.asked_at = self.asked_at.max(Some(began.minus(earlier)));
        let is_recent = began.since(read_at) < self.limits.interval;
        self.failed_at = if is_recent { None } else { Some(began.plus(took)) };
        is_recent
    }

    /// Returns a part of the time between two reads, which differs between instances.
    fn spread(&self, began: Timestamp) -> Duration {
        let mut hasher = DefaultHasher::new();
        (self.seed, began.millis()).hash(&mut hasher);
        let half = u64::try_from((self.limits.interval / 2).as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(hasher.finish() % half.max(1))
    }

    /// Notes the failure of a read that began at `began` and took this long.
    pub fn fail(&mut self, began: Timestamp, took: Duration) {
        self.reading_since = None;
        self.failed_at = Some(began.plus(took));
    }

    /// Forgets all times, after the clock was set back: the age of what is known is unknown.
    pub(super) fn forget(&mut self) {
        *self = Self::new(self.limits, self.seed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: RevocationLimits = RevocationLimits {
        bound: Duration::from_secs(10),
        interval: Duration::from_secs(6),
        gateway_cache: Duration::ZERO,
    };
    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn after(seconds: f64) -> Timestamp {
        NOW.plus(Duration::from_secs_f64(seconds))
    }

    /// An instance whose first read began at [`NOW`].
    fn started(seed: u64) -> ReadTimes {
        let mut times = ReadTimes::new(LIMITS, seed);
        assert!(times.succeed(NOW, Duration::ZERO, Duration::ZERO));
        times
    }

    #[test]
    fn instances_that_start_together_read_apart_from_then_on() {
        let mut due_in_each_second = [0; 3];
        for seed in 0..300 {
            let mut times = started(seed);
            let due = times.due_at();
            due_in_each_second[due.since(NOW).as_secs() as usize] += 1;
            assert!(times.succeed(due, Duration::ZERO, Duration::ZERO));
            assert_eq!(times.due_at(), due.plus(Duration::from_secs(3)));
        }
        assert!(due_in_each_second.iter().all(|count| *count > 50), "{due_in_each_second:?}");
    }

    #[test]
    fn instances_that_waited_for_the_same_store_read_apart_too() {
        let mut due = std::collections::BTreeSet::new();
        for seed in 0..300 {
            let mut times = started(seed);
            times.fail(after(3.0), Duration::ZERO);
            assert!(!times.may_read(after(3.9)) && times.may_read(after(4.0)));
            assert!(times.succeed(after(4.0), Duration::ZERO, Duration::ZERO));
            due.insert(times.due_at());
        }
        assert!(due.len() > 200, "{} different times", due.len());
        assert!(due.iter().all(|due| (after(4.0)..=after(7.0)).contains(due)));
    }

    #[test]
    fn what_is_known_ages_from_the_time_that_the_answer_is_about() {
        let mut times = ReadTimes::new(LIMITS, 1);
        assert_eq!(times.freshness(NOW), Freshness::Stale);
        assert!(times.succeed(NOW, Duration::ZERO, Duration::from_secs(4)));
        assert_ne!(times.freshness(after(1.9)), Freshness::Old);
        assert_eq!(times.freshness(after(2.0)), Freshness::Old);
        assert_eq!(times.freshness(after(6.0)), Freshness::Stale);
        assert!(!times.succeed(after(6.0), Duration::ZERO, Duration::from_secs(9)));
    }
}
