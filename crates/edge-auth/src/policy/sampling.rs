//! `[audit]`: which decisions the audit log has.

use serde::{Deserialize, Serialize};

use super::compiler::{Compiler, Field};
use super::{Policy, schema};

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

/// Compiles `[audit]`; a mistake is reported to `compiler`.
pub(super) fn sampling(compiler: &mut Compiler<'_>, source: schema::AuditTable) -> Sampling {
    let allowed = source.allowed.filter(|share| (0.0..=1.0).contains(share));
    if source.allowed.is_some() && allowed.is_none() {
        let message = "is the share of allowed decisions that are logged: a number from 0.0 to 1.0";
        compiler.error(Field::single("audit", "allowed"), message);
    }
    Sampling { allowed }
}
