//! Parses path patterns, and explains the spellings of other systems.

use super::super::path::{check_segment, is_dot_segment};
use super::{PathPattern, PatternError, Segment};

impl PathPattern {
    /// Parses a pattern. Refuses a literal that a [`NormalPath`](crate::route::NormalPath) never
    /// contains.
    pub fn parse(pattern: &str) -> Result<Self, PatternError> {
        let relative = pattern.strip_prefix('/').ok_or(PatternError::NoSlash)?;
        let mut parsed = Self { segments: Vec::new(), rest: None };
        let mut segments = relative.split('/').peekable();
        while let Some(segment) = segments.next() {
            let last = segments.peek().is_none();
            let braced = segment.strip_prefix('{').and_then(|inner| inner.strip_suffix('}'));
            if let Some(inner) = braced
                && let Some(name) = foreign_rest(inner)
            {
                return Err(PatternError::ForeignRest { segment: segment.to_owned(), name });
            }
            if let Some(inner) = braced
                && let Some(name) = inner.strip_prefix('*')
            {
                if !last {
                    return Err(PatternError::RestNotLast(name.to_owned()));
                }
                parsed.rest = Some(parsed.new_name(name)?);
            } else if let Some((prefix, name, suffix)) = around_capture(segment) {
                check_around(segment, prefix, suffix)?;
                let name = parsed.new_name(name)?;
                parsed.segments.push(Segment::Capture {
                    prefix: prefix.to_owned(),
                    name,
                    suffix: suffix.to_owned(),
                });
            } else if segment.is_empty() && !last {
                return Err(PatternError::EmptySegment);
            } else {
                check_literal(segment)?;
                parsed.segments.push(Segment::Literal(segment.to_owned()));
            }
        }
        Ok(parsed)
    }

    /// Checks a capture's name.
    fn new_name(&self, name: &str) -> Result<String, PatternError> {
        let starts_well =
            name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_');
        if !starts_well || !name.bytes().all(is_name_byte) {
            return Err(PatternError::Name(name.to_owned()));
        }
        for segment in &self.segments {
            if let Segment::Capture { name: other, .. } = segment
                && other == name
            {
                return Err(PatternError::DuplicateName(name.to_owned()));
            }
        }
        Ok(name.to_owned())
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-')
}

/// Splits a segment with one capture: the text before it, its name, the text after it.
fn around_capture(segment: &str) -> Option<(&str, &str, &str)> {
    let (prefix, rest) = segment.split_once('{')?;
    let (name, suffix) = rest.split_once('}')?;
    for part in [prefix, name, suffix] {
        if part.contains(['{', '}']) {
            return None;
        }
    }
    if name.starts_with('*') { None } else { Some((prefix, name, suffix)) }
}

/// Checks that the text around a capture can occur in a path, and that every reader separates it
/// from the captured text.
fn check_around(segment: &str, prefix: &str, suffix: &str) -> Result<(), PatternError> {
    if suffix.starts_with(|first: char| first.is_alphanumeric()) {
        return Err(PatternError::Suffix(segment.to_owned()));
    }
    if prefix.starts_with(':') {
        return Err(PatternError::ForeignWildcard(segment.to_owned()));
    }
    for part in [prefix, suffix] {
        // On its own, a part may look like a dot segment or a wildcard; in a segment it does not.
        check_literal(&format!("a{part}a")).map_err(|error| error.of_segment(segment))?;
    }
    Ok(())
}

/// Returns the name of a capture of all remaining segments in the syntax of another system:
/// `proxy+` (API Gateway), `path...` (Go), `path:.*` (gorilla), `path:path` (Starlette), `**path`
/// (Spring).
fn foreign_rest(braced: &str) -> Option<String> {
    if braced == "*" {
        return None;
    }
    let name = without_foreign_ending(braced)
        .or_else(|| braced.strip_prefix("**"))
        .or_else(|| braced.strip_prefix('+'))?;
    let name = name.trim_start_matches('*').to_ascii_lowercase().replace('-', "_");
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
        return Some("rest".to_owned());
    }
    Some(name)
}

fn without_foreign_ending(braced: &str) -> Option<&str> {
    for ending in ["+", "...", "…", ":path", ":.*", ":.+", "*"] {
        if let Some(name) = braced.strip_suffix(ending) {
            return Some(name);
        }
    }
    None
}

fn check_literal(segment: &str) -> Result<(), PatternError> {
    let named = segment.to_owned();
    if is_dot_segment(segment) {
        return Err(PatternError::DotSegment(named));
    }
    if segment.contains('%') {
        return Err(PatternError::Percent(named));
    }
    if segment.contains(['?', '#']) {
        return Err(PatternError::Delimiter(named));
    }
    if segment.contains(['{', '}']) {
        return Err(PatternError::Brace(named));
    }
    if segment.contains('*') || segment.starts_with(':') {
        return Err(PatternError::ForeignWildcard(named));
    }
    check_segment(segment).map_err(|reason| PatternError::Unmatchable { segment: named, reason })
}
