//! The longest time that an answer may stay open. The gate decides once, before the answer begins:
//! an event stream, a long download or a WebSocket outlives a revocation unless the gateway ends
//! it.

use std::time::Duration;

use super::mistakes::{Compiler, Field};
use super::schema::DurationText;

const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Compiles a rule's `max_response_age`.
pub(super) fn max_response_age(
    compiler: &mut Compiler<'_>,
    at: Field,
    source: Option<DurationText>,
) -> Option<Duration> {
    let DurationText(age) = source?;
    if !(SHORTEST..=LONGEST).contains(&age) {
        compiler.error(
            at,
            "is between 1s and 24h; leave it out to let answers stay open as long as they like",
        );
    }
    Some(age)
}
