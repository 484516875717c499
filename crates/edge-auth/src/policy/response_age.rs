//! How long an answer may stay open. Who may have it is decided once, before it begins: an event
//! stream, a long download or a WebSocket outlives a revocation, unless it is ended.

use std::time::Duration;

use super::Policy;
use super::compile::{Compiler, Field};
use super::schema::DurationText;

const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// A rule's `max_response_age`.
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

impl Policy {
    /// Returns the rules whose answers are to end at some age: only a gateway, through which they
    /// go, can do that.
    pub fn rules_that_end_answers(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().filter(|rule| rule.max_response_age.is_some()).map(|rule| &*rule.name)
    }

    /// Returns what the operator of a host without an upstream should know: its answers are given
    /// by others.
    pub fn answers_not_ended(&self) -> Vec<String> {
        let notice = |rule| {
            format!(
                "rule `{rule}`: `max_response_age` ends no answer here: who is only asked, by a proxy, an API gateway or an \
                 application, does not carry the answer. Have whoever carries it end it"
            )
        };
        self.rules_that_end_answers().map(notice).collect()
    }
}
