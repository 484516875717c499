//! Administers the log. Each change is appended by compare-and-set, so that two administrators
//! who write at the same time lose nothing.

mod compaction;
mod error;
mod replay;

use edge_auth::platform::RevocationRecord;
use edge_auth::revocation::log::{
    Cursor, Manifest, PAGE, PendingEntry, RevocationKey, open, seal, unless_always,
};
use edge_auth::revocation::{Entry, EntryError, Event, Identifier, RevocationSecrets, Target};
use edge_auth_token::Timestamp;

use crate::store::{RevocationLog, WriteOutcome};
use error::MAX_REASON_BYTES;

pub use error::LedgerError;
pub(crate) use replay::LogReplay;

/// The attempts at a change that other writers keep overtaking.
pub(super) const ATTEMPTS: usize = 20;
/// The most records of one page of a list.
const MAX_LISTED: usize = 200;

/// Administers the log of one store.
#[derive(Debug)]
pub struct RevocationLedger<'a, L> {
    pub(super) log: &'a L,
    pub(super) secrets: RevocationSecrets,
}

impl<L> Clone for RevocationLedger<'_, L> {
    fn clone(&self) -> Self {
        Self { log: self.log, secrets: self.secrets.clone() }
    }
}

/// Who makes a change, why and when.
#[derive(Debug, Clone, Copy)]
pub struct ChangeMeta<'a> {
    /// The author: 1 to 256 bytes.
    pub by: &'a str,
    /// The reason: 1 to 256 bytes.
    pub reason: &'a str,
    /// The time.
    pub now: Timestamp,
}

/// How far a long change has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The entries that are in the log.
    pub done: usize,
    /// The entries in all.
    pub of: usize,
}

/// Called after each batch of a long change.
pub(crate) type Report<'a> = dyn Fn(Progress) + Sync + 'a;

/// Events, and when each lapses.
pub(crate) type Events = Vec<(Event, Option<Timestamp>)>;

/// A page of the log, the newest entry first.
#[derive(Debug)]
pub struct Listing {
    /// The entries, or why a record is not believed.
    pub entries: Vec<Result<Entry, EntryError>>,
    /// The next page has the entries before this one, if there may be any.
    pub next: Option<u64>,
}

impl<'a, L: RevocationLog> RevocationLedger<'a, L> {
    /// Administers a log with these secrets.
    pub fn new(secrets: RevocationSecrets, log: &'a L) -> Self {
        Self { log, secrets }
    }

    /// Revokes a target. The entry lapses at `until`, when the target has expired anyway.
    pub async fn revoke(
        &self,
        target: Target,
        until: Option<Timestamp>,
        order: ChangeMeta<'_>,
    ) -> Result<Entry, LedgerError> {
        self.enter_one(Event::Revoked(target), until, order).await
    }

    /// Takes back what an entry revokes, and all other revocations of the same target. The undoing
    /// lapses with the last of them.
    pub async fn undo(&self, sequence: u64, order: ChangeMeta<'_>) -> Result<Entry, LedgerError> {
        let entry = self.show(sequence).await?;
        let Event::Revoked(target) = entry.event else {
            return Err(LedgerError::NotRevoked(sequence));
        };
        for _ in 0..ATTEMPTS {
            let end = self.end().await?;
            let mut until = entry.until;
            for mark in &self.secrets.marks(target.key()).0 {
                for record in self.log.marked(&mark.to_string()).await? {
                    until = unless_always(until, open(&self.secrets, &record)?.until);
                }
            }
            let drafts = drafts(vec![(Event::Undone(target.clone()), until)], order)?;
            let appended = self.append_after(end, &drafts).await?;
            if let Some(entry) = appended.entries.into_iter().next() {
                return Ok(entry);
            }
        }
        Err(LedgerError::Conflict)
    }

    /// Announces the version of an API key's record that was written. No instance believes an
    /// older one until the key expires.
    pub async fn key_written(
        &self,
        id: &Identifier,
        version: u64,
        until: Option<Timestamp>,
        order: ChangeMeta<'_>,
    ) -> Result<Entry, LedgerError> {
        self.enter_one(Event::KeyWritten { id: id.clone(), version }, until, order).await
    }

    /// Returns the latest version of an API key's record that was announced.
    pub(crate) async fn key_version(&self, id: &Identifier) -> Result<Option<u64>, LedgerError> {
        let mut latest = None;
        for mark in &self.secrets.marks(RevocationKey::KeyRecord(id.as_str())).0 {
            for record in self.log.marked(&mark.to_string()).await? {
                if let Event::KeyWritten { version, .. } = open(&self.secrets, &record)?.event {
                    latest = latest.max(Some(version));
                }
            }
        }
        Ok(latest)
    }

    /// Appends events in this order. After a failure, the first of them may be in the log.
    pub async fn enter(
        &self,
        events: Vec<(Event, Option<Timestamp>)>,
        order: ChangeMeta<'_>,
    ) -> Result<Vec<Entry>, LedgerError> {
        let drafts = drafts(events, order)?;
        let mut entries = Vec::with_capacity(drafts.len());
        let mut in_vain = 0;
        while in_vain < ATTEMPTS {
            let left = drafts.get(entries.len()..).unwrap_or_default();
            let appended = self.append_after(self.end().await?, left).await?;
            in_vain = if appended.entries.is_empty() { in_vain + 1 } else { 0 };
            entries.extend(appended.entries);
            if appended.whole {
                return Ok(entries);
            }
        }
        Err(LedgerError::Conflict)
    }

    /// Replays the `wanted` events of the log, and appends the events that `follows` returns. Asks
    /// `follows` again after another writer was faster. Returns what it appended.
    pub(crate) async fn enter_upon<E: From<LedgerError>>(
        &self,
        wanted: fn(&Event) -> bool,
        order: ChangeMeta<'_>,
        follows: impl Fn(&LogReplay) -> Result<Events, E>,
        report: &Report<'_>,
    ) -> Result<Vec<Entry>, E> {
        let made = self.log.snapshot().await.map_err(LedgerError::from)?;
        let made = made.and_then(|snapshot| Manifest::open(&self.secrets, &snapshot).ok());
        let mut replay =
            LogReplay::new(wanted, made.map_or(Cursor::START, |manifest| manifest.end));
        let mut entries = Vec::new();
        for _ in 0..ATTEMPTS {
            self.read_on(&mut replay).await?;
            let drafts = drafts(follows(&replay)?, order)?;
            let appended = self.append_reporting(replay.end(), &drafts, report).await?;
            let whole = appended.whole;
            entries.extend(appended.entries);
            if whole {
                return Ok(entries);
            }
        }
        Err(LedgerError::Conflict.into())
    }

    /// Reads on to the end of the log.
    pub(super) async fn read_on(&self, replay: &mut LogReplay) -> Result<(), LedgerError> {
        loop {
            let first = replay.end().sequence.saturating_add(1);
            let records = self.log.since(first, PAGE).await?.records;
            for record in &records {
                replay.read(&self.secrets, record)?;
            }
            if records.len() < PAGE {
                return Ok(());
            }
        }
    }

    /// Returns one entry.
    pub async fn show(&self, sequence: u64) -> Result<Entry, LedgerError> {
        let found = self.log.since(sequence, 1).await?.records;
        let record = found.first().filter(|record| record.sequence == sequence);
        Ok(open(&self.secrets, record.ok_or(LedgerError::NotFound(sequence))?)?)
    }

    /// Returns up to `limit` entries (200 at most), the newest first, of those before an entry if
    /// it is given.
    pub async fn list(&self, before: Option<u64>, limit: usize) -> Result<Listing, LedgerError> {
        let limit = limit.clamp(1, MAX_LISTED);
        let records = self.log.newest(before, limit).await?;
        let next = match records.last() {
            Some(last) if records.len() == limit && last.sequence > 1 => Some(last.sequence),
            Some(_) | None => None,
        };
        let entries = records.iter().map(|record| open(&self.secrets, record)).collect();
        Ok(Listing { entries, next })
    }

    async fn enter_one(
        &self,
        event: Event,
        until: Option<Timestamp>,
        order: ChangeMeta<'_>,
    ) -> Result<Entry, LedgerError> {
        let entered = self.enter(vec![(event, until)], order).await?;
        entered.into_iter().next().ok_or(LedgerError::Conflict)
    }

    /// Appends behind a place, until another writer is faster.
    pub(super) async fn append_after(
        &self,
        end: Cursor,
        drafts: &[PendingEntry],
    ) -> Result<Appended, LedgerError> {
        self.append_reporting(end, drafts, &|_| {}).await
    }

    /// Appends as [`Self::append_after`] does, and calls `report` after each batch.
    async fn append_reporting(
        &self,
        end: Cursor,
        drafts: &[PendingEntry],
        report: &Report<'_>,
    ) -> Result<Appended, LedgerError> {
        let Cursor { mut sequence, mut link } = end;
        let mut entries = Vec::with_capacity(drafts.len());
        for batch in drafts.chunks(self.log.max_appended().max(1)) {
            let mut records: Vec<RevocationRecord> = Vec::with_capacity(batch.len());
            let mut made = Vec::with_capacity(batch.len());
            for pending in batch {
                sequence = sequence.saturating_add(1);
                let (record, entry) = seal(&self.secrets, pending, sequence, link)?;
                link = entry.link;
                records.push(record);
                made.push(entry);
            }
            if self.log.append(&records).await? == WriteOutcome::Conflict {
                return Ok(Appended { entries, whole: false });
            }
            entries.append(&mut made);
            report(Progress { done: entries.len(), of: drafts.len() });
        }
        Ok(Appended { entries, whole: true })
    }

    /// Returns the place of the newest record.
    async fn end(&self) -> Result<Cursor, LedgerError> {
        match self.log.newest(None, 1).await?.first() {
            Some(newest) => {
                Ok(Cursor { sequence: newest.sequence, link: open(&self.secrets, newest)?.link })
            }
            None => Ok(Cursor::START),
        }
    }
}

/// The entries that were appended, and whether they are all: another writer may be faster.
pub(super) struct Appended {
    pub entries: Vec<Entry>,
    pub whole: bool,
}

fn drafts(events: Events, order: ChangeMeta<'_>) -> Result<Vec<PendingEntry>, LedgerError> {
    let ChangeMeta { by, reason, now } = order;
    if [by, reason].iter().any(|text| text.is_empty() || text.len() > MAX_REASON_BYTES) {
        return Err(LedgerError::Reason);
    }
    let mut drafts = Vec::with_capacity(events.len());
    for (event, until) in events {
        let (by, reason) = (by.to_owned(), reason.to_owned());
        drafts.push(PendingEntry { event, by, reason, at: now, until });
    }
    Ok(drafts)
}
