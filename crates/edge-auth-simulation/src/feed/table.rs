//! The table of a host's scenarios.

use std::fmt::Write as _;

use crate::feed::model::{Measured, Setting};
use crate::feed::scenario::Scenario;
use crate::feed::{Host, SECOND};

/// Returns the table.
pub(super) fn of(setting: &Setting, rows: &[(Scenario, Measured)]) -> String {
    let Setting { instances, colos, relays, heads, limits, requests, behind, .. } = setting;
    let (title, what) = match setting.host {
        Host::Workers => (
            format!(
                "Workers: {instances} isolates, {colos} colos with {relays} relay each, which answers for {:.1} s",
                setting.relay_keeps as f64 / SECOND as f64
            ),
            "requests/s of the Durable Object",
        ),
        Host::Lambda => (
            format!(
                "Lambda: {instances} functions, {heads} copies of the log's end, {behind} records behind the snapshot"
            ),
            "units/s of the busiest partition",
        ),
    };
    let mut table = format!(
        "\n{title}\n{requests} requests/s each, bound {} s, interval {} s\n{:<36} {:>10} {:>32} {:>9} {:>12} {:>18}\n",
        limits.bound.as_secs_f64(),
        limits.interval.as_secs_f64(),
        "",
        "reads/s",
        what,
        "of limit",
        "refused in",
        "closed"
    );
    for (scenario, measured) in rows {
        let closed = match measured.closed {
            0 => "nothing".to_owned(),
            closed => format!(
                "{:.1} % for {:.1} s",
                closed as f64 * 100.0 / *instances as f64,
                measured.longest_closed as f64 / SECOND as f64
            ),
        };
        let verdict = if measured.holds(scenario, setting) { "" } else { "  ✗" };
        let _ = writeln!(
            table,
            "{:<36} {:>10.0} {:>32} {:>7.0} % {:>10.1} s {:>18}{verdict}",
            scenario.name,
            measured.requests,
            format!("mean {:.0}, peak {:.0}", measured.mean, measured.peak),
            measured.peak * 100.0 / measured.limit,
            measured.worst_age as f64 / SECOND as f64,
            closed
        );
    }
    table
}
