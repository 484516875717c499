//! What `aws lint` tells.

use serde::Serialize;

/// Something that is wrong, or may be.
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
    /// Somebody is let in who must not be, or kept out who must not be.
    Error,
    /// It depends on what no file says.
    Warning,
}
