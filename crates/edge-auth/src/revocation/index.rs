//! The revocations in memory: the gate asks the index at every use of a credential.

use std::collections::{HashMap, HashSet};

use edge_auth_token::Timestamp;

use super::chain::Cursor;
use super::entry::Entry;
use super::snapshot::{Hit, Snapshot};
use super::status::{RevocationStatus, StatusKind};
use super::target::{LookupTag, LookupTags};
use crate::cache::{Cache, Seed};

/// The most remembered answers of the store about hits of the filter.
const CONFIRMED: usize = 10_000;
/// With fewer recent entries than these, lapsed ones are not swept.
const SWEPT: usize = 1024;

/// A snapshot, and the exact state of everything after it.
#[derive(Debug)]
pub(crate) struct Index {
    snapshot: Option<Snapshot>,
    recent: HashMap<LookupTag, Recent, Seed>,
    /// The store's answers about marks that the filter has.
    confirmed: Cache<LookupTag, Option<RevocationStatus>>,
    /// With so many recent entries, lapsed ones are swept.
    sweep_at: usize,
}

/// The state of one thing that has records behind the snapshot.
#[derive(Debug, Clone, Copy)]
struct Recent {
    status: RevocationStatus,
    /// When the last entry about it was made.
    at: Timestamp,
    /// Whether it stays whatever a snapshot has, since that may be of another log.
    pinned: bool,
    /// Whether an entry behind the snapshot took back what the snapshot has, so that only this
    /// state counts.
    undone: bool,
}

/// A known revocation that a snapshot lacks. An undoing of it must be in the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Missing {
    pub mark: LookupTag,
    pub status: RevocationStatus,
    /// When its last entry was made.
    pub at: Timestamp,
}

/// The answer of the index about one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// It has no entries.
    Nothing,
    /// It has this state.
    Known(RevocationStatus),
    /// The filter has some of its marks, `open`: ask the store about them.
    Unconfirmed { known: Option<RevocationStatus>, open: Vec<LookupTag> },
}

impl Index {
    pub(super) fn new(seed: Seed) -> Self {
        Self {
            snapshot: None,
            recent: HashMap::with_hasher(seed),
            confirmed: Cache::new(CONFIRMED, seed),
            sweep_at: SWEPT,
        }
    }

    /// Replaces everything up to the snapshot's last record by the snapshot. Later entries stay.
    pub(super) fn start_from(&mut self, snapshot: Snapshot, seed: Seed) {
        let end = snapshot.end.sequence;
        self.recent.retain(|_, recent| recent.pinned || recent.status.sequence > end);
        self.recent.shrink_to_fit();
        self.confirmed = Cache::new(CONFIRMED, seed);
        self.snapshot = Some(snapshot);
    }

    /// Pins every revocation that a snapshot should have, except those in `taken_back`. Called
    /// before a snapshot replaces records that were not read.
    pub(super) fn pin(&mut self, snapshot: &Snapshot, taken_back: &HashSet<LookupTag>) {
        for (mark, recent) in &mut self.recent {
            let status = recent.status;
            if taken_back.contains(mark) {
                recent.pinned = false;
            } else if status.state != StatusKind::Undone && status.sequence <= snapshot.end.sequence
            {
                recent.pinned = true;
                recent.status = snapshot.exactly(*mark).map_or(status, |held| status.and(held));
            }
        }
    }

    /// Returns the known revocations that still count and are missing in a later snapshot.
    pub(super) fn missing_in(&self, snapshot: &Snapshot, now: Timestamp) -> Vec<Missing> {
        let mut missing = Vec::new();
        for (mark, Recent { status, at, .. }) in &self.recent {
            let covered = match status.state {
                StatusKind::Undone => true,
                StatusKind::Revoked { before: None } => snapshot.perhaps(*mark),
                StatusKind::Revoked { .. }
                | StatusKind::Listed { .. }
                | StatusKind::Written { .. } => {
                    snapshot.exactly(*mark).is_some_and(|held| status.and(held).state == held.state)
                }
            };
            if !covered && status.counts(now) && status.sequence <= snapshot.end.sequence {
                missing.push(Missing { mark: *mark, status: *status, at: *at });
            }
        }
        missing
    }

    /// Takes in an entry. Taking it in again, or late, changes nothing. An entry that was read out
    /// of its place is pinned.
    pub(super) fn apply(&mut self, entry: &Entry, in_place: bool, now: Timestamp) {
        let Some(status) = RevocationStatus::of(entry) else { return };
        if in_place && status.sequence <= self.snapshot_sequence() {
            return;
        }
        if self.recent.len() >= self.sweep_at {
            self.recent.retain(|_, recent| recent.undone || recent.status.counts(now));
            self.sweep_at = SWEPT.max(self.recent.len() * 2);
        }
        let known = self.recent.get(&entry.mark).copied();
        let held = || self.snapshot.as_ref()?.exactly(entry.mark);
        let status = status.after(known.map(|known| known.status).or_else(held));
        let pinned = status.state != StatusKind::Undone
            && (!in_place || known.is_some_and(|known| known.pinned));
        let undone = status.state == StatusKind::Undone || known.is_some_and(|known| known.undone);
        let at = known.map_or(entry.at, |known| known.at.max(entry.at));
        self.recent.insert(entry.mark, Recent { status, at, pinned, undone });
    }

    /// Looks up a thing. A lapsed state is passed over: the snapshot may have one that lasts
    /// longer.
    pub(crate) fn find(&self, marks: &LookupTags, now: Timestamp) -> Lookup {
        let (mut found, mut open): (Option<RevocationStatus>, Vec<LookupTag>) = (None, Vec::new());
        let snapshot = self.snapshot.as_ref();
        for mark in &marks.0 {
            let recent = self.recent.get(mark);
            let held = || snapshot?.exactly(*mark).filter(|status| status.counts(now));
            let one = match recent.map(|recent| recent.status).filter(|status| status.counts(now)) {
                Some(status) => Some(status),
                None if recent.is_some_and(|recent| recent.undone) => continue,
                None => held(),
            };
            let one = match one {
                None if snapshot.is_some_and(|snapshot| snapshot.perhaps(*mark)) => {
                    // A confirmed state that lapsed does not count.
                    let confirmed = self.confirmed.find(mark);
                    let confirmed = confirmed.filter(|one| one.is_none_or(|one| one.counts(now)));
                    confirmed.unwrap_or_else(|| {
                        open.push(*mark);
                        None
                    })
                }
                known => known,
            };
            found = one.map(|one| one.after(found)).or(found);
        }
        match found {
            known if !open.is_empty() => Lookup::Unconfirmed { known, open },
            Some(status) => Lookup::Known(status),
            None => Lookup::Nothing,
        }
    }

    /// Returns the pages that may have a mark, if the filter has it.
    pub(super) fn hit(&self, mark: LookupTag) -> Option<Hit> {
        self.snapshot.as_ref()?.hit(mark)
    }

    /// Remembers the store's answer about a mark that the filter of this snapshot has. Returns
    /// `false` if a newer snapshot came meanwhile, for which the answer may be wrong.
    pub(super) fn confirm(
        &self,
        snapshot: u64,
        mark: LookupTag,
        status: Option<RevocationStatus>,
    ) -> bool {
        let current = self.snapshot_sequence() == snapshot;
        if current {
            self.confirmed.insert(mark, status);
        }
        current
    }

    /// Whether it has no entries at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.snapshot.is_none() && self.recent.is_empty()
    }

    /// The sequence of the snapshot's last record; 0 without one.
    pub(super) fn snapshot_sequence(&self) -> u64 {
        self.snapshot.as_ref().map_or(0, |snapshot| snapshot.end.sequence)
    }

    /// The snapshot's last record.
    pub(super) fn snapshot(&self) -> Option<Cursor> {
        self.snapshot.as_ref().map(|snapshot| snapshot.end)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use edge_auth_token::Secret;

    use super::*;
    use crate::revocation::entry::{BEGINNING, Event};
    use crate::revocation::identifiers::Identifier;
    use crate::revocation::record::{PendingEntry, open, seal};
    use crate::revocation::snapshot::SnapshotContent;
    use crate::revocation::target::Target;
    use crate::revocation::{RevocationSecret, RevocationSecrets};

    const SEED: Seed = Seed([7; 16]);
    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn secrets() -> RevocationSecrets {
        RevocationSecrets::new(RevocationSecret::new(&Secret::new([1; 32])).unwrap(), Vec::new())
            .unwrap()
    }

    fn key() -> Target {
        Target::ApiKey { id: Identifier::try_from("k".to_owned()).unwrap() }
    }

    fn entry(sequence: u64, event: Event) -> Entry {
        let pending =
            PendingEntry { event, by: "b".into(), reason: "r".into(), at: NOW, until: None };
        open(&secrets(), &seal(&secrets(), &pending, sequence, BEGINNING).unwrap().0).unwrap()
    }

    /// Of a log whose last record is this, in which [`key`] is revoked.
    fn snapshot(last: u64) -> Snapshot {
        let mut content = SnapshotContent::default();
        content.revoke(&secrets(), &key());
        let last = entry(last, Event::Revoked(key()));
        content.written(&secrets(), "0123456789abcdef", &last).unwrap().read_back(&secrets())
    }

    fn index(last: u64) -> (Index, LookupTags) {
        let mut index = Index::new(SEED);
        index.start_from(snapshot(last), SEED);
        (index, secrets().marks(key().key()))
    }

    #[test]
    fn an_entry_that_the_snapshot_holds_changes_nothing_when_it_is_read_late() {
        let (mut index, marks) = index(7);
        index.apply(&entry(5, Event::Undone(key())), true, NOW);
        index.apply(&entry(7, Event::Undone(key())), true, NOW);
        assert!(matches!(index.find(&marks, NOW), Lookup::Unconfirmed { known: None, .. }));
        index.apply(&entry(8, Event::Undone(key())), true, NOW);
        let found = index.find(&marks, NOW);
        assert!(
            matches!(found, Lookup::Known(RevocationStatus { state: StatusKind::Undone, .. })),
            "{found:?}"
        );
    }

    #[test]
    fn an_answer_about_an_older_snapshot_is_not_remembered() {
        let (mut index, marks) = index(7);
        assert!(index.confirm(7, marks.0[0], None));
        assert_eq!(index.find(&marks, NOW), Lookup::Nothing);
        index.start_from(snapshot(9), SEED);
        assert!(!index.confirm(7, marks.0[0], None));
        assert!(matches!(index.find(&marks, NOW), Lookup::Unconfirmed { .. }));
    }

    #[test]
    fn a_lapsed_entry_leaves_the_answer_to_the_snapshot() {
        let (mut index, marks) = index(7);
        let until = Some(NOW);
        index.apply(&Entry { until, ..entry(8, Event::Revoked(key())) }, true, NOW);
        assert!(matches!(index.find(&marks, NOW), Lookup::Known(_)));
        let lapsed = NOW.plus(Duration::from_secs(25 * 3600));
        assert!(matches!(index.find(&marks, lapsed), Lookup::Unconfirmed { known: None, .. }));
    }

    #[test]
    fn a_timed_entry_of_a_snapshot_lapses() {
        let text = |text: &str| Identifier::try_from(text.to_owned()).unwrap();
        let subject =
            Target::Subject { issuer: text("https://i/"), subject: text("alice"), before: NOW };
        let revoked = Entry { until: Some(NOW), ..entry(7, Event::Revoked(subject.clone())) };
        let mut content = SnapshotContent::default();
        let newer = std::collections::HashMap::from([(
            revoked.mark,
            RevocationStatus::of(&revoked).unwrap(),
        )]);
        content.update(&newer, NOW);
        let written = content.written(&secrets(), "0123456789abcdef", &revoked).unwrap();
        let mut index = Index::new(SEED);
        index.start_from(written.read_back(&secrets()), SEED);
        let marks = secrets().marks(subject.key());
        assert!(matches!(index.find(&marks, NOW), Lookup::Known(_)));
        let lapsed = NOW.plus(Duration::from_secs(25 * 3600));
        assert_eq!(index.find(&marks, lapsed), Lookup::Nothing);
    }
}
