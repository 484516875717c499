//! The bound of revocation, and the stages that make it up.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The times of a policy's `[revocation]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub struct RevocationLimits {
    /// The promise: the longest time for which a revoked credential may still be accepted.
    pub bound: Duration,
    /// The greatest age of the replica for a decision. The background reads again after half of
    /// it.
    pub interval: Duration,
    /// How long API Gateway caches an authorizer's answer.
    pub gateway_cache: Duration,
}

/// The stages of a revocation on one host, until the credential is refused everywhere.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HostStages {
    /// The host and its store.
    pub host: &'static str,
    /// Seconds until every reader sees a write.
    pub store_seconds: f64,
    /// Seconds until every instance has read it.
    pub interval_seconds: f64,
    /// Seconds until a gateway's cached answers expire.
    pub gateway_cache_seconds: f64,
    /// The sum in seconds.
    pub sum_seconds: f64,
}

impl RevocationLimits {
    /// The age of the replica at which the gate closes: the bound, less the gateway's cache.
    pub fn closes_after(&self) -> Duration {
        self.bound.saturating_sub(self.gateway_cache)
    }

    /// Whether the stages fit into the bound.
    pub fn fit(&self) -> bool {
        self.interval.saturating_add(self.gateway_cache) <= self.bound
    }

    /// Whether the bound is one that a policy may have, and the stages fit into it.
    pub(crate) fn are_valid(&self) -> bool {
        let second = Duration::from_secs(1);
        let hour = Duration::from_secs(3600);
        (second..=hour).contains(&self.bound) && self.interval >= second && self.fit()
    }

    /// Returns the stages on each host whose store shows a write to every reader immediately.
    pub fn stages(&self) -> Vec<HostStages> {
        let none = Duration::ZERO;
        let hosts = [
            ("native, SQLite", none),
            ("Workers, Durable Object", none),
            ("Lambda, DynamoDB", self.gateway_cache),
        ];
        let mut stages = Vec::with_capacity(hosts.len());
        for (host, cache) in hosts {
            stages.push(HostStages {
                host,
                store_seconds: 0.0,
                interval_seconds: self.interval.as_secs_f64(),
                gateway_cache_seconds: cache.as_secs_f64(),
                sum_seconds: self.interval.saturating_add(cache).as_secs_f64(),
            });
        }
        stages
    }
}
