//! Answers what revocation asks of a compiled policy: its bound, and how long tokens live.

use std::time::Duration;

use edge_auth_token::{Timestamp, Validation};

use super::Policy;
use crate::revocation::RevocationLimits;

impl Policy {
    /// Returns the revocation bound, and the stages that lead to it.
    pub fn revocation_limits(&self) -> RevocationLimits {
        self.revocation.limits
    }

    /// Whether there is a revocation feed, because `[revocation]` names a `secret`.
    pub fn has_revocation_feed(&self) -> bool {
        !self.revocation.secrets.is_empty()
    }

    /// Returns how long an API key's record is believed without being read again.
    pub fn key_record_age(&self) -> Duration {
        self.revocation.key_record_age()
    }

    /// Returns how revocation calls the issuer that is named like this, or that has this `iss`: by
    /// its `iss`. `None` for the name of one whose tenants have an `iss` each.
    pub fn issuer_named(&self, name: &str) -> Option<String> {
        match self.issuers.iter().find(|issuer| issuer.name == name) {
            Some(issuer) => issuer.identifier.only_iss(),
            None => {
                let mut found =
                    self.issuers.iter().filter_map(|issuer| issuer.identifier.of_iss(name));
                found.next().map(|found| found.iss.into_owned())
            }
        }
    }

    /// Returns the tenant of tokens with this `iss`; `None` unless every block that accepts them
    /// has it for this tenant's.
    pub fn tenant_of_iss<'a>(&'a self, iss: &'a str) -> Option<&'a str> {
        let mut tenant = None;
        for found in self.issuers.iter().filter_map(|issuer| issuer.identifier.of_iss(iss)) {
            let found = found.tenant?;
            if tenant.is_some_and(|known| known != found) {
                return None;
            }
            tenant = Some(found);
        }
        tenant
    }

    /// Returns how long tokens with this `iss` that exist now can stay good, by any block; `None`
    /// if one of the blocks has no `max_lifetime`.
    pub fn longest_token(&self, iss: &str) -> Option<Duration> {
        let longest = self.blocks_of(iss).map(|expected| {
            // Either clock may be ahead.
            Some(expected.max_lifetime?.saturating_add(expected.clock_skew.saturating_mul(2)))
        });
        longest.collect::<Option<Vec<_>>>()?.into_iter().max()
    }

    /// Returns the first `iat` that every block with this `iss` refuses now: it is ahead of now by
    /// more than the largest `clock_skew` of the blocks.
    pub fn first_future_iat(&self, iss: &str, now: Timestamp) -> Timestamp {
        let skews = self.blocks_of(iss).map(|expected| expected.clock_skew);
        // An `iat` is taken up to and with this time, in milliseconds.
        now.plus(skews.max().unwrap_or_default()).plus(Duration::from_millis(1))
    }

    /// Returns what each block with this `iss` expects of its tokens.
    fn blocks_of(&self, iss: &str) -> impl Iterator<Item = &Validation> {
        let blocks =
            self.issuers.iter().filter(move |issuer| issuer.identifier.of_iss(iss).is_some());
        blocks.map(|issuer| &issuer.validation)
    }
}
