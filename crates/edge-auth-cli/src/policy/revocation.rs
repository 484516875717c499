//! The part of `policy check` about revocation: the stages until every host refuses a revoked
//! credential.

use std::io::{self, Write};

use edge_auth::Policy;
use edge_auth::revocation::HostStages;
use serde::Serialize;

/// The speed of a policy's revocations.
#[derive(Serialize)]
pub(super) struct RevocationReport {
    bound_seconds: f64,
    /// Whether there is a feed: whether `[revocation]` names a secret.
    feed: bool,
    /// The sum of the stages for each host; empty without a feed.
    hosts: Vec<HostStages>,
    /// The time until a change of a key is seen; `None` with a feed.
    api_key_seconds: Option<f64>,
    tokens: bool,
    certificates: bool,
}

impl RevocationReport {
    pub(super) fn of(policy: &Policy) -> Self {
        let (limits, feed) = (policy.revocation_limits(), policy.has_revocation_feed());
        let keys = policy.api_key_blocks().next().filter(|_| !feed);
        Self {
            bound_seconds: limits.bound.as_secs_f64(),
            feed,
            hosts: if feed { limits.stages() } else { Vec::new() },
            api_key_seconds: keys.map(|_| policy.key_record_age().as_secs_f64()),
            tokens: policy.issuers().next().is_some(),
            certificates: policy.client_cert_blocks().next().is_some(),
        }
    }

    pub(super) fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "revocation, bound {} s:", self.bound_seconds)?;
        for stages in &self.hosts {
            let HostStages {
                host,
                store_seconds,
                interval_seconds,
                gateway_cache_seconds,
                sum_seconds,
            } = stages;
            write!(
                out,
                "  {host}: {sum_seconds} s (store {store_seconds} s + feed {interval_seconds} s"
            )?;
            match *gateway_cache_seconds {
                0.0 => writeln!(out, ")")?,
                seconds => writeln!(out, " + gateway cache {seconds} s)")?,
            }
        }
        if self.feed {
            writeln!(
                out,
                "  Workers, KV alone: best effort, no bound (60 s or more; the platform guarantees none)"
            )?;
            return writeln!(
                out,
                "  if the feed is not read for {} s, requests are refused",
                self.bound_seconds
            );
        }
        if let Some(seconds) = self.api_key_seconds {
            writeln!(out, "  API keys: {seconds} s (store 0 s + cached record {seconds} s)")?;
        }
        if self.tokens {
            writeln!(
                out,
                "  tokens: until they expire, or their signing key leaves the issuer's key set"
            )?;
        }
        if self.certificates {
            writeln!(
                out,
                "  certificates: until they expire, or their authority leaves the policy"
            )?;
        }
        writeln!(
            out,
            "  to revoke all of them within the bound, name a `[revocation] secret`, which switches the feed on"
        )
    }
}
