//! The replica of the log in one instance: when it is read, and when it is too old to decide by.

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
use super::read_times::{Freshness, OUT_OF_TURN, ReadTimes};
use super::record::open;
use super::secrets::RevocationSecrets;
use super::status::{self, RevocationStatus};
use super::target::{RevocationKey, Target};
use super::trace::Trace;
use crate::cache::Seed;
use crate::platform::{LogTail, Platform, RevocationFeed, RevocationRecord, Unavailable};

/// With more records than these behind the snapshot, a newer one is looked for.
const CROWDED: usize = 20_000;

/// The log as one instance knows it, and when that was read.
#[derive(Debug)]
pub(crate) struct Replica {
    pub(crate) secrets: RevocationSecrets,
    limits: RevocationLimits,
    seed: Seed,
    /// The latest time that was seen, in milliseconds: a clock that is set back does not make the
    /// replica fresh.
    latest: AtomicU64,
    state: RwLock<ReplicaState>,
}

#[derive(Debug)]
struct ReplicaState {
    index: Index,
    trace: Trace,
    times: ReadTimes,
    /// A time by which the last record was known here; `None` while a read goes on.
    end_known_at: Option<Timestamp>,
    /// Why the last read failed.
    failure: Option<String>,
    /// With so many records behind the snapshot, a newer one is looked for.
    crowded_at: usize,
    /// The changes that were not taken yet.
    news: Changes,
}

/// The changes that reads brought.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// The API keys whose records changed.
    pub changed_keys: Vec<String>,
    /// Whether other keys may have changed: a snapshot replaced records that were not read, and it
    /// does not have the changes of keys.
    pub skipped: bool,
}

/// Why the log could not be read to its end. The records before the failure count.
#[derive(Debug)]
enum PollError {
    Unavailable(Unavailable),
    /// Somebody changed the log.
    Tampered(String),
    /// The next records are no longer in the log: a snapshot has them.
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

/// How to treat records behind missing ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gaps {
    /// Wait: a snapshot may hold the missing records, among them undoings.
    Wait,
    /// A snapshot does not hold them: events that take trust away count.
    Lack,
}

/// Returns the failure of a read whose answer leaves the replica too old to decide by.
fn too_old(age: Duration) -> Unavailable {
    Unavailable::new(format!(
        "the answer is {:.1} s old, and `interval` allows less: the relay before the store cannot read it, or \
         keeps its answers for too long",
        age.as_secs_f64()
    ))
}

/// Returns the reason for which the gate closes.
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
            times: ReadTimes::new(limits, seed.number()),
            end_known_at: None,
            failure: None,
            crowded_at: CROWDED,
            news: Changes::default(),
        };
        Self { secrets, limits, seed, latest: AtomicU64::new(0), state: RwLock::new(state) }
    }

    /// Whether it has the same secrets and limits.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.limits == other.limits && self.secrets.are(&other.secrets)
    }

    /// Returns how fresh the replica is.
    pub(crate) fn freshness(&self, now: Timestamp) -> Freshness {
        let latest =
            Timestamp::from_millis(self.latest.fetch_max(now.millis(), Ordering::Relaxed)).max(now);
        if now.plus(OUT_OF_TURN) < latest {
            self.begin_anew(now);
        }
        self.read().times.freshness(latest)
    }

    /// Makes the replica stale after the clock was set back: its age is unknown.
    fn begin_anew(&self, now: Timestamp) {
        let mut state = self.write();
        // Another request may have been faster.
        if now.plus(OUT_OF_TURN).millis() < self.latest.load(Ordering::Relaxed) {
            state.times.forget();
            state.failure = None;
            self.latest.store(now.millis(), Ordering::Relaxed);
        }
    }

    /// The time as of which the log is known.
    pub(crate) fn read_at(&self) -> Option<Timestamp> {
        self.read().times.read_at()
    }

    /// Whether a replica that was read then is too old to decide by.
    pub(crate) fn is_stale(&self, read_at: Timestamp, now: Timestamp) -> bool {
        now.since(read_at) >= self.limits.closes_after()
    }

    /// Whether a read may begin: none is running, and none failed just now.
    pub(crate) fn may_read(&self, now: Timestamp) -> bool {
        self.read().times.may_read(now)
    }

    /// Whether a request may wait for a read: none failed just now.
    pub(crate) fn may_wait(&self, now: Timestamp) -> bool {
        self.read().times.may_wait(now)
    }

    /// Why the last read failed.
    pub(crate) fn trouble(&self) -> String {
        let state = self.read();
        let why = state.failure.as_deref().unwrap_or("it was not read yet");
        match state.times.read_at() {
            Some(read_at) => format!("last read at {}: {why}", crate::audit::rfc3339_text(read_at)),
            None => why.to_owned(),
        }
    }

    /// Returns the version of an API key's record that was announced last.
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

    /// Locks the index for lookups. Do not await while it is held.
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

    /// Reads new records. A failure changes nothing, and adds a notice.
    pub(crate) async fn refresh(
        &self,
        platform: &impl Platform,
        now: Timestamp,
        notices: &mut Vec<String>,
    ) -> Result<(), Unavailable> {
        self.write().times.begin(now);
        let reading = self.catch_up(platform.revocations(), now, notices);
        let (caught_up, took) = platform.timed(reading).await;
        let mut state = self.write();
        // Other requests may have seen a later time.
        let latest = Timestamp::from_millis(self.latest.load(Ordering::Relaxed));
        let ended = latest.max(now.plus(took));
        if state.end_known_at.is_none() {
            state.end_known_at = Some(ended.plus(OUT_OF_TURN));
        }
        let read = match caught_up {
            Ok(age) if state.times.succeed(now, ended.since(now), age) => Ok(()),
            Ok(age) => Err(too_old(age)),
            Err(error) => {
                state.times.fail(now, took);
                Err(error)
            }
        };
        state.failure = read.as_ref().err().map(|error| error.0.clone());
        if let Err(error) = &read {
            notices.push(format!("revocations could not be read: {error}"));
        }
        read
    }

    /// Takes the changes since the last call, those of failed reads included.
    pub(crate) fn take_news(&self) -> Changes {
        std::mem::take(&mut self.write().news)
    }

    /// Reads the log to its end. Returns the age of the answer that had the end.
    async fn catch_up(
        &self,
        feed: &impl RevocationFeed,
        now: Timestamp,
        notices: &mut Vec<String>,
    ) -> Result<Duration, Unavailable> {
        let first = self.read().times.read_at().is_none();
        if first && self.read().knows_nothing() {
            self.load_snapshot(feed, now, notices).await?;
        }
        let age = match self.tail(feed, now).await {
            Ok(age) => age,
            Err(PollError::Behind) => {
                self.load_snapshot(feed, now, notices).await?;
                self.tail_over(feed, now, Gaps::Lack).await.map_err(unread)?
            }
            Err(trouble) => return Err(unread(trouble)),
        };
        let crowded = |state: &ReplicaState| state.trace.len() >= state.crowded_at;
        if crowded(&self.read()) {
            self.load_snapshot(feed, now, notices).await?;
            let mut state = self.write();
            state.crowded_at = CROWDED + state.trace.len();
        }
        Ok(age)
    }

    /// Reads the log to its end. Returns the age of the answer that had the end.
    async fn tail(
        &self,
        feed: &impl RevocationFeed,
        now: Timestamp,
    ) -> Result<Duration, PollError> {
        self.tail_over(feed, now, Gaps::Wait).await
    }

    async fn tail_over(
        &self,
        feed: &impl RevocationFeed,
        now: Timestamp,
        gaps: Gaps,
    ) -> Result<Duration, PollError> {
        loop {
            let place = self.read().trace.end();
            // Reads the record there again, which shows that the log is unchanged.
            let LogTail { records, age } = feed.since(place.sequence.max(1), PAGE).await?;
            if records.is_empty() && self.may_precede_end(now.minus(age), age) {
                return Ok(age);
            }
            self.take_in(place, &records, now, gaps)?;
            if records.len() < PAGE {
                return Ok(age);
            }
            if self.read().trace.end().sequence <= place.sequence {
                return Err(PollError::Tampered(
                    "ALERT: the store gives the same records again".to_owned(),
                ));
            }
        }
    }

    /// Returns whether a read of the store at this time may lack the last record that is known: it
    /// was still unknown here, or may have been. Such an answer of a relay says nothing new.
    fn may_precede_end(&self, read_at: Timestamp, age: Duration) -> bool {
        let known_at = self.read().end_known_at;
        !age.is_zero() && known_at.is_none_or(|known_at| read_at <= known_at)
    }

    /// Takes in records from a place on. Behind the first record that is not believed, or not in
    /// its place, only events that take trust away count.
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
                    // A record that was believed before was not made with another secret.
                    let read_before = record.sequence <= known_up_to;
                    let what = if read_before { format!("ALERT: {error}") } else { alert(&error) };
                    so_far = so_far.and(Err(ChainError::Tampered(what)));
                    continue;
                }
            };
            so_far = so_far.and_then(|()| state.trace.follow(&entry));
            if state.trace.end().sequence > known_up_to {
                state.end_known_at = None;
            }
            match so_far {
                Ok(()) if entry.sequence > known_up_to => state.apply(entry, true, now),
                Err(ChainError::Gap) if gaps == Gaps::Wait => {}
                Err(_) if entry.event.takes_trust_away() => state.apply(entry, false, now),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(so_far?)
    }

    /// Ignores poison: a panic elsewhere cannot leave the state half changed.
    fn read(&self) -> RwLockReadGuard<'_, ReplicaState> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, ReplicaState> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}
