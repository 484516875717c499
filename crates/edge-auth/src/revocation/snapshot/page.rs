//! One look into the pages of a snapshot.

use super::error::SnapshotReadError;
use super::layout::{SIMPLE, simple, simple_status};
use super::manifest::{Digest, check_part};
use crate::platform::RevocationFeed;
use crate::revocation::status::RevocationStatus;
use crate::revocation::target::LookupTag;

/// The pages of a snapshot that may have a mark.
#[derive(Debug)]
pub(in crate::revocation) struct Hit {
    /// The snapshot's last record.
    pub sequence: u64,
    pub(super) id: String,
    /// The pages by the numbers of their parts, mostly one, with their digests.
    pub(super) parts: Vec<(u32, Digest)>,
}

impl Hit {
    /// Returns the state of a thing; `None` if the filter had its mark by accident.
    pub(in crate::revocation) async fn look_up(
        &self,
        feed: &impl RevocationFeed,
        mark: LookupTag,
    ) -> Result<Option<RevocationStatus>, SnapshotReadError> {
        for (number, digest) in &self.parts {
            let part = feed.snapshot_part(&self.id, *number).await?;
            let page = check_part(self.sequence, digest, part)?;
            let (entries, _) = page.as_chunks::<SIMPLE>();
            if let Ok(place) = entries.binary_search_by_key(&mark, |entry| simple(entry).0)
                && let Some(entry) = entries.get(place)
            {
                return Ok(Some(simple_status(simple(entry).1, self.sequence)));
            }
        }
        Ok(None)
    }
}
