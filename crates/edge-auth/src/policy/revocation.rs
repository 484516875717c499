//! `[revocation]`, compiled: how fast a revocation takes effect, how old the feed and the record of
//! a key may be, and how long tokens live.

use std::time::Duration;

use edge_auth_token::{Timestamp, Validation};

use super::compiler::{Compiler, Field};
use super::{Policy, schema};
use crate::revocation::RevocationLimits;

const DEFAULT_BOUND: Duration = Duration::from_secs(30);
/// The default of `interval`. While requests come, the feed is read again after half of it: 20 times
/// a minute.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(6);
/// The time for which the record of an API key is believed without a feed, if the bound is not
/// shorter.
const MAX_KEY_RECORD_AGE: Duration = Duration::from_secs(10);
/// The time for which the record of an API key is believed with a feed, which announces changes.
const MAX_FED_KEY_RECORD_AGE: Duration = Duration::from_secs(5 * 60);

/// `[revocation]`.
#[derive(Debug, Clone)]
pub(crate) struct RevocationPolicy {
    pub limits: RevocationLimits,
    /// The names of the secrets, the current one first; empty where there is no feed.
    pub secrets: Vec<String>,
}

/// Compiles `[revocation]`; every mistake is reported to `compiler`.
pub(super) fn compile(
    compiler: &mut Compiler<'_>,
    source: schema::RevocationTable,
) -> RevocationPolicy {
    let at = |field: &'static str| Field::single("revocation", field);
    let bound = source.bound.map_or(DEFAULT_BOUND, |span| span.0);
    let before = compiler.mistakes();
    if bound < Duration::from_secs(1) || bound > Duration::from_secs(3600) {
        compiler.error(at("bound"), "is between 1 second and 1 hour");
    }
    if source.secret.is_none() {
        for (field, span) in
            [("interval", source.interval), ("gateway_cache", source.gateway_cache)]
        {
            if span.is_some() {
                compiler.error(at(field), "is about the revocation feed: name its `secret`, too");
            }
        }
    }
    let gateway_cache = source.gateway_cache.map_or(Duration::ZERO, |span| span.0);
    let rest = bound.saturating_sub(gateway_cache);
    let interval = source.interval.map_or(DEFAULT_INTERVAL.min(rest), |span| span.0);
    let limits = RevocationLimits { bound, interval, gateway_cache };
    // An invalid `bound` was reported already.
    if compiler.mistakes() == before {
        if interval < Duration::from_secs(1) {
            compiler
                .error(at("interval"), "is at least 1 second, which the bound must leave room for");
        } else if !limits.fit() {
            let field = if source.interval.is_some() { "interval" } else { "gateway_cache" };
            compiler.error(at(field), &exceeded(&limits));
        }
    }
    let secrets = source.secret.map_or_else(Vec::new, |names| {
        if !names.retired.is_empty() {
            compiler.error(
                at("secret"),
                "has no `retired`: list older secrets in `previous`, or leave them out",
            );
        }
        std::iter::once(names.current).chain(names.previous).collect()
    });
    RevocationPolicy { limits, secrets }
}

/// Says by which stages the sum exceeds the bound.
fn exceeded(limits: &RevocationLimits) -> String {
    let RevocationLimits { bound, interval, gateway_cache } = *limits;
    format!(
        "the stages exceed the bound of {} s: store 0 s + interval {} s + gateway cache {} s = {} s",
        bound.as_secs_f64(),
        interval.as_secs_f64(),
        gateway_cache.as_secs_f64(),
        interval.saturating_add(gateway_cache).as_secs_f64(),
    )
}

impl Policy {
    /// Returns the revocation bound, and the stages that lead to it.
    pub fn revocation_limits(&self) -> RevocationLimits {
        self.revocation.limits
    }

    /// Whether there is a revocation feed, because `[revocation]` names a `secret`.
    pub fn has_revocation_feed(&self) -> bool {
        !self.revocation.secrets.is_empty()
    }

    /// Returns how long an API key's record is believed without being read again. A feed brings
    /// changes at once; then this is only for writes to the store that the feed does not have.
    pub fn key_record_age(&self) -> Duration {
        match self.has_revocation_feed() {
            true => MAX_FED_KEY_RECORD_AGE,
            false => MAX_KEY_RECORD_AGE.min(self.revocation.limits.bound),
        }
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

    /// Returns how long tokens with this `iss` that exist now can stay good, by any block; `None`
    /// if one of the blocks has no `max_lifetime`.
    pub(crate) fn longest_token(&self, iss: &str) -> Option<Duration> {
        let longest = self.blocks_of(iss).map(|expected| {
            // Either clock may be ahead.
            Some(expected.max_lifetime?.saturating_add(expected.clock_skew.saturating_mul(2)))
        });
        longest.collect::<Option<Vec<_>>>()?.into_iter().max()
    }

    /// Returns the first `iat` that every block with this `iss` refuses now: it is ahead of now by
    /// more than the largest `clock_skew` of the blocks.
    pub(crate) fn first_future_iat(&self, iss: &str, now: Timestamp) -> Timestamp {
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
