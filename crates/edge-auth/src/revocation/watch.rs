//! Keeping up with the log: when an instance reads it, and when what it knows is too old to decide.

mod confirming;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use edge_auth_token::Timestamp;

use super::chain::{Broken, Cursor, Followed, PAGE};
use super::entry::{Entry, Statement};
use super::index::Index;
use super::limits::RevocationLimits;
use super::secrets::RevocationSecrets;
use super::snapshot::{Snapshot, Unread};
use crate::cache::Seed;
use crate::platform::{Platform, RevocationFeed, Unavailable};

/// After a read that failed, requests do not wait for another one before this.
const RETRY: Duration = Duration::from_secs(1);
/// After this long a read that did not report back was abandoned by its host.
const ABANDONED: Duration = Duration::from_secs(10);
/// Clocks are read in turn by many: so much earlier is no clock that was set back.
const OUT_OF_TURN: Duration = Duration::from_secs(1);
/// With more recent entries than these, a snapshot that has them is looked for.
const CROWDED: usize = 20_000;

/// What an instance knows of the log, and since when.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) secrets: RevocationSecrets,
    limits: RevocationLimits,
    seed: Seed,
    /// The latest time that was seen, in milliseconds: a clock that is set back makes nothing new.
    latest: AtomicU64,
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    index: Index,
    cursor: Cursor,
    /// When the last good read began.
    read_at: Option<Timestamp>,
    /// When a read began that has not ended yet.
    reading_since: Option<Timestamp>,
    /// When the last read failed, and why; `None` after a good one.
    failure: Option<(Timestamp, String)>,
    /// With so many recent entries, a snapshot is looked for.
    crowded_at: usize,
    /// Whether a snapshot stood for records that were not read, since this was told last.
    skipped: bool,
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

/// What a read brought.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// The API keys whose records changed.
    pub changed_keys: Vec<String>,
    /// Whether others may have: a snapshot stood for records that were not read, and has no changes of keys.
    pub skipped: bool,
}

/// Why the log could not be read to its end. What was read is taken in.
#[derive(Debug)]
enum Trouble {
    Unavailable(Unavailable),
    /// Somebody changed what is stored.
    Tampered(String),
    /// What follows the cursor is no longer in the log: a snapshot has it.
    Behind,
}

impl From<Broken> for Trouble {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Tampered(what) => Self::Tampered(what),
            Broken::Gap => Self::Behind,
        }
    }
}

impl From<Unavailable> for Trouble {
    fn from(error: Unavailable) -> Self {
        Self::Unavailable(error)
    }
}

impl Watch {
    pub(crate) fn new(secrets: RevocationSecrets, limits: RevocationLimits, seed: Seed) -> Self {
        let state = State {
            index: Index::new(seed),
            cursor: Cursor::START,
            read_at: None,
            reading_since: None,
            failure: None,
            crowded_at: CROWDED,
            skipped: false,
        };
        Self { secrets, limits, seed, latest: AtomicU64::new(0), state: RwLock::new(state) }
    }

    /// Whether it knows the same, and for as long.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.limits == other.limits && self.secrets.are(&other.secrets)
    }

    /// How new what is known is.
    pub(crate) fn freshness(&self, now: Timestamp) -> Freshness {
        let latest = Timestamp::from_millis(self.latest.fetch_max(now.millis(), Ordering::Relaxed)).max(now);
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

    /// A clock that was set back says nothing of how old anything is: all is to be read before it is used.
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
        self.may_wait(now) && self.read().reading_since.is_none_or(|since| now.since(since) >= ABANDONED)
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

    /// The index, to be asked. Nothing may be waited for while it is held.
    pub(crate) fn index(&self) -> impl std::ops::Deref<Target = Index> + '_ {
        struct Guard<'a>(RwLockReadGuard<'a, State>);
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
    ) -> Result<News, Unavailable> {
        self.write().reading_since = Some(now);
        let mut news = News::default();
        let reading = self.catch_up(platform.revocations(), now, &mut news, notices);
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
                news.skipped = std::mem::take(&mut state.skipped);
                Ok(news)
            }
            Err(error) => {
                notices.push(format!("revocations could not be read: {error}"));
                state.failure = Some((now.plus(took), error.0.clone()));
                Err(error)
            }
        }
    }

    async fn catch_up(
        &self,
        feed: &impl RevocationFeed,
        now: Timestamp,
        news: &mut News,
        notices: &mut Vec<String>,
    ) -> Result<(), Unavailable> {
        let snapshot_due = {
            let state = self.read();
            state.read_at.is_none() || state.index.recent() >= state.crowded_at
        };
        if snapshot_due {
            self.load_snapshot(feed, notices).await?;
            let mut state = self.write();
            state.crowded_at = CROWDED + state.index.recent();
        }
        match self.tail(feed, now, news).await {
            Ok(()) => Ok(()),
            Err(Trouble::Unavailable(error)) => Err(error),
            Err(Trouble::Tampered(what)) => Err(Unavailable::new(what)),
            Err(Trouble::Behind) => {
                self.load_snapshot(feed, notices).await?;
                match self.tail(feed, now, news).await {
                    Ok(()) => Ok(()),
                    Err(Trouble::Unavailable(error)) => Err(error),
                    Err(Trouble::Tampered(what)) => Err(Unavailable::new(what)),
                    Err(Trouble::Behind) => Err(Unavailable::new(
                        "ALERT: records of the log are missing, and no snapshot has them: somebody took them \
                         out, or an older store was put back",
                    )),
                }
            }
        }
    }

    /// Starts from the newest snapshot, if it is newer than what is known. One that is not to be
    /// believed is told of, and the log is read instead.
    async fn load_snapshot(
        &self,
        feed: &impl RevocationFeed,
        notices: &mut Vec<String>,
    ) -> Result<(), Unavailable> {
        let mut newest = feed.snapshot().await?;
        loop {
            let known = self.read().index.snapshot_sequence();
            let Some(record) = newest.filter(|record| record.sequence > known) else { return Ok(()) };
            let why = match Snapshot::read(feed, &self.secrets, &record).await {
                Ok(snapshot) => {
                    self.install(snapshot);
                    return Ok(());
                }
                Err(Unread::Unavailable(error)) => return Err(error),
                Err(Unread::NotBelieved(why)) => why,
            };
            // The parts of one that was replaced meanwhile are dropped.
            newest = feed.snapshot().await?.filter(|newest| newest.sequence > record.sequence);
            if newest.is_none() {
                notices.push(format!("{}; the log is read instead", why.told()));
            }
        }
    }

    /// Takes a snapshot for all up to its last record. What is known of later ones stays.
    fn install(&self, snapshot: Snapshot) {
        let mut state = self.write();
        let end = snapshot.end;
        // Another read may have been faster.
        if end.sequence > state.index.snapshot_sequence() {
            state.index.start_from(snapshot, self.seed);
            if end.sequence > state.cursor.sequence {
                state.skipped = state.cursor != Cursor::START;
                state.cursor = end;
            }
        }
    }

    /// Reads the log to its end.
    async fn tail(&self, feed: &impl RevocationFeed, now: Timestamp, news: &mut News) -> Result<(), Trouble> {
        loop {
            let from = self.read().cursor;
            // The record at the cursor is read again: it shows that the log still is what it was.
            let records = feed.since(from.sequence.max(1), PAGE).await?;
            let whole = records.len() < PAGE;
            let Followed { cursor, entries, trouble } = from.follow(&self.secrets, &records);
            self.apply(cursor, entries, now, news);
            if let Some(trouble) = trouble {
                return Err(trouble.into());
            }
            if whole {
                return Ok(());
            }
        }
    }

    fn apply(&self, cursor: Cursor, entries: Vec<Entry>, now: Timestamp, news: &mut News) {
        let mut state = self.write();
        for entry in entries {
            state.index.apply(&entry, now);
            match entry.statement {
                Statement::KeyChanged(id) => news.changed_keys.push(id.into()),
                Statement::Revoked(super::Target::ApiKey { id })
                | Statement::Undone(super::Target::ApiKey { id }) => {
                    news.changed_keys.push(id.into());
                }
                _ => {}
            }
        }
        // A read that began earlier may end later.
        if cursor.sequence > state.cursor.sequence {
            state.cursor = cursor;
        }
    }

    /// A panic elsewhere cannot leave the state half changed.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}
