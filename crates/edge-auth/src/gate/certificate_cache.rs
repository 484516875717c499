//! The results of earlier certificate verifications, each of which takes one signature or more.

use std::sync::Arc;

use crate::cache::{Cache, Seed};
use crate::certificate::KnownCertificate;
use crate::denial::{Code, Denial};

/// How many refusals are kept: fewer than good certificates, since anybody can make bad ones.
const REFUSALS: usize = 1_000;

/// The index of a block, and the digest of a whole chain: a verification depends on both, and on
/// the time.
pub(super) type CertificateDigest = (usize, [u8; 32]);

/// Good certificates, and refusals that time does not change. They are kept apart, so that a flood
/// of bad certificates evicts no good one.
pub(super) struct CertificateCache {
    good: Cache<CertificateDigest, Arc<KnownCertificate>>,
    refused: Cache<CertificateDigest, Denial>,
}

impl CertificateCache {
    pub(super) fn new(capacity: usize, seed: Seed) -> Self {
        Self { good: Cache::new(capacity, seed), refused: Cache::new(REFUSALS, seed) }
    }

    /// Returns the result of an earlier verification.
    pub(super) fn find(
        &self,
        digest: &CertificateDigest,
    ) -> Option<Result<Arc<KnownCertificate>, Denial>> {
        let good = self.good.find(digest).map(Ok);
        good.or_else(|| self.refused.find(digest).map(Err))
    }

    pub(super) fn insert(
        &self,
        digest: CertificateDigest,
        found: &Result<Arc<KnownCertificate>, Denial>,
    ) {
        match found {
            Ok(known) => self.good.insert(digest, Arc::clone(known)),
            Err(denial)
                if matches!(
                    denial.code,
                    Code::CertificateExpired | Code::CertificateNotYetValid
                ) =>
            {
                self.good.remove(&digest);
            }
            Err(denial) => self.refused.insert(digest, denial.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_kept_unless_it_depends_on_the_time() {
        let seen = CertificateCache::new(10, Seed([7; 16]));
        for (index, (code, kept)) in [
            (Code::CertificateIssuerUntrusted, true),
            (Code::CertificateInvalid, true),
            (Code::CertificateExpired, false),
            (Code::CertificateNotYetValid, false),
        ]
        .into_iter()
        .enumerate()
        {
            let digest = (index, [0; 32]);
            seen.insert(digest, &Err(Denial::new(code, "so")));
            let found = seen.find(&digest).map(|found| found.unwrap_err().code);
            assert_eq!(found, kept.then_some(code), "{code:?}");
        }
    }
}
