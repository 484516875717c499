//! Snapshots of the log, made.

use std::collections::HashMap;

use edge_auth_token::Timestamp;

use super::chain::{Cursor, PAGE};
use super::ledger::{ATTEMPTS, RevocationLedger};
use super::ledger_error::LedgerError;
use super::replay::{LogReplay, SnapshotBase};
use super::snapshot::{Manifest, Snapshot, SnapshotContent, SnapshotReadError};
use super::status::RevocationStatus;
use super::target::LookupTag;
use crate::platform::{Randomness, RevocationLog, SnapshotRecord};

/// With so many records behind the last snapshot, and a quarter of what it holds, a new one is
/// made.
const DUE: u64 = 2000;
/// However much a snapshot holds: what came after it is in the memory of every instance, and takes
/// three times as much of it.
const OVERDUE: u64 = 50_000;

/// With so many revocations a snapshot is made only when somebody asks for it: 24 MB are read and
/// written.
const MAX_INLINE_COMPACTION: u64 = 1_000_000;

impl<L: RevocationLog> RevocationLedger<'_, L> {
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
        match behind >= due(held) {
            true if held > MAX_INLINE_COMPACTION => Err(LedgerError::NeedsOfflineCompaction(held)),
            true => self.compact(randomness, now).await.map(drop),
            false => Ok(()),
        }
    }

    /// Makes a snapshot of the last one and what came after it, and drops from the log what has
    /// expired. While there is an older secret, the whole log is read instead, and what was entered
    /// with it is entered again before, so that the older one is needed no more. How many things
    /// the snapshot holds is returned.
    pub async fn compact(
        &self,
        randomness: &(impl Randomness + ?Sized),
        now: Timestamp,
    ) -> Result<usize, LedgerError> {
        let base = self.base().await?;
        let held_up_to = base.as_ref().map(|base| base.end.sequence);
        let ancestors = base.as_ref().map(SnapshotBase::ancestors_of_next).unwrap_or_default();
        let (content, end) = if self.secrets.has_previous() {
            self.renewed(base, now).await?
        } else {
            self.continued(base, now).await?
        };
        let held = content.held();
        // Without anything new, there is no newer snapshot to be made.
        if end != Cursor::START && held_up_to != Some(end.sequence) {
            self.put(content, (end, ancestors), randomness).await?;
        }
        while self.log.forget(end.sequence, now, PAGE).await? == PAGE {}
        Ok(held)
    }

    /// The last snapshot, if it is to be believed. If it is not, the log must be whole.
    async fn base(&self) -> Result<Option<SnapshotBase>, LedgerError> {
        for _ in 0..ATTEMPTS {
            let Some(record) = self.log.snapshot().await? else { return Ok(None) };
            match self.read_base(&record).await {
                Ok(base) => return Ok(Some(base)),
                Err(SnapshotReadError::Unavailable(error)) => return Err(error.into()),
                Err(SnapshotReadError::NotBelieved(_))
                    if self.log.snapshot().await?.as_ref() == Some(&record) =>
                {
                    return Ok(None);
                }
                // Its parts were dropped meanwhile: there is a newer one.
                Err(SnapshotReadError::NotBelieved(_)) => {}
            }
        }
        Err(LedgerError::Conflict)
    }

    async fn read_base(&self, record: &SnapshotRecord) -> Result<SnapshotBase, SnapshotReadError> {
        let snapshot = Snapshot::read(self.log, &self.secrets, record).await?;
        let content = snapshot.content(self.log).await?;
        let Snapshot { end, secret, ancestors, .. } = snapshot;
        Ok(SnapshotBase { content, end, secret, ancestors })
    }

    /// What a snapshot holds, with what came after it.
    async fn continued(
        &self,
        base: Option<SnapshotBase>,
        now: Timestamp,
    ) -> Result<(SnapshotContent, Cursor), LedgerError> {
        let (mut content, start) = base
            .map_or((SnapshotContent::default(), Cursor::START), |base| (base.content, base.end));
        let mut newer: HashMap<LookupTag, RevocationStatus> = HashMap::new();
        let mut end = start;
        loop {
            let records = self.log.since(end.sequence.max(1), PAGE).await?;
            let (place, entries) = end.follow(&self.secrets, &records)?;
            for entry in &entries {
                if let Some(status) = RevocationStatus::of(entry) {
                    let known = newer.get(&entry.mark).copied();
                    let known = known.or_else(|| content.status(entry.mark, start.sequence));
                    newer.insert(entry.mark, status.after(known));
                }
            }
            end = place;
            if records.len() < PAGE {
                content.update(&newer, now);
                return Ok((content, end));
            }
        }
    }

    /// What all that is in the log comes to, when the current secret says all of it. Nothing is
    /// entered again behind what somebody else said meanwhile.
    async fn renewed(
        &self,
        base: Option<SnapshotBase>,
        now: Timestamp,
    ) -> Result<(SnapshotContent, Cursor), LedgerError> {
        let mut replay = LogReplay::upon(base);
        for _ in 0..ATTEMPTS {
            self.read_on(&mut replay).await?;
            match replay.taken_out(&self.secrets, now) {
                0 => {}
                taken_out => return Err(LedgerError::TakenOut(taken_out)),
            }
            let outdated = replay.outdated(now);
            if outdated.is_empty() {
                return Ok((replay.content(now), replay.end()));
            }
            self.append_after(replay.end(), &outdated).await?;
        }
        Err(LedgerError::Conflict)
    }

    async fn put(
        &self,
        content: SnapshotContent,
        (end, ancestors): (Cursor, Vec<Cursor>),
        randomness: &(impl Randomness + ?Sized),
    ) -> Result<(), LedgerError> {
        let mut salt = [0; 3];
        randomness.fill(&mut salt)?;
        let [a, b, c] = salt;
        // Ids are in the order of sequences: parts of lesser ones belong to no snapshot any more.
        let id = end.sequence << 24 | u64::from(u32::from_be_bytes([0, a, b, c]));
        let id = format!("{id:016x}");
        let written =
            content.write(&self.secrets, &id, end, ancestors).ok_or(LedgerError::TooLarge)?;
        for (number, part) in (0..).zip(written.parts()) {
            self.log.put_snapshot_part(&id, number, &part).await?;
        }
        // Somebody else's is as good.
        let _ = self.log.put_snapshot(written.record()).await?;
        Ok(())
    }
}

/// How many records behind a snapshot that holds so much a new one is made.
fn due(held: u64) -> u64 {
    (held / 4).clamp(DUE, OVERDUE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_due_after_a_quarter_more_but_before_memory_is_full_of_what_is_new() {
        assert_eq!([0, 10_000, 100_000, 10_000_000].map(due), [2000, 2500, 25_000, 50_000]);
    }
}
