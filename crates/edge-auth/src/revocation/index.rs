//! What an instance knows of the log, in memory: the gate asks it at every use of a credential.

use std::collections::{HashMap, HashSet};

use edge_auth_token::Timestamp;

use super::chain::Cursor;
use super::entry::Entry;
use super::snapshot::{Hit, Snapshot};
use super::status::{RevocationStatus, StatusKind};
use super::target::{LookupTag, LookupTags};
use crate::cache::{Cache, Seed};

/// How many answers of the store about the filter's hits are remembered.
const CONFIRMED: usize = 10_000;
/// With fewer entries than these nobody looks for expired ones.
const SWEPT: usize = 1024;

/// A snapshot, and exactly what came after it.
#[derive(Debug)]
pub(crate) struct Index {
    snapshot: Option<Snapshot>,
    recent: HashMap<LookupTag, Recent, Seed>,
    /// What the store says of marks that the filter has.
    confirmed: Cache<LookupTag, Option<RevocationStatus>>,
    /// With so many recent entries, expired ones are looked for.
    sweep_at: usize,
}

/// What was read of one thing behind the snapshot.
#[derive(Debug, Clone, Copy)]
struct Recent {
    status: RevocationStatus,
    /// When the last entry about it was made.
    at: Timestamp,
    /// Whether it stays whatever a snapshot has, since that may be one of another log.
    pinned: bool,
    /// Whether an entry behind the snapshot took back what that has: this has all that was said
    /// since.
    undone: bool,
}

/// What is known of a thing that a snapshot does not have: what took it back must be in the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Missing {
    pub mark: LookupTag,
    pub status: RevocationStatus,
    /// When it was said.
    pub at: Timestamp,
}

/// What the index knows of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// Nothing was said of it.
    Nothing,
    /// This.
    Known(RevocationStatus),
    /// The filter has some of its marks: the store knows more than what is known.
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

    /// Takes a snapshot of the log that was read for all up to its last record. What is known of
    /// later ones stays.
    pub(super) fn start_from(&mut self, snapshot: Snapshot, seed: Seed) {
        let end = snapshot.end.sequence;
        self.recent.retain(|_, recent| recent.pinned || recent.status.sequence > end);
        self.recent.shrink_to_fit();
        self.confirmed = Cache::new(CONFIRMED, seed);
        self.snapshot = Some(snapshot);
    }

    /// Pins all that a snapshot should have, but for what was `taken_back`: before one is taken
    /// that stands for records that were not read.
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

    /// What is known, has a meaning still, and is not in a snapshot of all up to a later record.
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

    /// Takes an entry in. To take it in again, or late, changes nothing. One that was read out of
    /// its place is pinned.
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

    /// What is known of a thing. What has lapsed since is passed over: the snapshot may have the
    /// same for longer.
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
                    // What was confirmed for a time that has passed is not known any more.
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

    /// Where the pages of the snapshot have a mark that the filter has.
    pub(super) fn hit(&self, mark: LookupTag) -> Option<Hit> {
        self.snapshot.as_ref()?.hit(mark)
    }

    /// Remembers what the store says of a mark that the filter of this snapshot has; `false` if
    /// there is a newer snapshot by now, of which that may not be true.
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

    /// Whether nothing at all was ever said.
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
    fn an_entry_that_a_snapshot_holds_says_nothing_anew_however_late_it_is_read() {
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
    fn what_lapsed_since_a_snapshot_is_looked_up_in_it() {
        let (mut index, marks) = index(7);
        let until = Some(NOW);
        index.apply(&Entry { until, ..entry(8, Event::Revoked(key())) }, true, NOW);
        assert!(matches!(index.find(&marks, NOW), Lookup::Known(_)));
        let lapsed = NOW.plus(Duration::from_secs(25 * 3600));
        assert!(matches!(index.find(&marks, lapsed), Lookup::Unconfirmed { known: None, .. }));
    }

    #[test]
    fn what_a_snapshot_holds_for_a_time_lapses_too() {
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
