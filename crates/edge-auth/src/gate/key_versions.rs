//! The newest version of each API key's record that an instance saw. Someone who can write to the
//! store could put an older record back, and its MAC would be right.

use edge_auth_token::Timestamp;
use sha2::{Digest, Sha256};

use crate::cache::{Cache, Seed};
use crate::platform::ApiKeyRecord;

/// How many keys are remembered. Beyond that, those that were not used lately are forgotten first,
/// half of them at once. The versions that the revocation feed announced are never forgotten.
const REMEMBERED: usize = 20_000;

/// The versions that were seen, by the ids of the keys.
#[derive(Debug)]
pub(super) struct KeyVersions(Cache<String, Seen>);

#[derive(Debug, Clone)]
struct Seen {
    version: u64,
    digest: [u8; 32],
    /// From then on the store may have dropped the record, and a new one may begin with version 1.
    /// Read from the record's own MACed content, and never from the store.
    expires_at: Option<Timestamp>,
}

/// Why a record is not the newest one, for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotNewest {
    #[error(
        "it has the version {found}, and version {known} was written: an older record was put back"
    )]
    Older { found: u64, known: u64 },
    #[error("its version {found} was another record before: an older store was put back")]
    Other { found: u64 },
}

impl KeyVersions {
    pub(super) fn new(seed: Seed) -> Self {
        Self(Cache::new(REMEMBERED, seed))
    }

    /// Remembers a record whose MAC is right. Refuses one that is older than a record that was seen
    /// here, or than the `announced` version, and a different record with the same version: each
    /// version is written once, by compare-and-set.
    pub(super) fn take_in(
        &self,
        record: &ApiKeyRecord,
        expires_at: Option<Timestamp>,
        announced: Option<u64>,
        now: Timestamp,
    ) -> Result<(), NotNewest> {
        let found = record.version;
        let digest: [u8; 32] = Sha256::digest(&record.document).into();
        let seen = self.0.find(&record.id);
        let seen = seen.filter(|seen| seen.expires_at.is_none_or(|expires_at| now < expires_at));
        let known = seen.as_ref().map(|seen| seen.version).max(announced);
        if let Some(known) = known
            && found < known
        {
            return Err(NotNewest::Older { found, known });
        }
        if seen.is_some_and(|seen| seen.version == found && seen.digest != digest) {
            return Err(NotNewest::Other { found });
        }
        self.0.insert(record.id.clone(), Seen { version: found, digest, expires_at });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1000);
    const LAPSES: Timestamp = Timestamp::from_seconds(2000);

    fn record(version: u64, document: &str) -> ApiKeyRecord {
        ApiKeyRecord { id: "k".into(), document: document.into(), version, expires_at: None }
    }

    fn take_in(
        versions: &KeyVersions,
        record: &ApiKeyRecord,
        announced: Option<u64>,
    ) -> Result<(), NotNewest> {
        versions.take_in(record, Some(LAPSES), announced, NOW)
    }

    #[test]
    fn an_older_record_is_refused_and_the_same_and_a_newer_one_are_not() {
        let versions = KeyVersions::new(Seed([7; 16]));
        assert_eq!(take_in(&versions, &record(2, "two"), None), Ok(()));
        assert_eq!(take_in(&versions, &record(2, "two"), None), Ok(()));
        assert_eq!(
            take_in(&versions, &record(1, "one"), None),
            Err(NotNewest::Older { found: 1, known: 2 })
        );
        assert_eq!(
            take_in(&versions, &record(2, "other"), None),
            Err(NotNewest::Other { found: 2 })
        );
        assert_eq!(take_in(&versions, &record(5, "five"), None), Ok(()));
    }

    #[test]
    fn an_announced_version_counts_even_if_it_was_not_seen() {
        let versions = KeyVersions::new(Seed([7; 16]));
        let older = Err(NotNewest::Older { found: 2, known: 3 });
        assert_eq!(take_in(&versions, &record(2, "two"), Some(3)), older);
        assert_eq!(take_in(&versions, &record(3, "three"), Some(3)), Ok(()));
    }

    #[test]
    fn a_record_that_expired_may_begin_again_with_version_1() {
        let versions = KeyVersions::new(Seed([7; 16]));
        assert_eq!(take_in(&versions, &record(2, "two"), None), Ok(()));
        assert_eq!(versions.take_in(&record(1, "one"), None, None, LAPSES), Ok(()));
    }
}
