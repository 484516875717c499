//! The path patterns of rules: `/v1/orders/{id}/{*rest}`.

mod error;
mod parse;
mod segment;

use std::fmt;

pub use error::PatternError;
pub use segment::Segment;
pub(super) use segment::between;

use serde::{Deserialize, Serialize};

use super::path::NormalPath;

/// The decoded values of a pattern's captures, in its order: `("id", "42")`.
pub type Captures<'a> = Vec<(&'a str, &'a str)>;

/// A case-sensitive pattern of paths. Segment by segment, it contains:
///
/// - a literal, written decoded (`/straße`, `/a b`), which matches exactly that text;
/// - `{id}`, which matches one segment that is not empty;
/// - `{id}:cancel`, `v{version}`, `{name}.json`, which match one segment with text before or after
///   a capture that is not empty;
/// - `{*rest}`, only at the end, which matches all remaining segments: `/files/{*rest}` matches
///   `/files`, `/files/`, `/files/a` and `/files/a/b/`.
///
/// A trailing slash counts: `/a` does not match `/a/`, nor the other way round.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct PathPattern {
    segments: Vec<Segment>,
    rest: Option<String>,
}

impl PathPattern {
    /// Returns the captures, if the path matches.
    #[must_use]
    pub fn matches<'a>(&'a self, path: &'a NormalPath) -> Option<Captures<'a>> {
        let mut captures = Captures::new();
        if self.walk(path, |name, value| captures.push((name, value))) {
            return Some(captures);
        }
        None
    }

    /// Returns whether the path matches, without the allocation of [`matches`](Self::matches).
    pub(super) fn is_match(&self, path: &NormalPath) -> bool {
        self.walk(path, |_, _| {})
    }

    /// Returns whether this pattern matches every path that `other` matches.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let lengths = match (&self.rest, &other.rest) {
            (Some(_), _) => self.segments.len() <= other.segments.len(),
            (None, None) => self.segments.len() == other.segments.len(),
            (None, Some(_)) => false,
        };
        lengths
            && self.segments.iter().zip(&other.segments).all(|(ours, theirs)| ours.covers(theirs))
    }

    /// Returns whether some path matches both patterns.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.segments.len(), other.segments.len());
        let lengths = match (&self.rest, &other.rest) {
            (Some(_), Some(_)) => true,
            (Some(_), None) => ours <= theirs,
            (None, Some(_)) => theirs <= ours,
            (None, None) => ours == theirs,
        };
        lengths
            && self.segments.iter().zip(&other.segments).all(|(ours, theirs)| ours.meets(theirs))
    }

    /// Returns the path before the first capture, and its number of segments: `/v1/a` and 2 for
    /// `/v1/a/{id}`. Every matching path starts with these segments.
    pub(super) fn literal_prefix(&self) -> (String, usize) {
        let mut prefix = String::new();
        let mut depth = 0;
        for segment in &self.segments {
            let Segment::Literal(literal) = segment else {
                break;
            };
            prefix.push('/');
            prefix.push_str(literal);
            depth += 1;
        }
        (prefix, depth)
    }

    /// Returns the segments before a `{*rest}`.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Returns whether the pattern ends with `{*rest}`.
    pub fn has_rest(&self) -> bool {
        self.rest.is_some()
    }

    /// Compares the path with the pattern, and passes each capture and its value to `capture`.
    fn walk<'a>(&'a self, path: &'a NormalPath, mut capture: impl FnMut(&'a str, &'a str)) -> bool {
        let mut remaining = path.decoded().strip_prefix('/');
        for segment in &self.segments {
            let Some(path) = remaining else { return false };
            let (value, after) = match path.split_once('/') {
                Some((value, after)) => (value, Some(after)),
                None => (path, None),
            };
            match segment {
                Segment::Literal(literal) => {
                    if literal != value {
                        return false;
                    }
                }
                Segment::Capture { prefix, name, suffix } => {
                    let Some(inner) = between(value, prefix, suffix) else { return false };
                    capture(name, inner);
                }
            }
            remaining = after;
        }
        match &self.rest {
            Some(name) => {
                capture(name, remaining.unwrap_or_default());
                true
            }
            None => remaining.is_none(),
        }
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.segments {
            match segment {
                Segment::Literal(literal) => write!(f, "/{literal}")?,
                Segment::Capture { prefix, name, suffix } => {
                    write!(f, "/{prefix}{{{name}}}{suffix}")?
                }
            }
        }
        match &self.rest {
            Some(name) => write!(f, "/{{*{name}}}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
