//! The path patterns of rules: `/v1/orders/{id}/{*rest}`.

use std::fmt;

use super::path::{NormalPath, PathRefused, check_segment, is_dot_segment};

/// The named segments of a path that matched, in the pattern's order: `("id", "42")`, decoded.
pub type Captures<'a> = Vec<(&'a str, &'a str)>;

/// A pattern of paths, segment by segment, case-sensitive:
///
/// - a literal, written decoded (`/straße`, `/a b`), is that very segment;
/// - `{id}` is one segment that is not empty;
/// - `{id}:cancel`, `v{version}`, `{name}.json` are one segment with text around what is not empty;
/// - `{*rest}`, last only, is whatever remains: `/files/{*rest}` matches `/files`, `/files/`,
///   `/files/a` and `/files/a/b/`.
///
/// A trailing slash is a segment of its own: `/a` and `/a/` do not match each other's paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPattern {
    segments: Vec<Segment>,
    rest: Option<String>,
}

/// One segment of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    /// Empty only as the last of a pattern, for its trailing slash.
    Literal(String),
    /// Any text that is not empty, between two that may be.
    Capture {
        /// What stands before it, decoded.
        prefix: String,
        /// What it is called.
        name: String,
        /// What stands after it, decoded. It begins neither with a letter nor with a digit: `%41`
        /// would end with `41` for whoever reads it raw.
        suffix: String,
    },
}

impl PathPattern {
    /// Parses a pattern. A literal that no [`NormalPath`] can hold is refused.
    pub fn parse(pattern: &str) -> Result<Self, PatternError> {
        let relative = pattern.strip_prefix('/').ok_or(PatternError::NoSlash)?;
        let mut parsed = Self { segments: Vec::new(), rest: None };
        let mut segments = relative.split('/').peekable();
        while let Some(segment) = segments.next() {
            let last = segments.peek().is_none();
            let braced = segment.strip_prefix('{').and_then(|inner| inner.strip_suffix('}'));
            if let Some(name) = braced.and_then(foreign_rest) {
                return Err(PatternError::ForeignRest { segment: segment.to_owned(), name });
            }
            if let Some(name) = braced.and_then(|inner| inner.strip_prefix('*')) {
                if !last {
                    return Err(PatternError::RestNotLast(name.to_owned()));
                }
                parsed.rest = Some(parsed.new_name(name)?);
            } else if let Some((prefix, name, suffix)) = around_capture(segment) {
                check_around(segment, prefix, suffix)?;
                let (prefix, name, suffix) =
                    (prefix.to_owned(), parsed.new_name(name)?, suffix.to_owned());
                parsed.segments.push(Segment::Capture { prefix, name, suffix });
            } else if segment.is_empty() && !last {
                return Err(PatternError::EmptySegment);
            } else {
                check_literal(segment)?;
                parsed.segments.push(Segment::Literal(segment.to_owned()));
            }
        }
        Ok(parsed)
    }

    /// The captures, if the path matches.
    #[must_use]
    pub fn matches<'a>(&'a self, path: &'a NormalPath) -> Option<Captures<'a>> {
        let mut captures = Captures::new();
        self.walk(path, |name, value| captures.push((name, value))).then_some(captures)
    }

    /// Whether the path matches; unlike [`matches`](Self::matches), it allocates nothing.
    pub(super) fn is_match(&self, path: &NormalPath) -> bool {
        self.walk(path, |_, _| {})
    }

    /// Whether every path that `other` matches is matched here, too: exactly that, since each
    /// segment is either one text or any, and only a rest has more than one length.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let lengths = match (&self.rest, &other.rest) {
            (Some(_), _) => self.segments.len() <= other.segments.len(),
            (None, None) => self.segments.len() == other.segments.len(),
            (None, Some(_)) => false,
        };
        lengths
            && self.segments.iter().zip(&other.segments).all(|(ours, theirs)| ours.covers(theirs))
    }

    /// Whether some path is matched both here and by `other`.
    pub(crate) fn meets(&self, other: &Self) -> bool {
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

    /// The path up to the first segment that is not literal, and its number of segments: `/v1/a`
    /// and 2 for `/v1/a/{id}`. Every path that matches starts with these very segments.
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

    /// The segments, but for a rest.
    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whether more segments may follow.
    pub(crate) fn has_rest(&self) -> bool {
        self.rest.is_some()
    }

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

    fn new_name(&self, name: &str) -> Result<String, PatternError> {
        let mut bytes = name.bytes();
        let starts = bytes.next().is_some_and(|first| first.is_ascii_lowercase() || first == b'_');
        if !starts
            || !bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b))
        {
            return Err(PatternError::Name(name.to_owned()));
        }
        let taken = |segment: &Segment| matches!(segment, Segment::Capture { name: other, .. } if other == name);
        if self.segments.iter().any(taken) {
            return Err(PatternError::DuplicateName(name.to_owned()));
        }
        Ok(name.to_owned())
    }
}

impl Segment {
    /// Whether it matches this decoded segment of a path.
    pub(crate) fn is_match(&self, value: &str) -> bool {
        match self {
            Self::Literal(literal) => literal == value,
            Self::Capture { prefix, suffix, .. } => between(value, prefix, suffix).is_some(),
        }
    }

    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Literal(theirs)) => self.is_match(theirs),
            (Self::Literal(_), Self::Capture { .. }) => false,
            (
                Self::Capture { prefix, suffix, .. },
                Self::Capture { prefix: their_prefix, suffix: their_suffix, .. },
            ) => their_prefix.starts_with(prefix) && their_suffix.ends_with(suffix),
        }
    }

    fn meets(&self, other: &Self) -> bool {
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

/// What stands between two texts, if it is not empty.
pub(super) fn between<'a>(value: &'a str, prefix: &str, suffix: &str) -> Option<&'a str> {
    let inner = value.strip_prefix(prefix)?.strip_suffix(suffix)?;
    (!inner.is_empty()).then_some(inner)
}

/// The parts of a segment with one capture in it: what is before, its name, what is after.
fn around_capture(segment: &str) -> Option<(&str, &str, &str)> {
    let (prefix, rest) = segment.split_once('{')?;
    let (name, suffix) = rest.split_once('}')?;
    let more = [prefix, name, suffix].iter().any(|part| part.contains(['{', '}']));
    (!more && !name.starts_with('*')).then_some((prefix, name, suffix))
}

/// Whether text around a capture can stand in a path, and is told apart from what it stands around
/// by every reader.
fn check_around(segment: &str, prefix: &str, suffix: &str) -> Result<(), PatternError> {
    if suffix.starts_with(|first: char| first.is_alphanumeric()) {
        return Err(PatternError::Suffix(segment.to_owned()));
    }
    if prefix.starts_with(':') {
        return Err(PatternError::ForeignWildcard(segment.to_owned()));
    }
    for part in [prefix, suffix] {
        // Alone these would be dot segments, or look like wildcards; here they are neither.
        check_literal(&format!("a{part}a")).map_err(|error| error.of_segment(segment))?;
    }
    Ok(())
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

/// Why a rule's `path` is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Not `/…`.
    #[error(
        "a path pattern starts with `/`; `/{{*rest}}` matches every path, and methods go into `methods`"
    )]
    NoSlash,
    /// `//`: no request with it is let through.
    #[error("the pattern holds an empty segment (`//`); write one slash")]
    EmptySegment,
    /// `.` or `..`: these are resolved before anything is matched.
    #[error("the segment {0:?} never matches, as dot segments are resolved first; leave it out")]
    DotSegment(String),
    /// A `%`: paths are matched decoded.
    #[error("the segment {0:?} holds `%`; write the path decoded")]
    Percent(String),
    /// A `?` or `#`: patterns are of the path alone.
    #[error("the segment {0:?} holds `?` or `#`; a rule matches the path alone")]
    Delimiter(String),
    /// A `*` or a leading `:`, the wildcards of other systems.
    #[error(
        "the segment {0:?} looks like a wildcard; write `{{name}}` for one segment, `{{*rest}}` for all that remain"
    )]
    ForeignWildcard(String),
    /// `{proxy+}` and the like: how other systems write `{*proxy}`.
    #[error(
        "the segment {segment:?} is how other systems write it; write `{{*{name}}}` for all that remain"
    )]
    ForeignRest {
        /// The segment as written.
        segment: String,
        /// What to name it here.
        name: String,
    },
    /// A brace that is not part of a capture, or a second capture in a segment.
    #[error(
        "the segment {0:?} holds a brace; write one capture in a segment, `{{name}}`, `v{{name}}` or `{{name}}.json`, and \
         `{{*rest}}` alone"
    )]
    Brace(String),
    /// A letter or digit after a capture.
    #[error(
        "the segment {0:?} goes on with a letter or digit after its capture; part them, as in `{{id}}:cancel`"
    )]
    Suffix(String),
    /// Another text that no path holds when it comes to be matched.
    #[error("the segment {segment:?} never matches: {reason}")]
    Unmatchable {
        /// The segment as written.
        segment: String,
        /// Why a request with it is refused.
        reason: PathRefused,
    },
    /// A capture's name that is not `[a-z_][a-z0-9_]*`.
    #[error("the capture {0:?} has no proper name; use lower-case letters, digits and `_`")]
    Name(String),
    /// Two captures of one name.
    #[error("two captures are named {0:?}; name each differently")]
    DuplicateName(String),
    /// `{*rest}` before the end.
    #[error("`{{*{0}}}` takes all that remains; put it last")]
    RestNotLast(String),
}

impl PatternError {
    /// The same about another text, which is what a person wrote.
    fn of_segment(self, segment: &str) -> Self {
        let named = segment.to_owned();
        match self {
            Self::Percent(_) => Self::Percent(named),
            Self::Delimiter(_) => Self::Delimiter(named),
            Self::Brace(_) => Self::Brace(named),
            Self::ForeignWildcard(_) => Self::ForeignWildcard(named),
            Self::Unmatchable { reason, .. } => Self::Unmatchable { segment: named, reason },
            other => other,
        }
    }
}

/// The name of a capture that takes all that remain, as other systems write it: `proxy+` (API
/// Gateway), `path...` (Go), `path:.*` (gorilla), `path:path` (Starlette), `**path` (Spring).
fn foreign_rest(braced: &str) -> Option<String> {
    let endings = ["+", "...", "…", ":path", ":.*", ":.+", "*"];
    if braced == "*" {
        return None;
    }
    let name = endings
        .iter()
        .find_map(|ending| braced.strip_suffix(ending))
        .or_else(|| braced.strip_prefix("**").or_else(|| braced.strip_prefix('+')))?;
    let name = name.trim_start_matches('*').to_ascii_lowercase().replace('-', "_");
    let is_proper = name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') && !name.is_empty();
    Some(if is_proper { name } else { "rest".to_owned() })
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> PathPattern {
        PathPattern::parse(text).unwrap()
    }

    fn path(target: &str) -> NormalPath {
        NormalPath::parse(target).unwrap().0
    }

    fn matches(text: &str, target: &str) -> bool {
        pattern(text).matches(&path(target)).is_some()
    }

    #[test]
    fn a_literal_matches_itself_alone() {
        assert!(matches("/v1/orders", "/v1/orders"));
        assert!(matches("/", "/"));
        for other in [
            "/v1",
            "/v1/orders/",
            "/v1/orders/1",
            "/v1/Orders",
            "/V1/orders",
            "/v1/order",
            "/v1/orderss",
            "/",
        ] {
            assert!(!matches("/v1/orders", other), "{other:?}");
        }
    }

    #[test]
    fn a_literal_is_matched_decoded() {
        assert!(matches("/straße/a b", "/stra%C3%9Fe/a%20b"));
        assert!(matches("/admin", "/%61dmin"));
        assert!(!matches("/admin", "/admin%3Fx"));
    }

    #[test]
    fn a_trailing_slash_is_significant() {
        assert!(matches("/a/", "/a/") && matches("/a/", "/a/b/.."));
        assert!(!matches("/a/", "/a") && !matches("/a", "/a/"));
        assert!(matches("/{id}/", "/a/") && !matches("/{id}/", "/a"));
    }

    #[test]
    fn a_capture_is_one_segment_that_is_not_empty() {
        let orders = pattern("/v1/orders/{id}");
        assert_eq!(orders.matches(&path("/v1/orders/42")), Some(vec![("id", "42")]));
        assert_eq!(orders.matches(&path("/v1/orders/a%20b")), Some(vec![("id", "a b")]));
        for other in ["/v1/orders", "/v1/orders/", "/v1/orders/42/", "/v1/orders/42/x"] {
            assert_eq!(orders.matches(&path(other)), None, "{other:?}");
        }
    }

    #[test]
    fn a_capture_may_have_text_around_it() {
        for (text, target, value) in [
            ("/r/{name}.json", "/r/may.json", "may"),
            ("/r/{name}.json", "/r/.json.json", ".json"),
            ("/jobs/{id}:cancel", "/jobs/7:cancel", "7"),
            ("/v{version}/x", "/v2/x", "2"),
            ("/a{b}.a", "/aa.a.a", "a.a"),
            ("/{user-id}", "/7", "7"),
            ("/{n} é", "/a%20%C3%A9", "a"),
        ] {
            let (pattern, path) = (pattern(text), path(target));
            let found = pattern.matches(&path).and_then(|mut captures| captures.pop());
            assert_eq!(found.map(|(_, value)| value), Some(value), "{text} {target}");
            assert_eq!(pattern.to_string(), text);
        }
        for (text, target) in [
            ("/r/{name}.json", "/r/.json"),
            ("/r/{name}.json", "/r/may.JSON"),
            ("/r/{name}.json", "/r/may/june.json"),
            ("/r/{name}.json", "/r/may.json/"),
            ("/jobs/{id}:cancel", "/jobs/7"),
            ("/jobs/{id}:cancel", "/jobs/:cancel"),
            ("/v{version}/x", "/v/x"),
            ("/a{b}.a", "/a.a"),
        ] {
            assert!(!matches(text, target), "{text} {target}");
        }
        for text in [
            "/{a}b",
            "/{a}1",
            "/{a}\u{e9}",
            "/{a}{b}",
            "/{a}-{b}",
            "/:{a}",
            "/{a}%",
            "/{a}.*",
            "/{*r}.json",
            "/x{*r}",
            "/{a}.}",
        ] {
            assert!(PathPattern::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn captures_with_text_cover_and_meet_what_their_text_allows() {
        for (one, other, covers, meets) in [
            ("/{a}", "/{a}.json", true, true),
            ("/{a}.json", "/{a}", false, true),
            ("/{a}.json", "/{a}.x.json", true, true),
            ("/{a}.json", "/{a}.xml", false, false),
            ("/a{b}", "/ab{c}", true, true),
            ("/a{b}", "/{c}.d", false, true),
            ("/a{b}", "/b{c}", false, false),
            ("/a{b}.c", "/ab.c", true, true),
            ("/a{b}.c", "/a.c", false, false),
            ("/ab.c", "/a{b}.c", false, true),
        ] {
            let (one, other) = (pattern(one), pattern(other));
            assert_eq!((one.covers(&other), one.meets(&other)), (covers, meets), "{one} {other}");
            assert_eq!(other.meets(&one), meets, "{one} {other}");
        }
    }

    #[test]
    fn a_rest_is_zero_or_more_segments() {
        let files = pattern("/files/{*rest}");
        for (target, rest) in
            [("/files", ""), ("/files/", ""), ("/files/a", "a"), ("/files/a/b/", "a/b/")]
        {
            assert_eq!(files.matches(&path(target)), Some(vec![("rest", rest)]), "{target:?}");
        }
        for other in ["/", "/filesystem", "/file", "/files2/a", "/x/files/a"] {
            assert_eq!(files.matches(&path(other)), None, "{other:?}");
        }
        assert!(matches("/{*all}", "/") && matches("/{*all}", "/a") && matches("/{*all}", "/a/b/"));
    }

    #[test]
    fn a_rest_as_other_systems_write_it_is_refused_with_how_it_is_written_here() {
        for (written, here) in [
            ("/files/{proxy+}", "`{*proxy}`"),
            ("/{Proxy+}", "`{*proxy}`"),
            ("/{file-path+}", "`{*file_path}`"),
            ("/{9+}", "`{*rest}`"),
            ("/{+path}", "`{*path}`"),
            ("/{path...}", "`{*path}`"),
            ("/{path:.*}", "`{*path}`"),
            ("/{path:path}", "`{*path}`"),
            ("/{**path}", "`{*path}`"),
            ("/{proxy+}/more", "`{*proxy}`"),
        ] {
            let error = PathPattern::parse(written).unwrap_err().to_string();
            assert!(error.contains(here), "{written}: {error}");
        }
        assert!(PathPattern::parse("$default").unwrap_err().to_string().contains("`/{*rest}`"));
    }

    #[test]
    fn captures_come_in_the_order_of_the_pattern() {
        let all = pattern("/{tenant}/files/{_2}/{*rest}");
        assert_eq!(
            all.matches(&path("/acme/files/7/a/b")),
            Some(vec![("tenant", "acme"), ("_2", "7"), ("rest", "a/b")])
        );
        assert_eq!(all.matches(&path("/acme/files/7")).unwrap()[2], ("rest", ""));
        assert_eq!(all.matches(&path("/acme/files/")), None);
    }

    #[test]
    fn a_pattern_that_would_not_do_what_it_says_is_refused() {
        let owned = str::to_owned;
        for (text, error) in [
            ("", PatternError::NoSlash),
            ("v1", PatternError::NoSlash),
            ("//", PatternError::EmptySegment),
            ("/a//b", PatternError::EmptySegment),
            ("/a//{*rest}", PatternError::EmptySegment),
            ("/a/../b", PatternError::DotSegment(owned(".."))),
            ("/.", PatternError::DotSegment(owned("."))),
            ("/a%20b", PatternError::Percent(owned("a%20b"))),
            ("/a?b=c", PatternError::Delimiter(owned("a?b=c"))),
            ("/a#b", PatternError::Delimiter(owned("a#b"))),
            ("/a/*", PatternError::ForeignWildcard(owned("*"))),
            ("/a/**", PatternError::ForeignWildcard(owned("**"))),
            ("/a/:id", PatternError::ForeignWildcard(owned(":id"))),
            ("/{id}x", PatternError::Suffix(owned("{id}x"))),
            ("/{*rest}.json", PatternError::Brace(owned("{*rest}.json"))),
            ("/:{id}", PatternError::ForeignWildcard(owned(":{id}"))),
            ("/{id}%2e", PatternError::Percent(owned("{id}%2e"))),
            ("/{id", PatternError::Brace(owned("{id"))),
            ("/{a}-{b}", PatternError::Brace(owned("{a}-{b}"))),
            ("/{}", PatternError::Name(owned(""))),
            ("/{*}", PatternError::Name(owned(""))),
            ("/{Id}", PatternError::Name(owned("Id"))),
            ("/{1a}", PatternError::Name(owned("1a"))),
            (
                "/{**rest}",
                PatternError::ForeignRest { segment: owned("{**rest}"), name: owned("rest") },
            ),
            ("/{id}/{id}", PatternError::DuplicateName(owned("id"))),
            ("/{id}/{*id}", PatternError::DuplicateName(owned("id"))),
            ("/{*rest}/a", PatternError::RestNotLast(owned("rest"))),
            ("/{*rest}/", PatternError::RestNotLast(owned("rest"))),
        ] {
            assert_eq!(PathPattern::parse(text), Err(error), "{text:?}");
        }
        for (segment, reason) in [
            ("a;b", PathRefused::PathParameter),
            ("a\\b", PathRefused::Backslash),
            ("a\0", PathRefused::Nul),
            ("a\n", PathRefused::ControlCharacter),
        ] {
            let error = PatternError::Unmatchable { segment: owned(segment), reason };
            assert_eq!(PathPattern::parse(&format!("/{segment}")), Err(error), "{segment:?}");
        }
    }

    #[test]
    fn one_pattern_covers_another_if_it_matches_all_of_its_paths() {
        for (wide, narrow) in [
            ("/a", "/a"),
            ("/{x}", "/a"),
            ("/{x}", "/{y}"),
            ("/a/{x}", "/a/b"),
            ("/{*rest}", "/"),
            ("/{*rest}", "/a/{x}/{*rest}"),
            ("/a/{*rest}", "/a"),
            ("/a/{*rest}", "/a/"),
            ("/a/{*x}", "/a/{*y}"),
            ("/{x}/{*rest}", "/{y}"),
        ] {
            assert!(pattern(wide).covers(&pattern(narrow)), "{wide} {narrow}");
        }
        for (one, other) in [
            ("/a", "/b"),
            ("/a", "/{x}"),
            ("/a", "/a/"),
            ("/{x}", "/"),
            ("/a/{x}", "/a/"),
            ("/{x}", "/{*rest}"),
            ("/{x}/{*rest}", "/{*rest}"),
            ("/a/b/{*rest}", "/a/{*rest}"),
            ("/a/{*rest}", "/{x}/{*rest}"),
            ("/{x}/b", "/a/{y}"),
        ] {
            assert!(!pattern(one).covers(&pattern(other)), "{one} {other}");
        }
    }

    #[test]
    fn two_patterns_meet_if_one_path_matches_both() {
        for (one, other) in [
            ("/a", "/{x}"),
            ("/a/{x}", "/{y}/b"),
            ("/{*rest}", "/a/b"),
            ("/a/{*rest}", "/a"),
            ("/a/{*rest}", "/{x}/b/{*rest}"),
        ] {
            assert!(pattern(one).meets(&pattern(other)), "{one} {other}");
            assert!(pattern(other).meets(&pattern(one)), "{other} {one}");
        }
        for (one, other) in [
            ("/a", "/b"),
            ("/a", "/a/"),
            ("/{x}", "/"),
            ("/a/b/{*rest}", "/a"),
            ("/a/{x}", "/b/{*rest}"),
        ] {
            assert!(!pattern(one).meets(&pattern(other)), "{one} {other}");
            assert!(!pattern(other).meets(&pattern(one)), "{other} {one}");
        }
    }

    fn any_pattern() -> impl Strategy<Value = PathPattern> {
        let segment = prop::sample::select(vec!["a", "b", "{}"]);
        let end = prop::sample::select(vec!["", "/", "/{*rest}"]);
        (prop::collection::vec(segment, 0..4), end).prop_map(|(segments, end)| {
            let mut text = String::new();
            for (index, segment) in segments.iter().enumerate() {
                text.push('/');
                text.push_str(&segment.replace("{}", &format!("{{c{index}}}")));
            }
            text.push_str(if text.is_empty() && end.is_empty() { "/" } else { end });
            pattern(&text)
        })
    }

    /// Every path of up to five segments over an alphabet with one text that no pattern names.
    fn all_paths() -> Vec<NormalPath> {
        let mut stems = vec![String::new()];
        let mut paths = vec!["/".to_owned()];
        for _ in 0..5 {
            stems = stems
                .iter()
                .flat_map(|stem| ["a", "b", "z"].map(|s| format!("{stem}/{s}")))
                .collect();
            paths.extend(stems.iter().flat_map(|stem| [stem.clone(), format!("{stem}/")]));
        }
        paths.iter().map(|target| path(target)).collect()
    }

    #[test]
    fn covering_is_neither_too_much_nor_too_little() {
        let paths = all_paths();
        proptest!(|(one in any_pattern(), other in any_pattern())| {
            let included = paths.iter().all(|path| !other.is_match(path) || one.is_match(path));
            prop_assert_eq!(one.covers(&other), included, "{} {}", one, other);
        });
    }

    proptest! {
        #[test]
        fn no_pattern_panics_and_each_prints_as_it_parses(text in r"(/(\{\*?[a-c_]{0,2}\}|[a-c.%;* ]{0,3})){1,4}|.*") {
            if let Ok(parsed) = PathPattern::parse(&text) {
                prop_assert_eq!(parsed.to_string(), text);
            }
        }

        #[test]
        fn a_literal_pattern_can_be_requested(text in r"/[^/%]{1,5}") {
            if let Ok(parsed) = PathPattern::parse(&text) {
                let request = NormalPath::from_decoded(&text).unwrap();
                prop_assert!(!parsed.is_match(&path("/")));
                if parsed.literal_prefix().1 == 1 {
                    prop_assert!(parsed.is_match(&path(&request.forwarded())));
                }
            }
        }
    }
}
