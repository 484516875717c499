//! Patterns of principal ids: the `subjects` of a rule.

use serde::{Deserialize, Serialize};

/// A pattern: `jwt:corp:alice`, or `key:partners:*` with a `*` at the end.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) enum SubjectPattern {
    Exactly(String),
    BeginsWith(String),
}

impl SubjectPattern {
    /// Whether the pattern matches a principal's id.
    pub(crate) fn matches(&self, id: &str) -> bool {
        match self {
            Self::Exactly(own) => own == id,
            Self::BeginsWith(prefix) => id.starts_with(prefix.as_str()),
        }
    }
}
