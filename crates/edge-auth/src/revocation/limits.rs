//! The bound, and the stages that it is the sum of.

use std::time::Duration;

use serde::Serialize;

/// The times of a policy's `[revocation]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevocationLimits {
    /// The promise: how long a revoked credential may still be honoured.
    pub bound: Duration,
    /// How old what is known may be for a decision; read again in the background after half of it.
    pub interval: Duration,
    /// How long API Gateway keeps an authorizer's answer.
    pub gateway_cache: Duration,
}

/// What a revocation goes through on one host until nothing honours the credential any more.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HostStages {
    /// The host and its store.
    pub host: &'static str,
    /// Until a write is seen by every reader, in seconds.
    pub store_seconds: f64,
    /// Until an instance has read it, in seconds.
    pub interval_seconds: f64,
    /// Until what a gateway remembers is asked anew, in seconds.
    pub gateway_cache_seconds: f64,
    /// All together.
    pub sum_seconds: f64,
}

impl RevocationLimits {
    /// How old what is known may be before the gate closes: the bound, less what comes after it.
    pub fn closes_after(&self) -> Duration {
        self.bound.saturating_sub(self.gateway_cache)
    }

    /// Whether the stages fit into the bound.
    pub fn fit(&self) -> bool {
        self.interval.saturating_add(self.gateway_cache) <= self.bound
    }

    /// The stages on each host whose store promises that a write is seen at once.
    pub fn stages(&self) -> Vec<HostStages> {
        let none = Duration::ZERO;
        let hosts = [
            ("native, SQLite", none),
            ("Workers, Durable Object", none),
            ("Lambda, DynamoDB", self.gateway_cache),
        ];
        let stages = |(host, cache): (&'static str, Duration)| HostStages {
            host,
            store_seconds: 0.0,
            interval_seconds: self.interval.as_secs_f64(),
            gateway_cache_seconds: cache.as_secs_f64(),
            sum_seconds: self.interval.saturating_add(cache).as_secs_f64(),
        };
        hosts.into_iter().map(stages).collect()
    }
}
