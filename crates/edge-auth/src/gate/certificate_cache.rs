//! What was found out about certificates before: verifying a path takes a signature or more.

use std::sync::Arc;

use crate::cache::{Cache, Seed};
use crate::certificate::KnownCertificate;
use crate::denial::{Code, Denial};

/// How many refusals are kept. Fewer than good ones: anybody can make a certificate that is none.
const REFUSALS: usize = 1_000;

/// A block, and the digest of a whole chain: all that a verification depends on, but for the time.
pub(super) type CertificateDigest = (usize, [u8; 32]);

/// Certificates that were good, and refusals for what time does not mend; apart, so that a flood of
/// bad ones drives out no good one.
pub(super) struct CertificateCache {
    good: Cache<CertificateDigest, Arc<KnownCertificate>>,
    refused: Cache<CertificateDigest, Denial>,
}

impl CertificateCache {
    pub(super) fn new(capacity: usize, seed: Seed) -> Self {
        Self { good: Cache::new(capacity, seed), refused: Cache::new(REFUSALS, seed) }
    }

    /// What was found out, if anything.
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
    fn a_refusal_is_kept_unless_time_may_mend_it() {
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
