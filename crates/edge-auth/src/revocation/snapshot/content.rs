//! What a snapshot is made of.

use std::collections::HashMap;
use std::hash::BuildHasher;

use edge_auth_token::Timestamp;

use super::manifest::{Manifest, digest_of};
use super::{
    LISTED, PAGE, SIMPLE, TIMED, WRITTEN, page, read_until, simple_standing, timed, timed_standing,
    written_until,
};
use crate::platform::{SNAPSHOT_PART_BYTES, SnapshotRecord};
use crate::revocation::chain::Cursor;
use crate::revocation::entry::Entry;
use crate::revocation::filter::FilterLayout;
use crate::revocation::secrets::RevocationSecrets;
use crate::revocation::status::{RevocationStatus, StatusKind, has_meaning};
use crate::revocation::target::{LookupTag, Target};

/// What a snapshot holds, or is to hold: each mark once.
#[derive(Debug, Default)]
pub struct SnapshotContent {
    /// Marks, times and `until`s.
    timed: Vec<(LookupTag, u64, u64)>,
    /// Marks and `until`s of what is simply revoked.
    simple: Vec<(LookupTag, u64)>,
}

/// A snapshot for a store: its parts, and then its record.
#[derive(Debug)]
pub struct WrittenSnapshot {
    record: SnapshotRecord,
    index: Vec<u8>,
    simple: Vec<(LookupTag, u64)>,
}

impl SnapshotContent {
    /// Puts in that something is revoked for good, once for each thing.
    pub fn revoke(&mut self, secrets: &RevocationSecrets, target: &Target) {
        if let Some(secret) = secrets.current() {
            let state = StatusKind::Revoked { before: target.before() };
            self.put(
                secret.mark(target.key()),
                RevocationStatus { sequence: 0, state, until: None },
            );
        }
    }

    /// As it is kept: of a log whose last entry is this. `None` if it is more than the format can
    /// hold.
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
        self.simple.extend(page.as_chunks::<SIMPLE>().0.iter().map(page::simple));
    }

    /// How many things it holds.
    pub(in crate::revocation) fn held(&self) -> usize {
        self.timed.len() + self.simple.len()
    }

    /// Puts in how a thing stands, once for each mark.
    pub(in crate::revocation) fn put(&mut self, mark: LookupTag, status: RevocationStatus) {
        let number = |number: u64| number.min(WRITTEN - 1);
        let millis = |time: Timestamp| number(time.millis());
        let until = written_until(status.until);
        match status.state {
            StatusKind::Revoked { before: None } => self.simple.push((mark, until)),
            StatusKind::Revoked { before: Some(time) } => {
                self.timed.push((mark, millis(time), until))
            }
            StatusKind::Listed { next_update } => {
                self.timed.push((mark, millis(next_update) | LISTED, until))
            }
            StatusKind::Written { version } => {
                self.timed.push((mark, number(version) | WRITTEN, until))
            }
            StatusKind::Undone => {}
        }
    }

    /// How a thing stands by a snapshot that was read and not changed since, as of its last record.
    pub(in crate::revocation) fn status(
        &self,
        mark: LookupTag,
        sequence: u64,
    ) -> Option<RevocationStatus> {
        let timed = self.timed.binary_search_by_key(&mark, |(mark, ..)| *mark).ok();
        let timed = timed.and_then(|found| self.timed.get(found));
        let simple = || self.simple.binary_search_by_key(&mark, |(mark, _)| *mark).ok();
        match timed {
            Some((_, time, until)) => Some(timed_standing(*time, *until, sequence)),
            None => self.simple.get(simple()?).map(|(_, until)| simple_standing(*until, sequence)),
        }
    }

    /// Every mark that has a meaning still.
    pub(in crate::revocation) fn marks(&self, now: Timestamp) -> impl Iterator<Item = LookupTag> {
        let timed = self.timed.iter().map(|(mark, _, until)| (*mark, *until));
        let all = timed.chain(self.simple.iter().copied());
        all.filter(move |(_, until)| has_meaning(read_until(*until), now)).map(|(mark, _)| mark)
    }

    /// Takes in how things stand now, and leaves out what has no meaning any more.
    pub(in crate::revocation) fn update<S: BuildHasher>(
        &mut self,
        newer: &HashMap<LookupTag, RevocationStatus, S>,
        now: Timestamp,
    ) {
        let stays = |mark: &LookupTag, until: u64| {
            has_meaning(read_until(until), now) && !newer.contains_key(mark)
        };
        self.timed.retain(|(mark, _, until)| stays(mark, *until));
        self.simple.retain(|(mark, until)| stays(mark, *until));
        for (mark, status) in newer.iter().filter(|(_, status)| status.counts(now)) {
            self.put(*mark, *status);
        }
    }

    /// As it is kept. `None` if it is more than the format can hold.
    pub(in crate::revocation) fn write(
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
            pages: self.simple.chunks(PAGE).map(|marks| digest_of(&written_page(marks))).collect(),
        };
        Some(WrittenSnapshot { record: manifest.written(secrets)?, index, simple: self.simple })
    }
}

impl WrittenSnapshot {
    /// To be stored last.
    pub fn record(&self) -> &SnapshotRecord {
        &self.record
    }

    /// In their order.
    pub fn parts(&self) -> impl Iterator<Item = Vec<u8>> {
        let index = self.index.chunks(SNAPSHOT_PART_BYTES).map(<[u8]>::to_vec);
        index.chain(self.simple.chunks(PAGE).map(written_page))
    }

    #[cfg(test)]
    pub(in crate::revocation) fn read_back(&self, secrets: &RevocationSecrets) -> super::Snapshot {
        Manifest::open(secrets, &self.record).unwrap().complete(self.index.clone()).unwrap()
    }
}

fn written_page(marks: &[(LookupTag, u64)]) -> Vec<u8> {
    marks.iter().flat_map(|(mark, until)| mark.0.into_iter().chain(until.to_le_bytes())).collect()
}
