//! One instance of a gate.

use edge_auth::revocation::{Freshness, ReadTimes, RevocationLimits};
use edge_auth_token::Timestamp;

use crate::feed::Micros;

/// The time at which simulations begin.
const EPOCH: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// One instance of a gate: when it reads, by the product's own rules.
#[derive(Debug)]
pub(super) struct Instance {
    pub times: ReadTimes,
    /// When its read began.
    pub began: Micros,
    /// What is left of its read.
    pub step: Step,
    /// For how long it has refused requests since its last good read.
    pub closed: Micros,
}

/// A step of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// The newest snapshot.
    Snapshot,
    /// A part of the snapshot.
    Part,
    /// The records behind the snapshot.
    Behind,
    /// The end of the log.
    Tail,
}

/// What a request does.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// It is decided at once.
    Decide,
    /// It is decided at once, and a read begins.
    DecideAndRead,
    /// A read begins, and it waits for that.
    ReadFirst,
    /// It is refused.
    Refuse,
}

impl Instance {
    pub(super) fn new(limits: RevocationLimits, seed: u64) -> Self {
        let times = ReadTimes::new(limits, seed);
        Self { times, began: 0, step: Step::Snapshot, closed: 0 }
    }

    /// Returns what a request does now.
    pub(super) fn act(&self, now: Micros) -> Act {
        let at = timestamp(now);
        let may_read = self.times.may_read(at);
        match self.times.freshness(at) {
            Freshness::Fresh => Act::Decide,
            Freshness::Due if may_read => Act::DecideAndRead,
            Freshness::Old | Freshness::Stale if may_read => Act::ReadFirst,
            Freshness::Due | Freshness::Old => Act::Decide,
            Freshness::Stale => Act::Refuse,
        }
    }

    /// Returns the age of what is known; `None` if nothing is.
    pub(super) fn age(&self, now: Micros) -> Option<Micros> {
        Some(timestamp(now).since(self.times.read_at()?).as_micros() as Micros)
    }

    /// Returns the time from which a request does something else.
    pub(super) fn next_change(&self) -> Micros {
        let due = self.times.due_at();
        micros(self.times.may_retry_at().map_or(due, |retry| retry.max(due)))
    }
}

/// Returns the time as the product has it.
pub(super) fn timestamp(now: Micros) -> Timestamp {
    Timestamp::from_millis(EPOCH.millis() + now / 1000)
}

fn micros(at: Timestamp) -> Micros {
    at.since(EPOCH).as_micros() as Micros
}
