//! Parses the `identity` of a `[[client_cert]]`.

use std::fmt;

use super::{Identity, Pattern, email, is_host, is_segment};
use crate::certificate::name::attribute_type;

/// A mistake in an identity of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdentityError(String);

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Identity {
    /// Parses URIs; `*` may be the whole of the path that follows: `spiffe://example.com/*`.
    pub(crate) fn uris(patterns: &[String]) -> Result<Self, IdentityError> {
        let uri = |text: &String| match text.strip_suffix("/*") {
            Some(front) if is_uri(front, true) => {
                Ok(Pattern::Open(format!("{front}/"), String::new()))
            }
            None if is_uri(text, false) => Ok(Pattern::Exactly(text.clone())),
            None if is_urn(text) => Ok(Pattern::Exactly(text.clone())),
            _ => Err(wrong(
                text,
                "a URI like \"spiffe://example.com/agent\" or \"spiffe://example.com/*\"",
            )),
        };
        list(patterns, uri).map(Self::SanUri)
    }

    /// Parses host names; `*` may be the whole first label: `*.devices.example.com`.
    pub(crate) fn hosts(patterns: &[String]) -> Result<Self, IdentityError> {
        let host = |text: &String| {
            let lower = text.to_ascii_lowercase();
            match lower.strip_prefix("*.") {
                Some(rest) if rest.contains('.') && is_host(rest) => {
                    Ok(Pattern::Open(String::new(), format!(".{rest}")))
                }
                None if is_host(&lower) => Ok(Pattern::Exactly(lower)),
                _ => Err(wrong(
                    text,
                    "a host name, or \"*.\" before a host name of at least two labels",
                )),
            }
        };
        list(patterns, host).map(Self::SanDns)
    }

    /// Parses e-mail addresses; `*` may be the whole local part: `*@example.com`.
    pub(crate) fn emails(patterns: &[String]) -> Result<Self, IdentityError> {
        let email = |text: &String| match text.split_once('@') {
            Some(("*", host)) if is_host(&host.to_ascii_lowercase()) => {
                Ok(Pattern::Open(String::new(), format!("@{}", host.to_ascii_lowercase())))
            }
            Some((local, _)) if local != "*" => {
                email(text).map(Pattern::Exactly).ok_or_else(|| wrong(text, "an e-mail address"))
            }
            _ => Err(wrong(text, "an e-mail address, or \"*@\" before a host name")),
        };
        list(patterns, email).map(Self::SanEmail)
    }

    /// Parses a field of the subject, by its short name or object identifier: `CN`.
    pub(crate) fn subject(field: &str, one_of: Option<&[String]>) -> Result<Self, IdentityError> {
        let Some(oid) = attribute_type(field) else {
            return Err(wrong(field, "a field of the subject, like \"CN\" or \"UID\""));
        };
        if one_of.is_some_and(|values| values.is_empty() || values.iter().any(String::is_empty)) {
            return Err(IdentityError(
                "has no value, or an empty one, in `one_of`, which matches no certificate"
                    .to_owned(),
            ));
        }
        Ok(Self::Subject { field: oid, one_of: one_of.unwrap_or_default().to_vec() })
    }
}

fn list(
    patterns: &[String],
    parse: impl Fn(&String) -> Result<Pattern, IdentityError>,
) -> Result<Vec<Pattern>, IdentityError> {
    if patterns.is_empty() {
        return Err(IdentityError("is an empty list, which matches no certificate".to_owned()));
    }
    patterns.iter().map(parse).collect()
}

/// Returns whether this is a URI in visible characters; before a wildcard, of plain segments only.
fn is_uri(text: &str, front: bool) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let (host, path) = rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
    // A trust domain is in lower case (SPIFFE ID, section 2.1); upper case would never match.
    let is_domain = scheme != "spiffe" || !host.bytes().any(|byte| byte.is_ascii_uppercase());
    let visible = text.bytes().all(|byte| (0x21..0x7F).contains(&byte) && byte != b'*');
    let open = front
        && (host.contains(['?', '#']) || !path.is_none_or(|path| path.split('/').all(is_segment)));
    !scheme.is_empty()
        && scheme.bytes().all(|byte| byte.is_ascii_lowercase())
        && !host.is_empty()
        && is_domain
        && visible
        && !open
}

/// Returns whether this is `urn:`, a namespace and a name (RFC 8141, section 2).
fn is_urn(text: &str) -> bool {
    let Some((namespace, name)) = text.strip_prefix("urn:").and_then(|rest| rest.split_once(':'))
    else {
        return false;
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (2..=32).contains(&namespace.len())
        && namespace.bytes().all(plain)
        && !namespace.starts_with('-')
        && !namespace.ends_with('-')
        && !name.is_empty()
        && name.bytes().all(|byte| (0x21..0x7F).contains(&byte) && byte != b'*')
}

fn wrong(text: &str, wanted: &str) -> IdentityError {
    IdentityError(format!("`{text}` is not {wanted}"))
}
