//! The content of a snapshot, and how it is written.

use std::collections::HashMap;
use std::hash::BuildHasher;

use edge_auth_token::Timestamp;

use super::layout::{
    PAGE, SIMPLE, SimpleEntry, SnapshotEntry, TIMED, TimedEntry, decode_until, simple,
    simple_status, timed, timed_status,
};
use super::manifest::{Manifest, digest_of};
use crate::platform::{SNAPSHOT_PART_BYTES, SnapshotRecord};
use crate::revocation::chain::Cursor;
use crate::revocation::entry::Entry;
use crate::revocation::filter::FilterLayout;
use crate::revocation::secrets::RevocationSecrets;
use crate::revocation::status::{RevocationStatus, StatusKind, has_meaning};
use crate::revocation::target::{LookupTag, Target};

/// The entries of a snapshot. Each mark is in it once.
#[derive(Debug, Default)]
pub struct SnapshotContent {
    timed: Vec<TimedEntry>,
    simple: Vec<SimpleEntry>,
}

/// A snapshot for a store, which keeps its parts first and then its record.
#[derive(Debug)]
pub struct WrittenSnapshot {
    record: SnapshotRecord,
    index: Vec<u8>,
    simple: Vec<SimpleEntry>,
}

impl SnapshotContent {
    /// Adds that something is revoked for good. Call it once for each thing.
    pub fn revoke(&mut self, secrets: &RevocationSecrets, target: &Target) {
        if let Some(secret) = secrets.current() {
            let state = StatusKind::Revoked { before: target.before() };
            let status = RevocationStatus { sequence: 0, state, until: None };
            self.put(secret.mark(target.key()), status);
        }
    }

    /// Writes the snapshot of a log that ends with this entry; `None` if it is more than the
    /// format can hold.
    pub fn written(
        self,
        secrets: &RevocationSecrets,
        id: &str,
        last: &Entry,
    ) -> Option<WrittenSnapshot> {
        self.write(secrets, id, Cursor { sequence: last.sequence, link: last.link }, Vec::new())
    }

    pub(super) fn timed(entries: &[[u8; TIMED]]) -> Self {
        Self { timed: entries.iter().map(timed).collect(), simple: Vec::new() }
    }

    pub(super) fn push_page(&mut self, page: &[u8]) {
        self.simple.extend(page.as_chunks::<SIMPLE>().0.iter().map(simple));
    }

    /// The number of entries.
    pub fn held(&self) -> usize {
        self.timed.len() + self.simple.len()
    }

    /// Adds the state of a thing. Call it once for each mark.
    pub fn put(&mut self, mark: LookupTag, status: RevocationStatus) {
        match SnapshotEntry::of(mark, status) {
            Some(SnapshotEntry::Timed(entry)) => self.timed.push(entry),
            Some(SnapshotEntry::Simple(entry)) => self.simple.push(entry),
            None => {}
        }
    }

    /// Returns the state of a thing, as of the snapshot's last record. Works only on content that
    /// was read and not changed since, which is sorted.
    pub fn status(&self, mark: LookupTag, sequence: u64) -> Option<RevocationStatus> {
        if let Ok(place) = self.timed.binary_search_by_key(&mark, |(mark, ..)| *mark) {
            let (_, time, until) = self.timed.get(place)?;
            return Some(timed_status(*time, *until, sequence));
        }
        let place = self.simple.binary_search_by_key(&mark, |(mark, _)| *mark).ok()?;
        let (_, until) = self.simple.get(place)?;
        Some(simple_status(*until, sequence))
    }

    /// Every mark whose entry still counts.
    pub fn marks(&self, now: Timestamp) -> impl Iterator<Item = LookupTag> {
        let timed = self.timed.iter().map(|(mark, _, until)| (*mark, *until));
        timed
            .chain(self.simple.iter().copied())
            .filter(move |(_, until)| has_meaning(decode_until(*until), now))
            .map(|(mark, _)| mark)
    }

    /// Replaces the entries of things whose state is newer, and drops lapsed entries.
    pub fn update<S: BuildHasher>(
        &mut self,
        newer: &HashMap<LookupTag, RevocationStatus, S>,
        now: Timestamp,
    ) {
        let stays = |mark: &LookupTag, until: u64| {
            has_meaning(decode_until(until), now) && !newer.contains_key(mark)
        };
        self.timed.retain(|(mark, _, until)| stays(mark, *until));
        self.simple.retain(|(mark, until)| stays(mark, *until));
        for (mark, status) in newer {
            if status.counts(now) {
                self.put(*mark, *status);
            }
        }
    }

    /// Writes the snapshot of a log up to `end`; `None` if it is more than the format can hold.
    pub fn write(
        mut self,
        secrets: &RevocationSecrets,
        id: &str,
        end: Cursor,
        ancestors: Vec<Cursor>,
    ) -> Option<WrittenSnapshot> {
        self.timed.sort_unstable();
        self.simple.sort_unstable();
        let layout = FilterLayout::of(self.simple.len())?;
        let mut index = Vec::with_capacity(self.timed.len() * TIMED + layout.bytes());
        for (mark, time, until) in &self.timed {
            index.extend_from_slice(&mark.0);
            index.extend_from_slice(&time.to_le_bytes());
            index.extend_from_slice(&until.to_le_bytes());
        }
        layout.write(self.simple.iter().map(|(mark, _)| *mark), &mut index);
        let manifest = Manifest {
            end,
            ancestors,
            secret: secrets.current()?.id().clone(),
            id: id.to_owned(),
            timed: self.timed.len(),
            layout,
            index: index.chunks(SNAPSHOT_PART_BYTES).map(digest_of).collect(),
            pages: self.simple.chunks(PAGE).map(|entries| digest_of(&page(entries))).collect(),
        };
        Some(WrittenSnapshot { record: manifest.seal(secrets)?, index, simple: self.simple })
    }
}

impl WrittenSnapshot {
    /// The record, to be stored after all parts.
    pub fn record(&self) -> &SnapshotRecord {
        &self.record
    }

    /// The parts in their order.
    pub fn parts(&self) -> impl Iterator<Item = Vec<u8>> {
        let index = self.index.chunks(SNAPSHOT_PART_BYTES).map(<[u8]>::to_vec);
        index.chain(self.simple.chunks(PAGE).map(page))
    }
}

fn page(entries: &[SimpleEntry]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(entries.len() * SIMPLE);
    for (mark, until) in entries {
        bytes.extend_from_slice(&mark.0);
        bytes.extend_from_slice(&until.to_le_bytes());
    }
    bytes
}
