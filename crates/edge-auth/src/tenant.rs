//! Names of tenants: in an issuer's `iss`, in the records of API keys, and in rules.

/// Returns whether a text can name a tenant: it is one plain segment of a path, which every reader
/// takes for the same.
pub(crate) fn is_tenant(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=128).contains(&text.len()) && text.bytes().all(allowed) && !matches!(text, "." | "..")
}
