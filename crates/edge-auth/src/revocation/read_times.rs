//! When an instance reads the feed, and when what it knows is too old to decide by.

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
    /// The time as of which the log is known: when the last good read began, less its answer's age.
    read_at: Option<Timestamp>,
    /// When the last good read began.
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
    pub fn new(limits: RevocationLimits) -> Self {
        Self { limits, read_at: None, asked_at: None, reading_since: None, failed_at: None }
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
        self.asked_at = self.asked_at.max(Some(began));
        let is_recent = began.since(read_at) < self.limits.interval;
        self.failed_at = if is_recent { None } else { Some(began.plus(took)) };
        is_recent
    }

    /// Notes the failure of a read that began at `began` and took this long.
    pub fn fail(&mut self, began: Timestamp, took: Duration) {
        self.reading_since = None;
        self.failed_at = Some(began.plus(took));
    }

    /// Forgets all times, after the clock was set back: the age of what is known is unknown.
    pub(super) fn forget(&mut self) {
        *self = Self::new(self.limits);
    }
}
