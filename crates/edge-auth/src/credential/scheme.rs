//! The schemes of `Authorization` (RFC 9110, section 11.4).

use super::syntax::trim;

/// A scheme that carries a credential for the gate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Bearer,
    DPoP,
    ApiKey,
}

/// Reads `scheme 1*SP token68`: the scheme, and the bytes after it. Returns `None` for other
/// schemes.
pub(super) fn scheme_of(field: &[u8]) -> Option<(Scheme, &[u8])> {
    let field = trim(field);
    let end = field.iter().position(|byte| *byte == b' ').unwrap_or(field.len());
    let (name, rest) = field.split_at(end);
    let scheme = if name.eq_ignore_ascii_case(b"bearer") {
        Scheme::Bearer
    } else if name.eq_ignore_ascii_case(b"dpop") {
        Scheme::DPoP
    } else if name.eq_ignore_ascii_case(b"apikey") {
        Scheme::ApiKey
    } else {
        return None;
    };
    Some((scheme, rest.trim_ascii_start()))
}

/// Returns the bytes after `Bearer` in an `Authorization` field.
pub fn bearer(field: &[u8]) -> Option<&[u8]> {
    match scheme_of(field)? {
        (Scheme::Bearer, rest) => Some(rest),
        (Scheme::DPoP | Scheme::ApiKey, _) => None,
    }
}
