//! The form of tokens and keys.

use crate::denial::{Code, Denial};

/// Reads `token68` of RFC 9110, section 11.2, the alphabet of every token and key.
pub(super) fn token68(value: &[u8]) -> Option<&str> {
    let body = value.iter().rposition(|byte| *byte != b'=')?;
    // The loop looks at every byte, without an early end, so that the compiler vectorises it.
    let mut allowed = true;
    for byte in value.get(..=body)? {
        allowed &= is_token68(*byte);
    }
    if !allowed {
        return None;
    }
    std::str::from_utf8(value).ok()
}

fn is_token68(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() | matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
}

/// Returns whether a text has the three parts of a compact token (RFC 7515, section 7.1).
pub(super) fn is_compact(text: &str) -> bool {
    text.bytes().filter(|byte| *byte == b'.').count() == 2
}

/// Removes the optional white space around a field's value (RFC 9110, section 5.5).
pub(super) fn trim(value: &[u8]) -> &[u8] {
    value.trim_ascii()
}

/// Explains why `value` is not a credential. `what` names its place.
pub(super) fn unreadable(what: &str, value: &[u8]) -> Denial {
    if let Ok(text) = std::str::from_utf8(value)
        && text.contains("=.")
        && text.split('.').count() == 3
    {
        return malformed(format!(
            "{what} is a token in base64 with padding (`=`), which a JWT must not have: an AWS load \
             balancer (ALB) writes `x-amzn-oidc-data` like that; take the issuer's own token, from \
             `x-amzn-oidc-accesstoken`"
        ));
    }
    malformed(format!("{what} is empty or unreadable"))
}

pub(super) fn malformed(reason: impl Into<String>) -> Denial {
    Denial::new(Code::CredentialMalformed, reason)
}
