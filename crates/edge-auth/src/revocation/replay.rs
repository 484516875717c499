//! A whole log, read by an administrator: how each thing stands, and what was said of it last.

use std::collections::{HashMap, HashSet};

use edge_auth_token::Timestamp;

use super::chain::{Cursor, PAGE};
use super::entry::{Entry, Event, List};
use super::ledger::{LedgerError, RevocationLedger};
use super::record::{EntryError, PendingEntry, open};
use super::secrets::{RevocationSecret, RevocationSecrets, SecretId};
use super::snapshot::SnapshotContent;
use super::status::{RevocationStatus, StatusKind};
use super::target::LookupTag;
use crate::platform::RevocationLog;

/// What a snapshot holds, and up to where.
pub(super) struct SnapshotBase {
    pub content: SnapshotContent,
    pub end: Cursor,
    /// The secret that its marks are made with.
    pub secret: SecretId,
    /// The ends of those that it was made of.
    pub ancestors: Vec<Cursor>,
}

/// What a log says of the things that are wanted.
pub(crate) struct LogReplay {
    wanted: fn(&Event) -> bool,
    /// Up to here records may be missing: they lapsed, or were made with a secret that is no longer
    /// named and have been entered again.
    held_up_to: Cursor,
    /// What counts of the records up to there, if it was read.
    base: Option<SnapshotBase>,
    /// By their marks under the current secret.
    keys: HashMap<LookupTag, ReplayedKey>,
    end: Cursor,
    /// The last entry, if it was made with an older secret.
    outdated_end: Option<Box<Entry>>,
}

/// What is said of one thing.
struct ReplayedKey {
    /// All that is said of it.
    status: Option<RevocationStatus>,
    /// What is said of it under the current secret.
    current: Option<RevocationStatus>,
    last: Box<Entry>,
}

impl LogReplay {
    /// To be read from the beginning, of which records up to one may be missing.
    pub(super) fn new(wanted: fn(&Event) -> bool, held_up_to: Cursor) -> Self {
        let keys = HashMap::new();
        Self { wanted, held_up_to, base: None, keys, end: Cursor::START, outdated_end: None }
    }

    /// To be read from the beginning. What a snapshot has of the records that it holds counts, and
    /// not those of them that are left.
    pub(super) fn upon(base: Option<SnapshotBase>) -> Self {
        let held_up_to = base.as_ref().map_or(Cursor::START, |base| base.end);
        Self { base, ..Self::new(|_| true, held_up_to) }
    }

    /// The last record's place.
    pub(super) fn end(&self) -> Cursor {
        self.end
    }

    /// What was said last of each thing that is revoked, or listed.
    pub(crate) fn status(&self, now: Timestamp) -> impl Iterator<Item = &Entry> {
        let stands = move |key: &&ReplayedKey| says(key.status, now).is_some();
        self.keys.values().filter(stands).map(|key| &*key.last)
    }

    /// All that stands, as a snapshot under the current secret.
    pub(super) fn content(&self, now: Timestamp) -> SnapshotContent {
        let mut content = SnapshotContent::default();
        for (mark, key) in &self.keys {
            if let Some(status) = key.status.filter(|status| status.counts(now)) {
                content.put(*mark, status);
            }
        }
        content
    }

    /// How many things the snapshot has of which the log has no record any more.
    pub(super) fn taken_out(&self, secrets: &RevocationSecrets, now: Timestamp) -> usize {
        let Some((base, secret)) = self.base.as_ref().and_then(|base| base.with(secrets)) else {
            return 0;
        };
        let there: HashSet<LookupTag> =
            self.keys.values().map(|key| secret.mark(key.last.event.key())).collect();
        base.content.marks(now).filter(|mark| !there.contains(mark)).count()
    }

    /// What must be entered under the current secret so that it alone says what all do. The last
    /// record is under it, too: the next one follows it.
    pub(super) fn outdated(&self, now: Timestamp) -> Vec<PendingEntry> {
        let drafts: Vec<PendingEntry> =
            self.keys.values().filter_map(|key| key.outdated(now)).collect();
        match &self.outdated_end {
            Some(last) if drafts.is_empty() => vec![pending(last, last.event.clone(), last.until)],
            _ => drafts,
        }
    }

    fn take_in(&mut self, secrets: &RevocationSecrets, entry: Entry) -> Result<(), LedgerError> {
        let Cursor { sequence, link } = self.end;
        let follows = entry.sequence == sequence.saturating_add(1) && entry.previous == link;
        if !follows && entry.sequence > self.held_up_to.sequence {
            return Err(EntryError::MacWrong { sequence: entry.sequence }.into());
        }
        if entry.sequence == self.held_up_to.sequence && entry.link != self.held_up_to.link {
            let what =
                "is another one than the last snapshot ends with: an older store was put back";
            return Err(LedgerError::Changed(format!("ALERT: record {} {what}", entry.sequence)));
        }
        self.end = Cursor { sequence: entry.sequence, link: entry.link };
        self.outdated_end = (!entry.current).then(|| Box::new(entry.clone()));
        let (Some(said), Some(secret)) = (RevocationStatus::of(&entry), secrets.current()) else {
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
            status = Some(said.after(status));
        }
        if entry.current {
            current = Some(said.after(current));
        }
        self.keys.insert(mark, ReplayedKey { status, current, last: Box::new(entry) });
        Ok(())
    }
}

/// How many of the snapshots before it one names: as many may an instance that slept have missed.
const ANCESTORS: usize = 64;

impl SnapshotBase {
    /// Those of the snapshot that is made of this one: the newest first.
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
    /// What must be entered under the current secret, if that does not say by itself what all do.
    fn outdated(&self, now: Timestamp) -> Option<PendingEntry> {
        let (all, current) = (says(self.status, now), says(self.current, now));
        if all == current {
            return None;
        }
        let (event, until) = match (all, self.last.event.clone()) {
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
        Some(pending(&self.last, event, until))
    }
}

/// What is revoked or listed, and until when that has a meaning.
fn says(
    status: Option<RevocationStatus>,
    now: Timestamp,
) -> Option<(StatusKind, Option<Timestamp>)> {
    let status =
        status.filter(|status| status.counts(now) && status.state != StatusKind::Undone)?;
    Some((status.state, status.until))
}

fn pending(entry: &Entry, event: Event, until: Option<Timestamp>) -> PendingEntry {
    let Entry { by, reason, at, .. } = entry.clone();
    PendingEntry { event, by, reason, at, until }
}

impl<L: RevocationLog> RevocationLedger<'_, L> {
    /// Reads a history on to the end of the log.
    pub(super) async fn read_on(&self, replay: &mut LogReplay) -> Result<(), LedgerError> {
        loop {
            let first = replay.end.sequence.saturating_add(1);
            let records = self.log.since(first, PAGE).await?;
            for record in &records {
                match open(&self.secrets, record) {
                    Ok(entry) => replay.take_in(&self.secrets, entry)?,
                    Err(EntryError::SecretUnknown { sequence, .. })
                        if sequence <= replay.held_up_to.sequence =>
                    {
                        replay.end.sequence = sequence;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            if records.len() < PAGE {
                return Ok(());
            }
        }
    }
}
