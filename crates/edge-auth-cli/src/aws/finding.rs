//! The findings of `aws lint`.

use serde::Serialize;

/// A mistake, or a possible one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// Stable, for scripts.
    pub(super) code: &'static str,
    pub(super) severity: Severity,
    /// The authorizer or API.
    pub(super) at: String,
    pub(super) line: usize,
    /// What is wrong, and what to do.
    pub(super) message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Severity {
    /// Callers are allowed or refused against the policy.
    Error,
    /// It depends on something that the template does not say.
    Warning,
}
