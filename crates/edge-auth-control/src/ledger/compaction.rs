//! Makes snapshots of the log, and drops lapsed records.

use std::collections::HashMap;

use edge_auth::platform::{Randomness, SnapshotRecord};
use edge_auth::revocation::SnapshotContent;
use edge_auth::revocation::log::{
    Cursor, LookupTag, Manifest, PAGE, RevocationStatus, Snapshot, SnapshotReadError,
};
use edge_auth_token::Timestamp;

use super::error::LedgerError;
use super::replay::{LogReplay, SnapshotBase};
use super::{ATTEMPTS, RevocationLedger};
use crate::store::RevocationLog;

/// A snapshot is due with so many records behind the last one, and a quarter of what it holds.
const DUE: u64 = 2000;
/// A snapshot is due with so many records, however much the last one holds: every instance keeps
/// them in memory, where they take three times as much as in a snapshot.
const OVERDUE: u64 = 50_000;

/// With more revocations than these a snapshot is made only by `revocations compact`: it reads and
/// writes 24 MB.
const MAX_INLINE_COMPACTION: u64 = 1_000_000;

impl<L: RevocationLog> RevocationLedger<'_, L> {
    /// Makes a snapshot if one is due.
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
        if behind < due(held) {
            return Ok(());
        }
        if held > MAX_INLINE_COMPACTION {
            return Err(LedgerError::NeedsOfflineCompaction(held));
        }
        self.compact(randomness, now).await?;
        Ok(())
    }

    /// Makes a snapshot from the last one and the records after it, and drops lapsed records. While
    /// the policy has a previous secret, reads the whole log instead, and first enters again what
    /// the current secret lacks, so that the previous secret can go. Returns the number of things
    /// in the snapshot.
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
        // Without new records, the last snapshot stays.
        if end != Cursor::START && held_up_to != Some(end.sequence) {
            self.put(content, (end, ancestors), randomness).await?;
        }
        while self.log.forget(end.sequence, now, PAGE).await? == PAGE {}
        Ok(held)
    }

    /// Returns the last snapshot, if it is believed. Otherwise the log must be whole.
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
                // A newer snapshot replaced it, and dropped its parts.
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

    /// Merges a snapshot with the records after it.
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
            let records = self.log.since(end.sequence.max(1), PAGE).await?.records;
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

    /// Replays the whole log, and enters again what the current secret lacks. Replays what other
    /// writers append meanwhile, too.
    async fn renewed(
        &self,
        base: Option<SnapshotBase>,
        now: Timestamp,
    ) -> Result<(SnapshotContent, Cursor), LedgerError> {
        let mut replay = LogReplay::upon(base);
        for _ in 0..ATTEMPTS {
            self.read_on(&mut replay).await?;
            let taken_out = replay.taken_out(&self.secrets, now);
            if taken_out > 0 {
                return Err(LedgerError::TakenOut(taken_out));
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
        // Ids are in the order of sequences, so that the store can drop the parts of lesser ids.
        let id = end.sequence << 24 | u64::from(u32::from_be_bytes([0, a, b, c]));
        let id = format!("{id:016x}");
        let written =
            content.write(&self.secrets, &id, end, ancestors).ok_or(LedgerError::TooLarge)?;
        for (number, part) in (0..).zip(written.parts()) {
            self.log.put_snapshot_part(&id, number, &part).await?;
        }
        // In a conflict, another administrator's snapshot is as good.
        let _ = self.log.put_snapshot(written.record()).await?;
        Ok(())
    }
}

/// The number of records after which a snapshot that holds so much is replaced.
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
