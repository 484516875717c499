//! `[revocation]`, compiled: how fast a revocation takes effect, and how old the feed and the record
//! of a key may be.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::revocation::RevocationLimits;

/// The time for which the record of an API key is believed without a feed, if the bound is not
/// shorter.
const MAX_KEY_RECORD_AGE: Duration = Duration::from_secs(10);
/// The time for which the record of an API key is believed with a feed, which announces changes.
const MAX_FED_KEY_RECORD_AGE: Duration = Duration::from_secs(5 * 60);

/// `[revocation]`.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct RevocationPolicy {
    pub limits: RevocationLimits,
    /// The names of the secrets, the current one first; empty where there is no feed.
    pub secrets: Vec<String>,
}

impl RevocationPolicy {
    /// Returns how long an API key's record is believed without being read again. A feed brings
    /// changes at once; then this is only for writes to the store that the feed does not have.
    pub(crate) fn key_record_age(&self) -> Duration {
        match self.secrets.is_empty() {
            false => MAX_FED_KEY_RECORD_AGE,
            true => MAX_KEY_RECORD_AGE.min(self.limits.bound),
        }
    }
}
