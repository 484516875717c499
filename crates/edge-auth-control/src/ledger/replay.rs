//! Replays a whole log for an administrator: the state of each thing, and the last entry about it.

use std::collections::{HashMap, HashSet};

use edge_auth::platform::RevocationRecord;
use edge_auth::revocation::log::{
    Cursor, LookupTag, PendingEntry, RevocationStatus, StatusKind, open,
};
use edge_auth::revocation::{
    Entry, EntryError, Event, List, RevocationSecret, RevocationSecrets, SecretId, SnapshotContent,
};
use edge_auth_token::Timestamp;

use super::error::LedgerError;

/// How many earlier snapshots a snapshot names as its ancestors: an instance that slept through
/// more than these cannot tell that the newest one continues its own.
const ANCESTORS: usize = 64;

/// The last snapshot, as the start of a replay.
pub(super) struct SnapshotBase {
    pub content: SnapshotContent,
    pub end: Cursor,
    /// The secret that its marks are made with.
    pub secret: SecretId,
    /// The last records of the snapshots that it was made from, the newest first.
    pub ancestors: Vec<Cursor>,
}

/// The state of every wanted thing, as the records of a log give it.
pub(crate) struct LogReplay {
    wanted: fn(&Event) -> bool,
    /// Records up to this one may be missing: they lapsed, or their secret left the policy after
    /// they were entered again.
    held_up_to: Cursor,
    /// The state up to there, if the snapshot's content was read.
    base: Option<SnapshotBase>,
    /// By the mark under the current secret.
    keys: HashMap<LookupTag, ReplayedKey>,
    end: Cursor,
    /// The last entry, if an older secret made it.
    outdated_end: Option<Box<Entry>>,
}

/// The state of one thing.
struct ReplayedKey {
    /// What all entries about it come to.
    status: Option<RevocationStatus>,
    /// What the entries under the current secret alone come to.
    current: Option<RevocationStatus>,
    last: Box<Entry>,
}

impl LogReplay {
    /// Starts at the first record. Records up to `held_up_to` may be missing.
    pub(super) fn new(wanted: fn(&Event) -> bool, held_up_to: Cursor) -> Self {
        let keys = HashMap::new();
        Self { wanted, held_up_to, base: None, keys, end: Cursor::START, outdated_end: None }
    }

    /// Starts at the first record, for all things. Where a snapshot holds a record, the snapshot
    /// counts and the record does not.
    pub(super) fn upon(base: Option<SnapshotBase>) -> Self {
        let held_up_to = base.as_ref().map_or(Cursor::START, |base| base.end);
        Self { base, ..Self::new(|_| true, held_up_to) }
    }

    /// The place of the last record.
    pub(super) fn end(&self) -> Cursor {
        self.end
    }

    /// The last entry about each thing that is revoked, or listed.
    pub(crate) fn status(&self, now: Timestamp) -> impl Iterator<Item = &Entry> {
        self.keys
            .values()
            .filter(move |key| standing(key.status, now).is_some())
            .map(|key| &*key.last)
    }

    /// Everything that still counts, as the content of a snapshot under the current secret.
    pub(super) fn content(&self, now: Timestamp) -> SnapshotContent {
        let mut content = SnapshotContent::default();
        for (mark, key) in &self.keys {
            if let Some(status) = key.status
                && status.counts(now)
            {
                content.put(*mark, status);
            }
        }
        content
    }

    /// Counts the things in the snapshot that have no record in the log any more.
    pub(super) fn taken_out(&self, secrets: &RevocationSecrets, now: Timestamp) -> usize {
        let Some((base, secret)) = self.base.as_ref().and_then(|base| base.with(secrets)) else {
            return 0;
        };
        let there: HashSet<LookupTag> =
            self.keys.values().map(|key| secret.mark(key.last.event.key())).collect();
        base.content.marks(now).filter(|mark| !there.contains(mark)).count()
    }

    /// Returns the entries that are missing under the current secret. With them it covers whatever
    /// all secrets revoke, and the last record is under it, so that the next one can follow it.
    pub(super) fn outdated(&self, now: Timestamp) -> Vec<PendingEntry> {
        let outdated: Vec<PendingEntry> =
            self.keys.values().filter_map(|key| key.outdated(now)).collect();
        match &self.outdated_end {
            Some(last) if outdated.is_empty() => {
                vec![pending(last, last.event.clone(), last.until)]
            }
            Some(_) | None => outdated,
        }
    }

    /// Reads the next record of the log.
    pub(super) fn read(
        &mut self,
        secrets: &RevocationSecrets,
        record: &RevocationRecord,
    ) -> Result<(), LedgerError> {
        match open(secrets, record) {
            Ok(entry) => self.take_in(secrets, entry),
            Err(EntryError::SecretUnknown { sequence, .. })
                if sequence <= self.held_up_to.sequence =>
            {
                self.end.sequence = sequence;
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn take_in(&mut self, secrets: &RevocationSecrets, entry: Entry) -> Result<(), LedgerError> {
        let Cursor { sequence, link } = self.end;
        let follows = entry.sequence == sequence.saturating_add(1) && entry.previous == link;
        if !follows && entry.sequence > self.held_up_to.sequence {
            return Err(EntryError::MacWrong { sequence: entry.sequence }.into());
        }
        if entry.sequence == self.held_up_to.sequence && entry.link != self.held_up_to.link {
            return Err(LedgerError::Changed(format!(
                "ALERT: record {} differs from the one that the last snapshot ends with: somebody restored an \
                 older store",
                entry.sequence
            )));
        }
        self.end = Cursor { sequence: entry.sequence, link: entry.link };
        self.outdated_end = (!entry.current).then(|| Box::new(entry.clone()));
        let (Some(stated), Some(secret)) = (RevocationStatus::of(&entry), secrets.current()) else {
            return Ok(());
        };
        if !(self.wanted)(&entry.event) {
            return Ok(());
        }
        let mark = if entry.current { entry.mark } else { secret.mark(entry.event.key()) };
        let base = self.base.as_ref();
        let (mut status, mut current) = match self.keys.get(&mark) {
            Some(key) => (key.status, key.current),
            None => (base.and_then(|base| base.status(secrets, &entry)), None),
        };
        if base.is_none_or(|base| entry.sequence > base.end.sequence) {
            status = Some(stated.after(status));
        }
        if entry.current {
            current = Some(stated.after(current));
        }
        self.keys.insert(mark, ReplayedKey { status, current, last: Box::new(entry) });
        Ok(())
    }
}

impl SnapshotBase {
    /// The ancestors of the snapshot that is made from this one, the newest first.
    pub(super) fn ancestors_of_next(&self) -> Vec<Cursor> {
        let ancestors = std::iter::once(self.end).chain(self.ancestors.iter().copied());
        ancestors.take(ANCESTORS).collect()
    }

    fn with<'s>(&self, secrets: &'s RevocationSecrets) -> Option<(&Self, &'s RevocationSecret)> {
        Some((self, secrets.find(&self.secret)?))
    }

    fn status(&self, secrets: &RevocationSecrets, entry: &Entry) -> Option<RevocationStatus> {
        let (base, secret) = self.with(secrets)?;
        base.content.status(secret.mark(entry.event.key()), base.end.sequence)
    }
}

impl ReplayedKey {
    /// Returns the entry that the current secret lacks.
    ///
    /// An entry that would change nothing is not due. Revoking again shortens no revocation, so
    /// the current secret may revoke for longer than all entries together do, where an older
    /// secret took something back in between. The snapshot has what all entries come to.
    fn outdated(&self, now: Timestamp) -> Option<PendingEntry> {
        let current = standing(self.current, now);
        let event = self.last.event.clone();
        let (event, until) = match (standing(self.status, now), event) {
            (None, Event::Revoked(target) | Event::Undone(target)) => {
                (Event::Undone(target), current?.1)
            }
            (
                Some((StatusKind::Revoked { before }, until)),
                Event::Revoked(target) | Event::Undone(target),
            ) => (Event::Revoked(target.up_to(before)), until),
            (Some((StatusKind::Listed { next_update }, until)), Event::ListImported(list)) => {
                (Event::ListImported(List { next_update, ..list }), until)
            }
            (Some((StatusKind::Written { version }, until)), Event::KeyWritten { id, .. }) => {
                (Event::KeyWritten { id, version }, until)
            }
            (_, event) => (event, self.last.until),
        };
        let next = self.last.sequence.saturating_add(1);
        let renewed = RevocationStatus::stated_by(&event, next, until)?.after(self.current);
        if standing(Some(renewed), now) == current {
            return None;
        }
        Some(pending(&self.last, event, until))
    }
}

/// What is revoked or listed, and until when that counts; `None` for what lapsed or was undone.
fn standing(
    status: Option<RevocationStatus>,
    now: Timestamp,
) -> Option<(StatusKind, Option<Timestamp>)> {
    let status = status?;
    let stands = status.counts(now) && status.state != StatusKind::Undone;
    stands.then_some((status.state, status.until))
}

fn pending(entry: &Entry, event: Event, until: Option<Timestamp>) -> PendingEntry {
    let Entry { by, reason, at, .. } = entry.clone();
    PendingEntry { event, by, reason, at, until }
}
