//! A snapshot in memory: its index as the store has it, and the digests of its pages.

use std::ops::Range;

use super::content::SnapshotContent;
use super::error::{SnapshotError, SnapshotReadError};
use super::layout::{PAGE, TIMED, timed, timed_status};
use super::manifest::{Digest, Manifest, check_part};
use super::page::Hit;
use crate::platform::{RevocationFeed, SnapshotRecord};
use crate::revocation::chain::Cursor;
use crate::revocation::filter::FilterLayout;
use crate::revocation::secrets::{RevocationSecrets, SecretId};
use crate::revocation::status::RevocationStatus;
use crate::revocation::target::LookupTag;

/// A snapshot without the content of its pages.
#[derive(Debug)]
pub struct Snapshot {
    /// The last record that it holds.
    pub end: Cursor,
    /// The last records of the snapshots that it was made from, the newest first.
    pub ancestors: Vec<Cursor>,
    /// The secret that its marks are made with.
    pub secret: SecretId,
    id: String,
    /// The number of timed entries.
    timed: usize,
    layout: FilterLayout,
    bytes: Vec<u8>,
    /// The number of the first page's part.
    first_page: u32,
    pages: Vec<Digest>,
}

impl Snapshot {
    /// Reads the snapshot of a record, except its pages.
    pub async fn read(
        feed: &impl RevocationFeed,
        secrets: &RevocationSecrets,
        record: &SnapshotRecord,
    ) -> Result<Self, SnapshotReadError> {
        let manifest = Manifest::open(secrets, record)?;
        let mut bytes = manifest.room();
        for (number, digest) in (0..).zip(&manifest.index) {
            let part = feed.snapshot_part(&manifest.id, number).await?;
            bytes.extend_from_slice(&check_part(manifest.end.sequence, digest, part)?);
        }
        Ok(Self::new(manifest, bytes)?)
    }

    fn new(manifest: Manifest, bytes: Vec<u8>) -> Result<Self, SnapshotError> {
        let why = "its parts do not fit together";
        let refused = SnapshotError::NotBelieved { sequence: manifest.end.sequence, why };
        let (entries, filter) =
            bytes.split_at_checked(manifest.timed_bytes()).unwrap_or((&[], &[]));
        let (entries, _) = entries.as_chunks::<TIMED>();
        let is_sorted = entries.is_sorted_by_key(|entry| timed(entry).0);
        if bytes.len() != manifest.bytes() || !is_sorted || !manifest.layout.fits(filter) {
            return Err(refused);
        }
        let Manifest { end, ancestors, secret, id, timed, layout, index, pages } = manifest;
        let first_page = u32::try_from(index.len()).map_err(|_| refused)?;
        Ok(Self { end, ancestors, secret, id, timed, layout, bytes, first_page, pages })
    }

    /// Reads all pages and returns every entry.
    pub async fn content(
        &self,
        feed: &impl RevocationFeed,
    ) -> Result<SnapshotContent, SnapshotReadError> {
        let mut content = SnapshotContent::timed(self.timed_entries());
        for (number, digest) in (self.first_page..).zip(&self.pages) {
            let part = feed.snapshot_part(&self.id, number).await?;
            content.push_page(&check_part(self.end.sequence, digest, part)?);
        }
        Ok(content)
    }

    /// Returns the state of a thing that has a timed entry.
    pub(in crate::revocation) fn exactly(&self, mark: LookupTag) -> Option<RevocationStatus> {
        let entries = self.timed_entries();
        let place = entries.binary_search_by_key(&mark, |entry| timed(entry).0).ok()?;
        let (_, time, until) = timed(entries.get(place)?);
        Some(timed_status(time, until, self.end.sequence))
    }

    /// Whether the filter has the mark: then the thing is revoked, most probably.
    pub(in crate::revocation) fn perhaps(&self, mark: LookupTag) -> bool {
        !self.positions(mark).is_empty()
    }

    /// Returns the pages that may have a mark; `None` if the filter does not have it.
    pub(in crate::revocation) fn hit(&self, mark: LookupTag) -> Option<Hit> {
        let Range { start, end } = self.positions(mark);
        if start >= end {
            return None;
        }
        let pages = start / PAGE..end.div_ceil(PAGE);
        let parts = (self.first_page..)
            .zip(self.pages.iter().copied())
            .skip(pages.start)
            .take(pages.len())
            .collect();
        Some(Hit { sequence: self.end.sequence, id: self.id.clone(), parts })
    }

    /// Where the filter has the mark. The pages have the same order.
    fn positions(&self, mark: LookupTag) -> Range<usize> {
        self.layout.positions(self.bytes.get(self.timed * TIMED..).unwrap_or_default(), mark)
    }

    fn timed_entries(&self) -> &[[u8; TIMED]] {
        self.bytes.get(..self.timed * TIMED).unwrap_or_default().as_chunks().0
    }
}

#[cfg(test)]
impl super::WrittenSnapshot {
    pub(in crate::revocation) fn read_back(&self, secrets: &RevocationSecrets) -> Snapshot {
        let manifest = Manifest::open(secrets, self.record()).unwrap();
        let bytes = self.parts().take(manifest.index.len()).flatten().collect();
        Snapshot::new(manifest, bytes).unwrap()
    }
}
