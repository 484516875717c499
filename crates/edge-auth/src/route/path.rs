//! The path in its one normal form: what the rules match is what is forwarded.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

#[cfg(test)]
mod tests;

/// The longest path, in bytes as they were sent, and as they are forwarded; the query does not
/// count.
const MAX_PATH: usize = 8 * 1024;

/// What a forwarded path percent-encodes: all but `pchar` and `/` (RFC 3986 §3.3). A `;` is a
/// `pchar`, too, but no normal path holds one.
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

/// A request's path, percent-decoded once, its dot segments resolved.
///
/// It starts with `/`; a trailing slash is kept and means something. No segment but the last is
/// empty, none is `.` or `..`, and none holds `/`, `\`, `;`, a control character, or text that a
/// second percent-decoding would change. A path that two readers could take for different ones is
/// refused instead of repaired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NormalPath(String);

impl NormalPath {
    /// Parses a request target in origin form (RFC 9112 §3.2.1), exactly as it was sent, into its
    /// path and its query. The query is what follows the first `?`, untouched.
    ///
    /// The other forms of a target are the adapter's to reduce to this one; `*` and
    /// `http://host/…` are refused. Bytes beyond ASCII may come raw, as UTF-8: an adapter whose
    /// target is not UTF-8 refuses it itself ([`PathRefused::NotUtf8`]).
    pub fn parse(target: &str) -> Result<(Self, Option<&str>), PathRefused> {
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
        if query.is_some_and(|query| query.chars().any(char::is_control)) {
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
            // `/a/b/..` is the directory `/a/`, not the file `/a` (RFC 3986 §5.2.4).
            if last {
                normal.push('/');
            }
        }
        Self(normal).if_short().map(|path| (path, query))
    }

    /// Takes a path that a host hands over already decoded and apart from its query, as an
    /// API Gateway HTTP API does.
    ///
    /// What [`parse`](Self::parse) can tell apart is lost here, and what may have been ambiguous
    /// is refused: dot segments and delimiters, too. One loss stays: `%2f` has become a `/` like
    /// any other.
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

    /// This path, unless what is forwarded of it is longer than what is read.
    fn if_short(self) -> Result<Self, PathRefused> {
        // Encoded, a byte is three at most.
        if self.0.len() > MAX_PATH / 3 && self.forwarded().len() > MAX_PATH {
            return Err(PathRefused::TooLong);
        }
        Ok(self)
    }

    /// The decoded path, for matching and for people; it never goes into a request.
    #[must_use]
    pub fn decoded(&self) -> &str {
        &self.0
    }

    /// The path to send upstream: ASCII, `pchar` and `/` as they are, all else percent-encoded
    /// in upper case. Parsing it yields this same path.
    #[must_use]
    pub fn forwarded(&self) -> Cow<'_, str> {
        utf8_percent_encode(&self.0, NOT_PCHAR).into()
    }
}

/// A decoded segment as it is forwarded.
pub(super) fn encode_segment(segment: &str) -> Cow<'_, str> {
    utf8_percent_encode(segment, NOT_PCHAR).into()
}

/// Why a path is refused (400, `path_ambiguous`). The texts name no part of the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathRefused {
    /// Not `/…`: the absolute form, `*`, or nothing at all.
    #[error("the request target does not start with `/`; send a path")]
    NotOriginForm,
    /// More than 8 KiB of path, as it was sent or as it would be forwarded.
    #[error("the path is over 8 KiB; shorten it")]
    TooLong,
    /// A raw `#`, which never belongs in a request.
    #[error("the request target holds a `#`; send the fragment's text as `%23`, or not at all")]
    Fragment,
    /// A raw space, where an HTTP/1.1 request line would end.
    #[error("the request target holds a raw space; send it as `%20`")]
    Space,
    /// A `%` that two hexadecimal digits do not follow.
    #[error("the path holds a `%` without two hexadecimal digits; send a literal `%` as `%25`")]
    BadEscape,
    /// Bytes, raw or percent-encoded, that are not UTF-8.
    #[error("the path is not UTF-8, once decoded; encode its text as UTF-8")]
    NotUtf8,
    /// `%2f`: a separator to one reader, a character to another.
    #[error("the path holds an encoded slash (`%2f`); send no slash inside a segment")]
    EncodedSlash,
    /// `\` or `%5c`: a separator to some servers.
    #[error("the path holds a backslash, raw or as `%5c`; separate segments by `/`")]
    Backslash,
    /// `//`: servers differ in whether they merge the two.
    #[error("the path holds an empty segment (`//`); send one slash")]
    EmptySegment,
    /// U+0000, raw or as `%00`.
    #[error("the path holds a NUL character; leave it out")]
    Nul,
    /// Another control character (C0, DEL, C1), raw or encoded; in the query, raw only.
    #[error("the request target holds a control character; leave it out")]
    ControlCharacter,
    /// `;` or `%3b`: some servers cut a parameter off there before they match.
    #[error("the path holds a `;`, raw or as `%3b`; send parameters in the query")]
    PathParameter,
    /// A `..` with nothing left to leave.
    #[error("a `..` in the path climbs above the root; send the path without dot segments")]
    AboveRoot,
    /// Decoded once, an escape is left: an upstream that decodes again sees another path.
    #[error("the path is percent-encoded twice (as `%252f`); encode it once")]
    EncodedTwice,
    /// A dot segment in a path handed over decoded: it may have been one text with `%2f`.
    #[error(
        "the path holds a `.` or `..` segment, which this host cannot tell from an encoded one"
    )]
    DecodedDotSegment,
    /// A `?` or `#` in a path handed over decoded: how it reaches the upstream is not known.
    #[error("the path holds `?` or `#`, which this host cannot tell from an encoded one")]
    DecodedDelimiter,
    /// A dot segment in a path that goes on as it was sent: its upstream may take it literally.
    #[error(
        "the path holds a dot segment (`.`, `..`), and goes on as it was sent; send it resolved"
    )]
    DotSegmentForwarded,
    /// An escape, in a path that goes on as it was sent, in what the rule's path writes out: an
    /// upstream that does not decode it sees another path.
    #[error(
        "the path escapes what the rule's path writes out, and goes on as it was sent; send it plainly"
    )]
    EscapeForwarded,
}

/// What is left of a raw request target after an endpoint's own prefix (`/authorize`), or `None` if
/// the target is not under it. A trailing slash of the prefix does not matter.
///
/// It comes *before* [`NormalPath::parse`], so that dot segments cannot climb back over the
/// prefix: `/authorize/../healthz` leaves `/../healthz`, which is refused. Only the prefix as it
/// is written is cut, no other spelling of it. The prefix alone leaves nothing, or a query, which
/// is refused, too: a missing path is never taken for `/`.
#[must_use]
pub fn cut_prefix<'t>(target: &'t str, prefix: &str) -> Option<&'t str> {
    let rest = target.strip_prefix(prefix.trim_end_matches('/'))?;
    (rest.is_empty() || rest.starts_with(['/', '?'])).then_some(rest)
}

/// Whether a raw request target has dot segments, as `..` or `%2e%2e`.
#[must_use]
pub fn has_dot_segments(target: &str) -> bool {
    let path = target.split('?').next().unwrap_or_default();
    path.split('/')
        .any(|segment| decode_once(segment).is_ok_and(|segment| is_dot_segment(&segment)))
}

/// What no segment may hold once it is decoded; patterns hold their literals to it, too.
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
    // Any escape counts, not only that of a `/`: read twice, `%2561dmin` is `admin`.
    let escape = |bytes: &[u8]| matches!(bytes, [b'%', a, b] if hex(*a).and(hex(*b)).is_some());
    if decoded.as_bytes().windows(3).any(escape) {
        return Err(PathRefused::EncodedTwice);
    }
    Ok(())
}

pub(super) fn is_dot_segment(segment: &str) -> bool {
    matches!(segment, "." | "..")
}

/// The segments of a path, each with whether it is the last; only the last may be empty.
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

/// Percent-decodes strictly, by segment: no character can span two of them.
fn decode_once(raw: &str) -> Result<Cow<'_, str>, PathRefused> {
    if !raw.contains('%') {
        return Ok(Cow::Borrowed(raw));
    }
    let mut decoded = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(if byte == b'%' {
            let high = bytes.next().and_then(hex).ok_or(PathRefused::BadEscape)?;
            let low = bytes.next().and_then(hex).ok_or(PathRefused::BadEscape)?;
            high << 4 | low
        } else {
            byte
        });
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
