//! One segment of a path pattern.

use serde::{Deserialize, Serialize};

/// One segment of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub enum Segment {
    /// A text. It is empty only at the end of a pattern, after a trailing slash.
    Literal(String),
    /// Any text that is not empty, between two texts that may be empty.
    Capture {
        /// The decoded text before it.
        prefix: String,
        /// The capture's name.
        name: String,
        /// The decoded text after it. It never begins with a letter or a digit: a reader that does
        /// not decode `%41` would see the suffix `41`.
        suffix: String,
    },
}

impl Segment {
    /// Returns whether the segment matches a decoded segment of a path.
    #[must_use]
    pub fn is_match(&self, value: &str) -> bool {
        match self {
            Self::Literal(literal) => literal == value,
            Self::Capture { prefix, suffix, .. } => between(value, prefix, suffix).is_some(),
        }
    }

    /// Returns whether the segment matches everything that `other` matches.
    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Literal(theirs)) => self.is_match(theirs),
            (Self::Literal(_), Self::Capture { .. }) => false,
            (
                Self::Capture { prefix, suffix, .. },
                Self::Capture { prefix: their_prefix, suffix: their_suffix, .. },
            ) => their_prefix.starts_with(prefix) && their_suffix.ends_with(suffix),
        }
    }

    /// Returns whether some text matches both segments.
    pub(super) fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Literal(theirs)) => self.is_match(theirs),
            (Self::Literal(ours), Self::Capture { .. }) => other.is_match(ours),
            (
                Self::Capture { prefix, suffix, .. },
                Self::Capture { prefix: their_prefix, suffix: their_suffix, .. },
            ) => {
                (their_prefix.starts_with(prefix) || prefix.starts_with(their_prefix))
                    && (their_suffix.ends_with(suffix) || suffix.ends_with(their_suffix))
            }
        }
    }
}

/// Returns the text between `prefix` and `suffix`, unless it is empty.
pub(in crate::route) fn between<'a>(value: &'a str, prefix: &str, suffix: &str) -> Option<&'a str> {
    let inner = value.strip_prefix(prefix)?.strip_suffix(suffix)?;
    if inner.is_empty() { None } else { Some(inner) }
}
