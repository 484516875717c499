//! From a written `[revocation]` to the bound, the stages that lead to it, and the secrets.

use std::time::Duration;

use super::mistakes::{Compiler, Field};
use super::schema;
use crate::policy::revocation::RevocationPolicy;
use crate::revocation::RevocationLimits;

const DEFAULT_BOUND: Duration = Duration::from_secs(30);
/// The default of `interval`. While requests come, the feed is read again after half of it: 20 times
/// a minute.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(6);

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
