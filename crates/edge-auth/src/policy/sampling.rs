//! `[audit]`: which decisions the audit log has.

use serde::{Deserialize, Serialize};

use super::Policy;

/// `[audit]`, compiled. Refusals, administrative actions and warnings are always logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize, Serialize)]
pub(crate) struct Sampling {
    /// The share of allowed decisions that are logged, from 0 to 1; `None` is the host's default.
    pub allowed: Option<f64>,
}

impl Policy {
    /// Returns the share of allowed decisions that are logged, from 0 to 1; `None` is the host's
    /// default. Refusals are always logged.
    pub fn allowed_decisions_logged(&self) -> Option<f64> {
        self.sampling.allowed
    }
}
