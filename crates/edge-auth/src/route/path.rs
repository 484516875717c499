//! The path in its one normal form, which the rules match and the gateway forwards.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

#[cfg(test)]
mod tests;

/// The longest path in bytes, both as sent and as forwarded. The query does not count.
const MAX_PATH: usize = 8 * 1024;

/// The characters that a forwarded path percent-encodes: all but `pchar` and `/` (RFC 3986, section
/// 3.3). A `;` is a `pchar`, too, but a normal path never contains one.
const NOT_PCHAR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// A request's path, percent-decoded once, with its dot segments resolved.
///
/// It starts with `/` and keeps a trailing slash, which counts. Only the last segment can be empty.
/// A segment is never `.` or `..`, and never contains `/`, `\`, `;`, a control character, or text
/// that a second percent-decoding would change. Parsing refuses a path that two readers could
/// understand differently; it never repairs one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NormalPath(String);

impl NormalPath {
    /// Parses a request target in origin form (RFC 9112, section 3.2.1), exactly as it was sent,
    /// into its path and its query. The query is the unchanged text after the first `?`.
    ///
    /// Refuses `*` and `http://host/…`: an adapter reduces other forms of a target to this one.
    /// Bytes outside ASCII may be raw UTF-8. An adapter refuses a target that is not UTF-8 itself
    /// ([`PathRefused::NotUtf8`]).
    pub fn parse(target: &str) -> Result<(Self, Option<&str>), PathRefused> {
        match Self::parse_plain(target) {
            Some(parsed) => Ok(parsed),
            None => Self::parse_any(target),
        }
    }

    /// Parses a target whose path is its own normal form, as most are: of letters, digits, `-`, `_`,
    /// `~` and single slashes. Returns `None` for others, good or bad.
    fn parse_plain(target: &str) -> Option<(Self, Option<&str>)> {
        let bytes = target.as_bytes();
        let end = bytes.iter().position(|byte| *byte == b'?').unwrap_or(bytes.len());
        let (path, query) = target.split_at_checked(end)?;
        if !path.starts_with('/') || path.len() > MAX_PATH {
            return None;
        }
        let mut before = b' ';
        for byte in path.bytes() {
            let is_plain =
                byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~' | b'/');
            if !is_plain || (byte == b'/' && before == b'/') {
                return None;
            }
            before = byte;
        }
        if query.bytes().any(|byte| !byte.is_ascii_graphic() || byte == b'#') {
            return None;
        }
        Some((Self(path.to_owned()), query.strip_prefix('?')))
    }

    fn parse_any(target: &str) -> Result<(Self, Option<&str>), PathRefused> {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        if path.len() > MAX_PATH {
            return Err(PathRefused::TooLong);
        }
        if target.contains('#') {
            return Err(PathRefused::Fragment);
        }
        if target.contains(' ') {
            return Err(PathRefused::Space);
        }
        if let Some(query) = query
            && query.chars().any(char::is_control)
        {
            return Err(PathRefused::ControlCharacter);
        }

        let mut normal = String::with_capacity(path.len());
        for (segment, last) in segments(path)? {
            let segment = decode_once(segment)?;
            check_segment(&segment)?;
            match segment.as_ref() {
                "." => {}
                ".." => {
                    let parent = normal.rfind('/').ok_or(PathRefused::AboveRoot)?;
                    normal.truncate(parent);
                }
                name => {
                    normal.push('/');
                    normal.push_str(name);
                    continue;
                }
            }
            // `/a/b/..` is the directory `/a/`, not the file `/a` (RFC 3986, section 5.2.4).
            if last {
                normal.push('/');
            }
        }
        Ok((Self(normal).if_short()?, query))
    }

    /// Accepts a path that a host has already decoded and separated from its query, as an API
    /// Gateway HTTP API does.
    ///
    /// The decoding hides differences that [`parse`](Self::parse) sees, so this refuses dot
    /// segments and delimiters, too. It cannot see one of them: `%2f` has become a `/`.
    pub fn from_decoded(path: &str) -> Result<Self, PathRefused> {
        if path.len() > MAX_PATH {
            return Err(PathRefused::TooLong);
        }
        if path.contains(['?', '#']) {
            return Err(PathRefused::DecodedDelimiter);
        }
        for (segment, _) in segments(path)? {
            check_segment(segment)?;
            if is_dot_segment(segment) {
                return Err(PathRefused::DecodedDotSegment);
            }
        }
        Self(path.to_owned()).if_short()
    }

    /// Refuses a path whose forwarded form is longer than the limit.
    fn if_short(self) -> Result<Self, PathRefused> {
        // Encoding makes at most three bytes of one.
        if self.0.len() > MAX_PATH / 3 && self.forwarded().len() > MAX_PATH {
            return Err(PathRefused::TooLong);
        }
        Ok(self)
    }

    /// Returns the decoded path, for matching and for people. It never goes into a request.
    #[must_use]
    pub fn decoded(&self) -> &str {
        &self.0
    }

    /// Returns the path to send upstream: everything but `pchar` and `/` percent-encoded in upper
    /// case. Parsing it yields this path again.
    #[must_use]
    pub fn forwarded(&self) -> Cow<'_, str> {
        utf8_percent_encode(&self.0, NOT_PCHAR).into()
    }
}

/// Encodes a decoded segment as [`NormalPath::forwarded`] does.
pub(super) fn encode_segment(segment: &str) -> Cow<'_, str> {
    utf8_percent_encode(segment, NOT_PCHAR).into()
}

/// The reason for refusing a path (400, `path_ambiguous`). The texts never quote the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathRefused {
    /// The target does not start with `/`: the absolute form, `*`, or an empty one.
    #[error("the request target does not start with `/`; send a path")]
    NotOriginForm,
    /// The path has more than 8 KiB, as sent or as forwarded.
    #[error("the path is over 8 KiB; shorten it")]
    TooLong,
    /// A raw `#`, which never belongs in a request.
    #[error("the request target contains a `#`; send a literal `#` as `%23`, and no fragment")]
    Fragment,
    /// A raw space, where an HTTP/1.1 request line would end.
    #[error("the request target contains a raw space; send it as `%20`")]
    Space,
    /// A `%` without two hexadecimal digits after it.
    #[error("the path contains a `%` without two hexadecimal digits; send a literal `%` as `%25`")]
    BadEscape,
    /// Bytes, raw or percent-encoded, that are not UTF-8.
    #[error("the decoded path is not UTF-8; encode its text as UTF-8")]
    NotUtf8,
    /// `%2f`, which is a separator to one reader and a character to another.
    #[error("the path contains an encoded slash (`%2f`); send no slash inside a segment")]
    EncodedSlash,
    /// `\` or `%5c`, which is a separator to some servers.
    #[error("the path contains a backslash, raw or as `%5c`; separate segments with `/`")]
    Backslash,
    /// `//`, which some servers merge into one slash and others do not.
    #[error("the path contains an empty segment (`//`); send one slash")]
    EmptySegment,
    /// U+0000, raw or as `%00`.
    #[error("the path contains a NUL character; remove it")]
    Nul,
    /// Another control character (C0, DEL, C1), raw or encoded; in the query, raw only.
    #[error("the request target contains a control character; remove it")]
    ControlCharacter,
    /// `;` or `%3b`, where some servers cut a parameter off before they match.
    #[error("the path contains a `;`, raw or as `%3b`; send parameters in the query")]
    PathParameter,
    /// A `..` at the root.
    #[error("a `..` in the path climbs above the root; send the path without dot segments")]
    AboveRoot,
    /// The decoded path still has an escape: an upstream that decodes again sees another path.
    #[error("the path is percent-encoded twice (as `%252f`); encode it once")]
    EncodedTwice,
    /// A dot segment in an already decoded path: it may have been part of a segment with `%2f`.
    #[error(
        "the path contains a `.` or `..` segment, which this host cannot tell from an encoded one; \
         send the path without dot segments"
    )]
    DecodedDotSegment,
    /// A `?` or `#` in an already decoded path: the gate does not know how it reaches the upstream.
    #[error(
        "the path contains `?` or `#`, which this host cannot tell from an encoded one; send neither"
    )]
    DecodedDelimiter,
    /// A dot segment in a path that is forwarded unchanged: the upstream may take it literally.
    #[error(
        "the path contains a dot segment (`.`, `..`) and is forwarded unchanged; send it resolved"
    )]
    DotSegmentForwarded,
    /// An escape in a literal part of the rule's path, in a path that is forwarded unchanged: an
    /// upstream that does not decode it sees another path.
    #[error(
        "the path escapes a literal part of the rule's path and is forwarded unchanged; send that \
         part without escapes"
    )]
    EscapeForwarded,
}

/// Removes an endpoint's prefix (`/authorize`) from a raw request target. Returns `None` if the
/// target does not start with it. A trailing slash of the prefix does not count.
///
/// Call it *before* [`NormalPath::parse`], so that dot segments cannot climb over the prefix:
/// `/authorize/../healthz` becomes `/../healthz`, which parsing refuses. It removes the prefix in
/// exactly this spelling only. The prefix alone becomes an empty path, which parsing refuses, too:
/// a missing path never means `/`.
#[must_use]
pub fn cut_prefix<'t>(target: &'t str, prefix: &str) -> Option<&'t str> {
    let rest = target.strip_prefix(prefix.trim_end_matches('/'))?;
    if rest.is_empty() || rest.starts_with(['/', '?']) { Some(rest) } else { None }
}

/// Returns whether a raw request target has dot segments, as `..` or `%2e%2e`.
#[must_use]
pub fn has_dot_segments(target: &str) -> bool {
    let path = target.split('?').next().unwrap_or_default();
    path.split('/')
        .any(|segment| decode_once(segment).is_ok_and(|segment| is_dot_segment(&segment)))
}

/// Refuses characters that a decoded segment must not contain. Literals of patterns must pass, too.
pub(super) fn check_segment(decoded: &str) -> Result<(), PathRefused> {
    for character in decoded.chars() {
        match character {
            '/' => return Err(PathRefused::EncodedSlash),
            '\\' => return Err(PathRefused::Backslash),
            ';' => return Err(PathRefused::PathParameter),
            '\0' => return Err(PathRefused::Nul),
            other if other.is_control() => return Err(PathRefused::ControlCharacter),
            _ => {}
        }
    }
    // Every escape counts, not only that of a `/`: decoded twice, `%2561dmin` is `admin`.
    for bytes in decoded.as_bytes().windows(3) {
        if let [b'%', high, low] = bytes
            && hex(*high).is_some()
            && hex(*low).is_some()
        {
            return Err(PathRefused::EncodedTwice);
        }
    }
    Ok(())
}

pub(super) fn is_dot_segment(segment: &str) -> bool {
    matches!(segment, "." | "..")
}

/// Splits a path into segments, each with a flag for the last one. Only the last may be empty.
fn segments(path: &str) -> Result<impl Iterator<Item = (&str, bool)>, PathRefused> {
    let relative = path.strip_prefix('/').ok_or(PathRefused::NotOriginForm)?;
    if path.contains("//") {
        return Err(PathRefused::EmptySegment);
    }
    let mut segments = relative.split('/').peekable();
    Ok(std::iter::from_fn(move || {
        let segment = segments.next()?;
        Some((segment, segments.peek().is_none()))
    }))
}

/// Percent-decodes one segment strictly. A character cannot span two segments.
fn decode_once(raw: &str) -> Result<Cow<'_, str>, PathRefused> {
    if !raw.contains('%') {
        return Ok(Cow::Borrowed(raw));
    }
    let mut decoded = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let high = bytes.next().and_then(hex).ok_or(PathRefused::BadEscape)?;
        let low = bytes.next().and_then(hex).ok_or(PathRefused::BadEscape)?;
        decoded.push(high << 4 | low);
    }
    match String::from_utf8(decoded) {
        Ok(decoded) => Ok(Cow::Owned(decoded)),
        Err(_) => Err(PathRefused::NotUtf8),
    }
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
