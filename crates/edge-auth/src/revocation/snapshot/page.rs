//! One look into the pages of a snapshot.

use super::manifest::{Digest, check};
use super::{SIMPLE, SnapshotReadError, simple_standing};
use crate::platform::RevocationFeed;
use crate::revocation::status::RevocationStatus;
use crate::revocation::target::LookupTag;

/// Where the pages of a snapshot have a mark, if they have it.
#[derive(Debug)]
pub(in crate::revocation) struct Hit {
    /// The snapshot's last record.
    pub sequence: u64,
    pub(super) id: String,
    /// The pages that it may be in, by the numbers of their parts: mostly one.
    pub(super) parts: Vec<(u32, Digest)>,
}

impl Hit {
    /// How a thing stands by the snapshot; `None` if the filter had it by accident.
    pub(in crate::revocation) async fn look_up(
        &self,
        feed: &impl RevocationFeed,
        mark: LookupTag,
    ) -> Result<Option<RevocationStatus>, SnapshotReadError> {
        for (number, digest) in &self.parts {
            let part = feed.snapshot_part(&self.id, *number).await?;
            let page = check(self.sequence, digest, part)?;
            let entries = page.as_chunks::<SIMPLE>().0;
            let found = entries.binary_search_by_key(&mark, |entry| simple(entry).0);
            if let Some(entry) = found.ok().and_then(|found| entries.get(found)) {
                return Ok(Some(simple_standing(simple(entry).1, self.sequence)));
            }
        }
        Ok(None)
    }
}

/// What an entry without a time says: its mark and its `until`.
pub(super) fn simple(entry: &[u8; SIMPLE]) -> (LookupTag, u64) {
    let mark = LookupTag(entry.first_chunk().copied().unwrap_or_default());
    (mark, entry.last_chunk().copied().map_or(0, u64::from_le_bytes))
}
