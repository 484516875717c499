//! The log, administered. Each change is appended by compare-and-set, so that two administrators at
//! once lose nothing.

use std::collections::HashMap;
use std::time::Duration;

use edge_auth_token::Timestamp;

use super::entry::{BEGINNING, Entry, Link, Statement};
use super::record::{Draft, EntryError, open, seal};
use super::secrets::RevocationSecrets;
use super::snapshot::{Manifest, SnapshotContent};
use super::standing::Standing;
use super::target::{Mark, Target, Text};
use crate::platform::{MAX_APPENDED, Put, Randomness, RevocationLog, RevocationRecord, Unavailable};

/// How often a change is tried anew after somebody else's.
const ATTEMPTS: usize = 20;
/// How many records are read at a time.
const PAGE: usize = 1000;
/// How many records one page of a list has at most.
const MAX_LISTED: usize = 200;
/// With so many records behind the last snapshot, and a quarter of what it holds, a new one is made.
const DUE: u64 = 2000;
/// Long enough for every instance to read it, and short enough not to fill the log.
const CHANGE_KEPT: Duration = Duration::from_secs(2 * 60 * 60);
/// The most bytes of a reason, and of who gave it.
const MAX_REASON_BYTES: usize = 256;

/// Administers the log of one store.
#[derive(Debug)]
pub struct Ledger<'a, L> {
    log: &'a L,
    secrets: RevocationSecrets,
}

impl<L> Clone for Ledger<'_, L> {
    fn clone(&self) -> Self {
        Self { log: self.log, secrets: self.secrets.clone() }
    }
}

/// What is to be entered, by whom and why.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// Who says it.
    pub by: &'a str,
    /// Why: 1 to 256 bytes.
    pub reason: &'a str,
    /// When.
    pub now: Timestamp,
}

/// Some of the log, the newest first.
#[derive(Debug)]
pub struct Listing {
    /// The entries; in place of one that is not believed, why not.
    pub entries: Vec<Result<Entry, EntryError>>,
    /// Where the next page begins, if there may be one: entries before this.
    pub next: Option<u64>,
}

/// Why the log could not be administered. The text is for the administrator.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// Who or why is missing, or too long.
    #[error("a reason has 1 to {MAX_REASON_BYTES} bytes, and so has who gives it")]
    Reason,
    /// There is no such entry.
    #[error("there is no entry {0}")]
    NotFound(u64),
    /// The entry revokes nothing.
    #[error("entry {0} revokes nothing, so that there is nothing to undo")]
    NotRevoked(u64),
    /// Others kept appending at the same time.
    #[error("others are writing at the same time: try again")]
    Conflict,
    /// The log is more than a snapshot can hold.
    #[error("the log is too large for a snapshot")]
    TooLarge,
    /// A record is not believed.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The store did not answer.
    #[error("the store is unavailable: {0}")]
    Unavailable(#[from] Unavailable),
}

impl<'a, L: RevocationLog> Ledger<'a, L> {
    /// For a log whose records are made with these secrets.
    pub fn new(secrets: RevocationSecrets, log: &'a L) -> Self {
        Self { log, secrets }
    }

    /// Revokes something, until it has expired anyway.
    pub async fn revoke(
        &self,
        target: Target,
        until: Option<Timestamp>,
        order: Order<'_>,
    ) -> Result<Entry, LedgerError> {
        self.enter_one(Statement::Revoked(target), until, order).await
    }

    /// Takes back what an entry revokes: whatever was said of the same thing.
    pub async fn undo(&self, sequence: u64, order: Order<'_>) -> Result<Entry, LedgerError> {
        let entry = self.show(sequence).await?;
        let Statement::Revoked(target) = entry.statement else {
            return Err(LedgerError::NotRevoked(sequence));
        };
        self.enter_one(Statement::Undone(target), entry.until, order).await
    }

    /// Tells every instance that the record of an API key was written.
    pub async fn key_changed(&self, id: &Text, order: Order<'_>) -> Result<Entry, LedgerError> {
        let until = order.now.plus(CHANGE_KEPT);
        self.enter_one(Statement::KeyChanged(id.clone()), Some(until), order).await
    }

    /// Appends statements in this order. Either all of them are in the log after a success, or the
    /// first ones after a failure.
    pub async fn enter(
        &self,
        statements: Vec<(Statement, Option<Timestamp>)>,
        order: Order<'_>,
    ) -> Result<Vec<Entry>, LedgerError> {
        let Order { by, reason, now } = order;
        if [by, reason].iter().any(|text| text.is_empty() || text.len() > MAX_REASON_BYTES) {
            return Err(LedgerError::Reason);
        }
        let draft = |(statement, until)| {
            let (by, reason) = (by.to_owned(), reason.to_owned());
            Draft { statement, by, reason, at: now, until }
        };
        let drafts: Vec<Draft> = statements.into_iter().map(draft).collect();
        self.append(&drafts).await
    }

    /// One entry.
    pub async fn show(&self, sequence: u64) -> Result<Entry, LedgerError> {
        let found = self.log.since(sequence, 1).await?;
        let record = found.first().filter(|record| record.sequence == sequence);
        Ok(open(&self.secrets, record.ok_or(LedgerError::NotFound(sequence))?)?)
    }

    /// Up to `limit` entries (200 at most), the newest first; those before an entry, if it is given.
    pub async fn list(&self, before: Option<u64>, limit: usize) -> Result<Listing, LedgerError> {
        let limit = limit.clamp(1, MAX_LISTED);
        let records = self.log.newest(before, limit).await?;
        let next = records.last().filter(|_| records.len() == limit).map(|record| record.sequence);
        let entries = records.iter().map(|record| open(&self.secrets, record)).collect();
        Ok(Listing { entries, next: next.filter(|sequence| *sequence > 1) })
    }

    /// Every revocation that stands now, in the order of the log. Reads the whole log.
    pub async fn standing(&self, now: Timestamp) -> Result<Vec<Entry>, LedgerError> {
        let mut folded = self.fold(|_| true).await?;
        let mut entries: Vec<Entry> = folded
            .things
            .drain()
            .filter(|(_, thing)| thing.standing.counts(now))
            .filter_map(|(_, thing)| thing.entry)
            .filter(|entry| matches!(entry.statement, Statement::Revoked(_) | Statement::ListImported(_)))
            .collect();
        entries.sort_unstable_by_key(|entry| entry.sequence);
        Ok(entries)
    }

    /// Makes a snapshot if it is time for one.
    pub async fn compact_if_due(
        &self,
        randomness: &(impl Randomness + ?Sized),
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let newest = self.log.newest(None, 1).await?.first().map_or(0, |record| record.sequence);
        let made = self.log.snapshot().await?;
        let behind = newest - made.as_ref().map_or(0, |snapshot| snapshot.sequence).min(newest);
        let manifest = made.and_then(|snapshot| Manifest::open(&self.secrets, &snapshot).ok());
        let held = manifest.map_or(0, |manifest| manifest.held());
        if behind >= DUE.max(held / 4) { self.compact(randomness, now).await.map(drop) } else { Ok(()) }
    }

    /// Makes a snapshot of the whole log, and drops from the log what has expired. What was entered
    /// with an older secret is entered again before, so that the older one is needed no more. How
    /// many things the snapshot holds is returned.
    pub async fn compact(
        &self,
        randomness: &(impl Randomness + ?Sized),
        now: Timestamp,
    ) -> Result<usize, LedgerError> {
        let mut folded = self.fold(|entry| !entry.current).await?;
        let live = |thing: &Thing| thing.standing.counts(now) && !thing.current;
        let old: Vec<Entry> = folded
            .things
            .values_mut()
            .filter(|thing| live(thing))
            .filter_map(|thing| thing.entry.take())
            .collect();
        if !old.is_empty() {
            self.append(&old.into_iter().map(Draft::from).collect::<Vec<_>>()).await?;
            folded = self.fold(|_| false).await?;
        }
        let mut content = SnapshotContent::default();
        for (mark, thing) in folded.things.drain().filter(|(_, thing)| thing.standing.counts(now)) {
            content.put(mark, thing.standing);
        }
        let held = content.held();
        let mut id = [0; 8];
        randomness.fill(&mut id)?;
        let id = crate::certificate::to_hex(&id);
        let (sequence, link) = folded.end;
        if sequence == 0 {
            return Ok(0);
        }
        let written = content.write(&self.secrets, &id, (sequence, link)).ok_or(LedgerError::TooLarge)?;
        for (index, part) in (0..).zip(&written.parts) {
            self.log.put_snapshot_part(&id, index, part).await?;
        }
        // Somebody else's is as good.
        let _ = self.log.put_snapshot(&written.record).await?;
        while self.log.forget(sequence, now, PAGE).await? == PAGE {}
        Ok(held)
    }

    async fn enter_one(
        &self,
        statement: Statement,
        until: Option<Timestamp>,
        order: Order<'_>,
    ) -> Result<Entry, LedgerError> {
        let entered = self.enter(vec![(statement, until)], order).await?;
        entered.into_iter().next().ok_or(LedgerError::Conflict)
    }

    async fn append(&self, drafts: &[Draft]) -> Result<Vec<Entry>, LedgerError> {
        let mut entries = Vec::with_capacity(drafts.len());
        for batch in drafts.chunks(MAX_APPENDED) {
            entries.extend(self.append_batch(batch).await?);
        }
        Ok(entries)
    }

    /// Appends after whatever is the newest record, however often somebody else is faster.
    async fn append_batch(&self, drafts: &[Draft]) -> Result<Vec<Entry>, LedgerError> {
        for _ in 0..ATTEMPTS {
            let (mut sequence, mut link) = self.end().await?;
            let mut records: Vec<RevocationRecord> = Vec::with_capacity(drafts.len());
            for draft in drafts {
                sequence = sequence.saturating_add(1);
                let (record, mac) = seal(&self.secrets, draft, sequence, link)?;
                records.push(record);
                link = mac;
            }
            if self.log.append(&records).await? == Put::Stored {
                let opened = records.iter().map(|record| open(&self.secrets, record));
                return Ok(opened.collect::<Result<_, _>>()?);
            }
        }
        Err(LedgerError::Conflict)
    }

    /// The newest record's place and MAC.
    async fn end(&self) -> Result<(u64, Link), LedgerError> {
        match self.log.newest(None, 1).await?.first() {
            Some(newest) => Ok((newest.sequence, open(&self.secrets, newest)?.link)),
            None => Ok((0, BEGINNING)),
        }
    }

    /// Reads the whole log; `keep` says of which entries more is needed than how they stand.
    async fn fold(&self, keep: impl Fn(&Entry) -> bool) -> Result<Folded, LedgerError> {
        // Of what a snapshot holds, records may be gone, and those of a secret that is no longer
        // named have been entered again.
        let made = self.log.snapshot().await?;
        let made = made.and_then(|snapshot| Manifest::open(&self.secrets, &snapshot).ok());
        let held_up_to = made.map_or(0, |manifest| manifest.sequence);
        let mut folded = Folded { things: HashMap::new(), end: (0, BEGINNING) };
        loop {
            let (last, _) = folded.end;
            let records = self.log.since(last.saturating_add(1), PAGE).await?;
            for record in &records {
                let entry = match open(&self.secrets, record) {
                    Ok(entry) => entry,
                    Err(EntryError::SecretUnknown { sequence, .. }) if sequence <= held_up_to => continue,
                    Err(error) => return Err(error.into()),
                };
                folded.take_in(&self.secrets, entry, held_up_to, &keep)?;
            }
            if records.len() < PAGE {
                return Ok(folded);
            }
        }
    }
}

/// What a whole log comes to.
struct Folded {
    /// By their marks under the current secret.
    things: HashMap<Mark, Thing>,
    /// The last record's place and MAC.
    end: (u64, Link),
}

/// How one thing stands.
struct Thing {
    standing: Standing,
    /// Whether its record was made with the current secret.
    current: bool,
    /// The entry, where it is needed.
    entry: Option<Entry>,
}

impl Folded {
    fn take_in(
        &mut self,
        secrets: &RevocationSecrets,
        entry: Entry,
        held_up_to: u64,
        keep: impl Fn(&Entry) -> bool,
    ) -> Result<(), LedgerError> {
        let (sequence, link) = self.end;
        let follows = entry.sequence == sequence.saturating_add(1) && entry.previous == link;
        if !follows && entry.sequence > held_up_to {
            return Err(EntryError::MacWrong { sequence: entry.sequence }.into());
        }
        self.end = (entry.sequence, entry.link);
        let (Some(standing), Some(secret)) = (Standing::of(&entry), secrets.current()) else {
            return Ok(());
        };
        let mark = if entry.current { entry.mark } else { secret.mark(entry.statement.thing()) };
        let known = self.things.get(&mark).map(|thing| thing.standing);
        let thing = Thing {
            standing: known.map_or(standing, |known| known.and(standing)),
            current: entry.current,
            entry: keep(&entry).then_some(entry),
        };
        self.things.insert(mark, thing);
        Ok(())
    }
}

impl From<Entry> for Draft {
    fn from(entry: Entry) -> Self {
        let Entry { statement, by, reason, at, until, .. } = entry;
        Self { statement, by, reason, at, until }
    }
}
