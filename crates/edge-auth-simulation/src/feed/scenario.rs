//! What happens in a simulation.

use crate::feed::{Host, Micros, SECOND};

/// How long a simulation takes.
pub(super) const END: Micros = 40 * SECOND;
/// When a failure begins. Before it, everything is steady.
const BEGIN: Micros = 10 * SECOND;

/// What happens in a simulation.
#[derive(Debug)]
pub(super) struct Scenario {
    pub name: &'static str,
    /// Whether the instances, and the relays, begin without any knowledge, as after a deployment.
    pub is_cold: bool,
    pub failure: Option<Failure>,
}

/// A failure and its time.
#[derive(Debug)]
pub(super) struct Failure {
    from: Micros,
    until: Micros,
    kind: FailureKind,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum FailureKind {
    /// The store answers nothing.
    StoreDown,
    /// The store has this share of its capacity.
    StoreThrottled(f64),
    /// This share of the relays answers nothing.
    RelaysDown(f64),
}

impl Scenario {
    /// Returns the scenarios of a host.
    pub(super) fn all(host: Host) -> Vec<Self> {
        let failing = |name, seconds, kind| {
            let failure = Failure { from: BEGIN, until: BEGIN + seconds * SECOND, kind };
            Self { name, is_cold: false, failure: Some(failure) }
        };
        let mut all = vec![
            Self { name: "steady", is_cold: false, failure: None },
            Self { name: "after a deployment, all cold", is_cold: true, failure: None },
            failing("store down for 4 s", 4, FailureKind::StoreDown),
            failing("store down for 15 s", 15, FailureKind::StoreDown),
            failing("store at a tenth for 4 s", 4, FailureKind::StoreThrottled(0.1)),
        ];
        if host == Host::Workers {
            all.push(failing(
                "a third of the relays down for 4 s",
                4,
                FailureKind::RelaysDown(0.33),
            ));
            all.push(failing("control down for 15 s", 15, FailureKind::RelaysDown(1.0)));
        }
        all
    }

    /// Returns the failure at a time.
    pub(super) fn failure_at(&self, now: Micros) -> Option<FailureKind> {
        let failure = self.failure.as_ref()?;
        (failure.from..failure.until).contains(&now).then_some(failure.kind)
    }
}
