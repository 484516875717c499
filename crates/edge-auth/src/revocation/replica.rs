//! Keeping up with the log: when an instance reads it, and when what it knows is too old to decide.

mod confirm;
mod succession;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use edge_auth_token::Timestamp;

use super::chain::{ChainError, Cursor, PAGE, alert};
use super::entry::{Entry, Event};
use super::index::{Index, Lookup};
use super::limits::RevocationLimits;
use super::record::open;
use super::secrets::RevocationSecrets;
use super::status::{self, RevocationStatus};
use super::target::{RevocationKey, Target};
use super::trace::Trace;
use crate::cache::Seed;
use crate::platform::{Platform, RevocationFeed, RevocationRecord, Unavailable};

/// After a read that failed, requests do not wait for another one before this.
const RETRY: Duration = Duration::from_secs(1);
/// After this long a read that did not report back was abandoned by its host.
const ABANDONED: Duration = Duration::from_secs(10);
/// Clocks are read in turn by many: so much earlier is no clock that was set back.
const OUT_OF_TURN: Duration = Duration::from_secs(1);
/// With more records than these behind the snapshot, one that has them is looked for.
const CROWDED: usize = 20_000;

/// What an instance knows of the log, and since when.
#[derive(Debug)]
pub(crate) struct Replica {
    pub(crate) secrets: RevocationSecrets,
    limits: RevocationLimits,
    seed: Seed,
    /// The latest time that was seen, in milliseconds: a clock that is set back makes nothing new.
    latest: AtomicU64,
    state: RwLock<ReplicaState>,
}

#[derive(Debug)]
struct ReplicaState {
    index: Index,
    trace: Trace,
    /// When the last good read began.
    read_at: Option<Timestamp>,
    /// When a read began that has not ended yet.
    reading_since: Option<Timestamp>,
    /// When the last read failed, and why; `None` after a good one.
    failure: Option<(Timestamp, String)>,
    /// With so many records behind the snapshot, a newer one is looked for.
    crowded_at: usize,
    /// What was read and not told yet.
    news: Changes,
}

/// Whether what is known is new enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Freshness {
    Fresh,
    /// To be used, and to be read again in the background.
    Due,
    /// To be read again before it is used; if that fails it may still be used.
    Old,
    /// Not to be used without being read again.
    Stale,
}

/// What reads brought.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// The API keys whose records changed.
    pub changed_keys: Vec<String>,
    /// Whether others may have: a snapshot stood for records that were not read, and has no changes
    /// of keys.
    pub skipped: bool,
}

/// Why the log could not be read to its end. What was read is taken in.
#[derive(Debug)]
enum PollError {
    Unavailable(Unavailable),
    /// Somebody changed what is stored.
    Tampered(String),
    /// What follows the cursor is no longer in the log: a snapshot has it.
    Behind,
}

impl From<ChainError> for PollError {
    fn from(broken: ChainError) -> Self {
        match broken {
            ChainError::Tampered(what) => Self::Tampered(what),
            ChainError::Gap => Self::Behind,
        }
    }
}

impl From<Unavailable> for PollError {
    fn from(error: Unavailable) -> Self {
        Self::Unavailable(error)
    }
}

/// What to do with records behind missing ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gaps {
    /// Nothing yet: a snapshot may stand for those that are missing, and for what took something
    /// back.
    Wait,
    /// No snapshot does: what takes trust away counts.
    Lack,
}

/// Why it closes.
fn unread(trouble: PollError) -> Unavailable {
    match trouble {
        PollError::Unavailable(error) => error,
        PollError::Tampered(what) => Unavailable::new(what),
        PollError::Behind => Unavailable::new(
            "ALERT: records of the log are missing, and no snapshot has them: somebody took them out, or an \
             older store was put back",
        ),
    }
}

impl ReplicaState {
    fn knows_nothing(&self) -> bool {
        self.trace.end() == Cursor::START && self.index.is_empty()
    }

    fn apply(&mut self, entry: Entry, in_place: bool, now: Timestamp) {
        self.index.apply(&entry, in_place, now);
        match entry.event {
            Event::KeyChanged(id)
            | Event::KeyWritten { id, .. }
            | Event::Revoked(Target::ApiKey { id })
            | Event::Undone(Target::ApiKey { id }) => self.news.changed_keys.push(id.into()),
            Event::Revoked(_) | Event::Undone(_) | Event::ListImported(_) => {}
        }
    }
}

impl Replica {
    pub(crate) fn new(secrets: RevocationSecrets, limits: RevocationLimits, seed: Seed) -> Self {
        let state = ReplicaState {
            index: Index::new(seed),
            trace: Trace::behind(Cursor::START),
            read_at: None,
            reading_since: None,
            failure: None,
            crowded_at: CROWDED,
            news: Changes::default(),
        };
        Self { secrets, limits, seed, latest: AtomicU64::new(0), state: RwLock::new(state) }
    }

    /// Whether it knows the same, and for as long.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.limits == other.limits && self.secrets.are(&other.secrets)
    }

    /// How new what is known is.
    pub(crate) fn freshness(&self, now: Timestamp) -> Freshness {
        let latest =
            Timestamp::from_millis(self.latest.fetch_max(now.millis(), Ordering::Relaxed)).max(now);
        if now.plus(OUT_OF_TURN) < latest {
            self.begin_anew(now);
        }
        let read_at = self.read().read_at.filter(|read_at| *read_at <= latest.plus(OUT_OF_TURN));
        let Some(read_at) = read_at else { return Freshness::Stale };
        let age = latest.since(read_at);
        match self.limits {
            limits if age >= limits.closes_after() => Freshness::Stale,
            limits if age >= limits.interval => Freshness::Old,
            limits if age >= limits.interval / 2 => Freshness::Due,
            _ => Freshness::Fresh,
        }
    }

    /// A clock that was set back says nothing of how old anything is: all is to be read before it
    /// is used.
    fn begin_anew(&self, now: Timestamp) {
        let mut state = self.write();
        // Unless another request was faster.
        if now.plus(OUT_OF_TURN).millis() < self.latest.load(Ordering::Relaxed) {
            (state.read_at, state.reading_since, state.failure) = (None, None, None);
            self.latest.store(now.millis(), Ordering::Relaxed);
        }
    }

    /// When the read began that all that is known is at least as new as.
    pub(crate) fn read_at(&self) -> Option<Timestamp> {
        self.read().read_at
    }

    /// Whether what was read then is too old to decide by.
    pub(crate) fn is_stale(&self, read_at: Timestamp, now: Timestamp) -> bool {
        now.since(read_at) >= self.limits.closes_after()
    }

    /// Whether nobody is reading, and no read failed just now.
    pub(crate) fn may_read(&self, now: Timestamp) -> bool {
        self.may_wait(now)
            && self.read().reading_since.is_none_or(|since| now.since(since) >= ABANDONED)
    }

    /// Whether a request that needs to know more is to wait for a read of its own.
    pub(crate) fn may_wait(&self, now: Timestamp) -> bool {
        let state = self.read();
        state.failure.as_ref().is_none_or(|(failed_at, _)| now.since(*failed_at) >= RETRY)
    }

    /// Why the last read failed.
    pub(crate) fn trouble(&self) -> String {
        let state = self.read();
        let why = state.failure.as_ref().map_or("it was not read yet", |(_, why)| why);
        match state.read_at {
            Some(read_at) => format!("last read at {}: {why}", crate::audit::rfc3339_text(read_at)),
            None => why.to_owned(),
        }
    }

    /// The version of an API key's record that was told of.
    pub(crate) fn key_version(&self, id: &str, now: Timestamp) -> Option<u64> {
        match self.read().index.find(&self.secrets.marks(RevocationKey::KeyRecord(id)), now) {
            Lookup::Known(RevocationStatus {
                state: status::StatusKind::Written { version },
                ..
            })
            | Lookup::Unconfirmed {
                known: Some(RevocationStatus { state: status::StatusKind::Written { version }, .. }),
                ..
            } => Some(version),
            Lookup::Known(_) | Lookup::Unconfirmed { .. } | Lookup::Nothing => None,
        }
    }

    /// The index, to be asked. Nothing may be waited for while it is held.
    pub(crate) fn index(&self) -> impl std::ops::Deref<Target = Index> + '_ {
        struct Guard<'a>(RwLockReadGuard<'a, ReplicaState>);
        impl std::ops::Deref for Guard<'_> {
            type Target = Index;
            fn deref(&self) -> &Index {
                &self.0.index
            }
        }
        Guard(self.read())
    }

    /// Reads what is new. A failure leaves what is known as it is, and is among the notices.
    pub(crate) async fn refresh(
        &self,
        platform: &impl Platform,
        now: Timestamp,
        notices: &mut Vec<String>,
    ) -> Result<(), Unavailable> {
        self.write().reading_since = Some(now);
        let reading = self.catch_up(platform.revocations(), now, notices);
        let (caught_up, took) = platform.timed(reading).await;
        let mut state = self.write();
        state.reading_since = None;
        match caught_up {
            Ok(()) => {
                state.failure = None;
                // Reads that overlap end in any order. One that began before a clock was set back
                // does not count.
                let latest = Timestamp::from_millis(self.latest.load(Ordering::Relaxed)).max(now);
                let known = state.read_at.filter(|read_at| *read_at <= latest.plus(OUT_OF_TURN));
                state.read_at = known.max(Some(now));
                Ok(())
            }
            Err(error) => {
                notices.push(format!("revocations could not be read: {error}"));
                state.failure = Some((now.plus(took), error.0.clone()));
                Err(error)
            }
        }
    }

    /// What was read since this was asked last, by reads that failed later, too.
    pub(crate) fn take_news(&self) -> Changes {
        std::mem::take(&mut self.write().news)
    }

    async fn catch_up(
        &self,
        feed: &impl RevocationFeed,
        now: Timestamp,
        notices: &mut Vec<String>,
    ) -> Result<(), Unavailable> {
        let first = self.read().read_at.is_none();
        if first && self.read().knows_nothing() {
            self.load_snapshot(feed, now, notices).await?;
        }
        match self.tail(feed, now).await {
            Ok(()) => {}
            Err(PollError::Behind) => {
                self.load_snapshot(feed, now, notices).await?;
                self.tail_over(feed, now, Gaps::Lack).await.map_err(unread)?;
            }
            Err(trouble) => return Err(unread(trouble)),
        }
        let crowded = |state: &ReplicaState| state.trace.len() >= state.crowded_at;
        if crowded(&self.read()) {
            self.load_snapshot(feed, now, notices).await?;
            let mut state = self.write();
            state.crowded_at = CROWDED + state.trace.len();
        }
        Ok(())
    }

    /// Reads the log to its end.
    async fn tail(&self, feed: &impl RevocationFeed, now: Timestamp) -> Result<(), PollError> {
        self.tail_over(feed, now, Gaps::Wait).await
    }

    async fn tail_over(
        &self,
        feed: &impl RevocationFeed,
        now: Timestamp,
        gaps: Gaps,
    ) -> Result<(), PollError> {
        loop {
            let place = self.read().trace.end();
            // The record there is read again: it shows that the log still is what it was.
            let records = feed.since(place.sequence.max(1), PAGE).await?;
            self.take_in(place, &records, now, gaps)?;
            if records.len() < PAGE {
                return Ok(());
            }
            if self.read().trace.end().sequence <= place.sequence {
                return Err(PollError::Tampered(
                    "ALERT: the store gives the same records again".to_owned(),
                ));
            }
        }
    }

    /// Takes in what the store has from a place on. Behind the first record that is not to be
    /// believed, or not in its place, only what takes trust away counts.
    fn take_in(
        &self,
        place: Cursor,
        records: &[RevocationRecord],
        now: Timestamp,
        gaps: Gaps,
    ) -> Result<(), PollError> {
        let opened: Vec<_> = records.iter().map(|record| open(&self.secrets, record)).collect();
        let mut state = self.write();
        let mut so_far = state.trace.check_place(place, records.first(), now);
        for (record, opened) in records.iter().zip(opened) {
            let known_up_to = state.trace.end().sequence;
            let entry = match opened {
                Ok(entry) => entry,
                Err(error) => {
                    // One that was believed before is none of another secret.
                    let read_before = record.sequence <= known_up_to;
                    let what = if read_before { format!("ALERT: {error}") } else { alert(&error) };
                    so_far = so_far.and(Err(ChainError::Tampered(what)));
                    continue;
                }
            };
            so_far = so_far.and_then(|()| state.trace.follow(&entry));
            match so_far {
                Ok(()) if entry.sequence > known_up_to => state.apply(entry, true, now),
                Err(ChainError::Gap) if gaps == Gaps::Wait => {}
                Err(_) if entry.event.takes_trust_away() => state.apply(entry, false, now),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(so_far?)
    }

    /// A panic elsewhere cannot leave the state half changed.
    fn read(&self) -> RwLockReadGuard<'_, ReplicaState> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, ReplicaState> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}
