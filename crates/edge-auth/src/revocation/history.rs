//! A whole log, read by an administrator: how each thing stands, and what was said of it last.

use std::collections::{HashMap, HashSet};

use edge_auth_token::Timestamp;

use super::chain::{Cursor, PAGE};
use super::entry::{Entry, List, Statement};
use super::ledger::{Ledger, LedgerError};
use super::record::{Draft, EntryError, open};
use super::secrets::{RevocationSecret, RevocationSecrets, SecretId};
use super::snapshot::SnapshotContent;
use super::standing::{Standing, State};
use super::target::Mark;
use crate::platform::RevocationLog;

/// What a snapshot holds, and up to where.
pub(super) struct Base {
    pub content: SnapshotContent,
    pub end: Cursor,
    /// The secret that its marks are made with.
    pub secret: SecretId,
    /// The ends of those that it was made of.
    pub ancestors: Vec<Cursor>,
}

/// What a log says of the things that are wanted.
pub(crate) struct History {
    wanted: fn(&Statement) -> bool,
    /// Up to here records may be missing: they lapsed, or were made with a secret that is no longer
    /// named and have been entered again.
    held_up_to: Cursor,
    /// What counts of the records up to there, if it was read.
    base: Option<Base>,
    /// By their marks under the current secret.
    things: HashMap<Mark, Thing>,
    end: Cursor,
    /// The last entry, if it was made with an older secret.
    outdated_end: Option<Box<Entry>>,
}

/// What is said of one thing.
struct Thing {
    /// All that is said of it.
    standing: Option<Standing>,
    /// What is said of it under the current secret.
    current: Option<Standing>,
    last: Box<Entry>,
}

impl History {
    /// To be read from the beginning, of which records up to one may be missing.
    pub(super) fn new(wanted: fn(&Statement) -> bool, held_up_to: Cursor) -> Self {
        let things = HashMap::new();
        Self { wanted, held_up_to, base: None, things, end: Cursor::START, outdated_end: None }
    }

    /// To be read from the beginning. What a snapshot has of the records that it holds counts, and not
    /// those of them that are left.
    pub(super) fn upon(base: Option<Base>) -> Self {
        let held_up_to = base.as_ref().map_or(Cursor::START, |base| base.end);
        Self { base, ..Self::new(|_| true, held_up_to) }
    }

    /// The last record's place.
    pub(super) fn end(&self) -> Cursor {
        self.end
    }

    /// What was said last of each thing that is revoked, or listed.
    pub(crate) fn standing(&self, now: Timestamp) -> impl Iterator<Item = &Entry> {
        let stands = move |thing: &&Thing| says(thing.standing, now).is_some();
        self.things.values().filter(stands).map(|thing| &*thing.last)
    }

    /// All that stands, as a snapshot under the current secret.
    pub(super) fn content(&self, now: Timestamp) -> SnapshotContent {
        let mut content = SnapshotContent::default();
        for (mark, thing) in &self.things {
            if let Some(standing) = thing.standing.filter(|standing| standing.counts(now)) {
                content.put(*mark, standing);
            }
        }
        content
    }

    /// How many things the snapshot has of which the log has no record any more.
    pub(super) fn taken_out(&self, secrets: &RevocationSecrets, now: Timestamp) -> usize {
        let Some((base, secret)) = self.base.as_ref().and_then(|base| base.with(secrets)) else { return 0 };
        let there: HashSet<Mark> =
            self.things.values().map(|thing| secret.mark(thing.last.statement.thing())).collect();
        base.content.marks(now).filter(|mark| !there.contains(mark)).count()
    }

    /// What must be entered under the current secret so that it alone says what all do. The last record
    /// is under it, too: the next one follows it.
    pub(super) fn outdated(&self, now: Timestamp) -> Vec<Draft> {
        let drafts: Vec<Draft> = self.things.values().filter_map(|thing| thing.outdated(now)).collect();
        match &self.outdated_end {
            Some(last) if drafts.is_empty() => vec![draft(last, last.statement.clone(), last.until)],
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
            let what = "is another one than the last snapshot ends with: an older store was put back";
            return Err(LedgerError::Changed(format!("ALERT: record {} {what}", entry.sequence)));
        }
        self.end = Cursor { sequence: entry.sequence, link: entry.link };
        self.outdated_end = (!entry.current).then(|| Box::new(entry.clone()));
        let (Some(said), Some(secret)) = (Standing::of(&entry), secrets.current()) else { return Ok(()) };
        if !(self.wanted)(&entry.statement) {
            return Ok(());
        }
        let mark = if entry.current { entry.mark } else { secret.mark(entry.statement.thing()) };
        let base = self.base.as_ref();
        let (mut standing, mut current) = match self.things.get(&mark) {
            Some(thing) => (thing.standing, thing.current),
            None => (base.and_then(|base| base.standing(secrets, &entry)), None),
        };
        if base.is_none_or(|base| entry.sequence > base.end.sequence) {
            standing = Some(said.after(standing));
        }
        if entry.current {
            current = Some(said.after(current));
        }
        self.things.insert(mark, Thing { standing, current, last: Box::new(entry) });
        Ok(())
    }
}

/// How many of the snapshots before it one names: as many may an instance that slept have missed.
const ANCESTORS: usize = 64;

impl Base {
    /// Those of the snapshot that is made of this one: the newest first.
    pub(super) fn ancestors_of_next(&self) -> Vec<Cursor> {
        let ancestors = std::iter::once(self.end).chain(self.ancestors.iter().copied());
        ancestors.take(ANCESTORS).collect()
    }

    fn with<'s>(&self, secrets: &'s RevocationSecrets) -> Option<(&Self, &'s RevocationSecret)> {
        Some((self, secrets.find(&self.secret)?))
    }

    fn standing(&self, secrets: &RevocationSecrets, entry: &Entry) -> Option<Standing> {
        let (base, secret) = self.with(secrets)?;
        base.content.standing(secret.mark(entry.statement.thing()), base.end.sequence)
    }
}

impl Thing {
    /// What must be entered under the current secret, if that does not say by itself what all do.
    fn outdated(&self, now: Timestamp) -> Option<Draft> {
        let (all, current) = (says(self.standing, now), says(self.current, now));
        if all == current {
            return None;
        }
        let (statement, until) = match (all, self.last.statement.clone()) {
            (None, Statement::Revoked(target) | Statement::Undone(target)) => {
                (Statement::Undone(target), current?.1)
            }
            (
                Some((State::Revoked { before }, until)),
                Statement::Revoked(target) | Statement::Undone(target),
            ) => (Statement::Revoked(target.up_to(before)), until),
            (Some((State::Listed { next_update }, until)), Statement::ListImported(list)) => {
                (Statement::ListImported(List { next_update, ..list }), until)
            }
            (Some((State::Written { version }, until)), Statement::KeyWritten { id, .. }) => {
                (Statement::KeyWritten { id, version }, until)
            }
            (_, statement) => (statement, self.last.until),
        };
        Some(draft(&self.last, statement, until))
    }
}

/// What is revoked or listed, and until when that has a meaning.
fn says(standing: Option<Standing>, now: Timestamp) -> Option<(State, Option<Timestamp>)> {
    let standing = standing.filter(|standing| standing.counts(now) && standing.state != State::Undone)?;
    Some((standing.state, standing.until))
}

fn draft(entry: &Entry, statement: Statement, until: Option<Timestamp>) -> Draft {
    let Entry { by, reason, at, .. } = entry.clone();
    Draft { statement, by, reason, at, until }
}

impl<L: RevocationLog> Ledger<'_, L> {
    /// Reads a history on to the end of the log.
    pub(super) async fn read_on(&self, history: &mut History) -> Result<(), LedgerError> {
        loop {
            let first = history.end.sequence.saturating_add(1);
            let records = self.log.since(first, PAGE).await?;
            for record in &records {
                match open(&self.secrets, record) {
                    Ok(entry) => history.take_in(&self.secrets, entry)?,
                    Err(EntryError::SecretUnknown { sequence, .. })
                        if sequence <= history.held_up_to.sequence =>
                    {
                        history.end.sequence = sequence;
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
