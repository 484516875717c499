//! The reasons for refusing a rule's `path`.

use super::super::path::PathRefused;

/// The reason for refusing a rule's `path`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// The pattern does not start with `/`.
    #[error(
        "a path pattern must start with `/`; `/{{*rest}}` matches every path; write methods into \
         `methods`"
    )]
    NoSlash,
    /// `//`, which every request is refused for.
    #[error("the pattern contains an empty segment (`//`); write one slash")]
    EmptySegment,
    /// `.` or `..`, which the gate resolves before it matches.
    #[error("the segment {0:?} never matches, because dot segments are resolved first; remove it")]
    DotSegment(String),
    /// A `%`, which never matches, because the gate decodes paths before it matches.
    #[error("the segment {0:?} contains `%`; write the path decoded")]
    Percent(String),
    /// A `?` or `#`, which do not belong to the path.
    #[error("the segment {0:?} contains `?` or `#`; a rule matches the path only: remove them")]
    Delimiter(String),
    /// A `*` or a leading `:`, the wildcards of other systems.
    #[error(
        "the segment {0:?} looks like a wildcard; write `{{name}}` for one segment, `{{*rest}}` for all \
         remaining ones"
    )]
    ForeignWildcard(String),
    /// `{proxy+}` and the like, which other systems write for `{*proxy}`.
    #[error(
        "the segment {segment:?} is the syntax of another system; write `{{*{name}}}` for all remaining \
         segments"
    )]
    ForeignRest {
        /// The segment as written.
        segment: String,
        /// The name to write instead.
        name: String,
    },
    /// A brace that is not part of a capture, or a second capture in a segment.
    #[error(
        "the segment {0:?} contains a stray brace; write one capture in a segment, `{{name}}`, \
         `v{{name}}` or `{{name}}.json`, and `{{*rest}}` alone"
    )]
    Brace(String),
    /// A letter or digit after a capture.
    #[error(
        "the segment {0:?} has a letter or digit right after its capture; separate them, as in \
         `{{id}}:cancel`"
    )]
    Suffix(String),
    /// Another text that a normal path never contains.
    #[error("the segment {segment:?} never matches: {reason}")]
    Unmatchable {
        /// The segment as written.
        segment: String,
        /// The reason for refusing a request with it.
        reason: PathRefused,
    },
    /// A capture's name that is not `[a-z_][a-z0-9_]*`.
    #[error("the capture {0:?} has an invalid name; use lower-case letters, digits and `_`")]
    Name(String),
    /// Two captures with one name.
    #[error("two captures are named {0:?}; give them different names")]
    DuplicateName(String),
    /// `{*rest}` before the end.
    #[error("`{{*{0}}}` matches all remaining segments; put it last")]
    RestNotLast(String),
}

impl PatternError {
    /// Replaces the segment by the one in the policy.
    pub(super) fn of_segment(self, segment: &str) -> Self {
        let named = segment.to_owned();
        match self {
            Self::Percent(_) => Self::Percent(named),
            Self::Delimiter(_) => Self::Delimiter(named),
            Self::Brace(_) => Self::Brace(named),
            Self::ForeignWildcard(_) => Self::ForeignWildcard(named),
            Self::Unmatchable { reason, .. } => Self::Unmatchable { segment: named, reason },
            Self::NoSlash
            | Self::EmptySegment
            | Self::DotSegment(_)
            | Self::ForeignRest { .. }
            | Self::Suffix(_)
            | Self::Name(_)
            | Self::DuplicateName(_)
            | Self::RestNotLast(_) => self,
        }
    }
}
