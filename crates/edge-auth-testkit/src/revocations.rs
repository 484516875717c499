//! The revocation feed in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use edge_auth::platform::{
    LogTail, MaybeSend, RevocationFeed, RevocationRecord, SnapshotRecord, Unavailable,
};
use edge_auth_control::store::{RevocationLog, WriteOutcome};
use edge_auth_token::Timestamp;

use crate::delays::Barrier;

/// A feed that counts its reads, and can be held up or switched off. Its readers take turns. Clones
/// share the feed.
#[derive(Debug, Clone, Default)]
pub struct MemoryRevocations {
    state: Arc<Mutex<LogState>>,
    read_lock: Arc<futures::lock::Mutex<()>>,
    barrier: Barrier,
}

/// The whole content of a feed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct StoredLog {
    /// The records, by their sequence.
    pub records: BTreeMap<u64, RevocationRecord>,
    /// The newest snapshot.
    pub snapshot: Option<SnapshotRecord>,
    /// The parts of snapshots, by their ids and indexes.
    pub parts: BTreeMap<(String, u32), Vec<u8>>,
}

#[derive(Debug, Default)]
struct LogState {
    stored: StoredLog,
    reads: u64,
    unavailable: Option<Unavailable>,
    /// What `since` answers from, and how old that is.
    relay: Option<(StoredLog, Duration)>,
}

impl MemoryRevocations {
    /// Creates an empty feed.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the number of reads through all clones, including those that returned `Unavailable`.
    pub fn reads(&self) -> u64 {
        self.state().reads
    }

    /// Makes every later operation fail with this detail and change nothing.
    pub fn set_unavailable(&self, detail: impl Into<String>) {
        self.state().unavailable = Some(Unavailable::new(detail));
    }

    /// Makes the feed available again. The records are still there.
    pub fn set_available(&self) {
        self.state().unavailable = None;
    }

    /// Changes the stored content as an attacker with write access could: the records by their
    /// sequence, and the parts of snapshots by their ids and indexes.
    pub fn tamper(
        &self,
        with: impl FnOnce(&mut BTreeMap<u64, RevocationRecord>, &mut BTreeMap<(String, u32), Vec<u8>>),
    ) {
        let StoredLog { records, parts, .. } = &mut self.state().stored;
        with(records, parts);
    }

    /// Returns a copy of the whole content.
    pub fn stored(&self) -> StoredLog {
        self.state().stored.clone()
    }

    /// Replaces the whole content.
    pub fn put_back(&self, stored: StoredLog) {
        self.state().stored = stored;
    }

    /// Makes every later [`since`](RevocationFeed::since) answer from this content with this age, as
    /// a relay does; `None` makes it read the feed itself again.
    pub fn set_relay(&self, answers: Option<(StoredLog, Duration)>) {
        self.state().relay = answers;
    }

    /// Returns the barrier at which reads wait before they begin.
    pub fn barrier(&self) -> &Barrier {
        &self.barrier
    }

    fn state(&self) -> MutexGuard<'_, LogState> {
        // No operation leaves the state half changed, so a panic elsewhere does not matter.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn reading(&self) -> Result<MutexGuard<'_, LogState>, Unavailable> {
        self.barrier.pass().await;
        let mut state = self.state();
        state.reads += 1;
        state.answerable()?;
        Ok(state)
    }

    fn writing(&self) -> Result<MutexGuard<'_, LogState>, Unavailable> {
        let state = self.state();
        state.answerable()?;
        Ok(state)
    }
}

impl LogState {
    fn answerable(&self) -> Result<(), Unavailable> {
        match &self.unavailable {
            Some(unavailable) => Err(unavailable.clone()),
            None => Ok(()),
        }
    }
}

impl RevocationFeed for MemoryRevocations {
    async fn acquire_read_lock(&self) -> impl MaybeSend {
        Arc::clone(&self.read_lock).lock_owned().await
    }

    async fn since(&self, first: u64, limit: usize) -> Result<LogTail, Unavailable> {
        let state = self.reading().await?;
        let (stored, age) = match &state.relay {
            Some((stored, age)) => (stored, *age),
            None => (&state.stored, Duration::ZERO),
        };
        let records = stored.records.range(first..).take(limit);
        Ok(LogTail { records: records.map(|(_, record)| record.clone()).collect(), age })
    }

    async fn marked(&self, mark: &str) -> Result<Vec<RevocationRecord>, Unavailable> {
        let state = self.reading().await?;
        let records = state.stored.records.values();
        Ok(records.filter(|record| record.mark == mark).cloned().collect())
    }

    async fn snapshot(&self) -> Result<Option<SnapshotRecord>, Unavailable> {
        Ok(self.reading().await?.stored.snapshot.clone())
    }

    async fn snapshot_part(&self, id: &str, index: u32) -> Result<Option<Vec<u8>>, Unavailable> {
        Ok(self.reading().await?.stored.parts.get(&(id.to_owned(), index)).cloned())
    }
}

impl RevocationLog for MemoryRevocations {
    async fn append(&self, records: &[RevocationRecord]) -> Result<WriteOutcome, Unavailable> {
        let mut state = self.writing()?;
        let next = state.stored.records.last_key_value().map_or(1, |(newest, _)| newest + 1);
        if !(next..).zip(records).all(|(sequence, record)| record.sequence == sequence) {
            return Ok(WriteOutcome::Conflict);
        }
        state.stored.records.extend(records.iter().map(|record| (record.sequence, record.clone())));
        Ok(WriteOutcome::Stored)
    }

    async fn newest(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<RevocationRecord>, Unavailable> {
        let state = self.writing()?;
        let range = state.stored.records.range(..before.unwrap_or(u64::MAX)).rev();
        Ok(range.map(|(_, record)| record.clone()).take(limit).collect())
    }

    async fn put_snapshot_part(
        &self,
        id: &str,
        index: u32,
        bytes: &[u8],
    ) -> Result<(), Unavailable> {
        self.writing()?.stored.parts.insert((id.to_owned(), index), bytes.to_vec());
        Ok(())
    }

    async fn put_snapshot(&self, snapshot: &SnapshotRecord) -> Result<WriteOutcome, Unavailable> {
        let mut state = self.writing()?;
        if state.stored.snapshot.as_ref().is_some_and(|newest| newest.sequence >= snapshot.sequence)
        {
            return Ok(WriteOutcome::Conflict);
        }
        state.stored.snapshot = Some(snapshot.clone());
        state.stored.parts.retain(|(id, _), _| *id >= snapshot.id);
        Ok(WriteOutcome::Stored)
    }

    async fn forget(
        &self,
        before: u64,
        now: Timestamp,
        limit: usize,
    ) -> Result<usize, Unavailable> {
        let mut state = self.writing()?;
        let earlier = state.stored.records.range(..before);
        let expired = earlier.filter(|(_, record)| record.expires_at.is_some_and(|at| at <= now));
        let expired: Vec<u64> = expired.map(|(sequence, _)| *sequence).take(limit).collect();
        for sequence in &expired {
            state.stored.records.remove(sequence);
        }
        Ok(expired.len())
    }
}
