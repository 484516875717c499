//! Which credentials a request presents. Reads headers, judges nothing but their form.
//!
//! At most one of a kind: two of a kind are malformed, and none of them is picked.

use crate::denial::{Code, Denial};
use crate::request::Headers;

/// What a request presents.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Presented<'a> {
    pub token: Option<PresentedToken<'a>>,
    pub api_key: Option<&'a str>,
}

/// A token and the scheme that it came by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct PresentedToken<'a> {
    pub text: &'a str,
    /// `DPoP` (RFC 9449): the token must be bound to a key.
    pub dpop: bool,
}

/// Credentials are not shown.
impl std::fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Presented {{ token: {}, api_key: {} }}", self.token.is_some(), self.api_key.is_some())
    }
}

/// The kinds that the rule names; the others are not looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub token: bool,
    pub api_key: bool,
}

/// Reads the credentials. `api_key_header` is the header of its own for API keys; a Bearer value
/// for which `is_api_key` is true is a key and no token, since some gateways forward one header.
pub(crate) fn extract<'a>(
    headers: Headers<'a>,
    api_key_header: &str,
    wanted: Wanted,
    is_api_key: impl Fn(&str) -> bool,
) -> Result<Presented<'a>, Denial> {
    let mut presented = Presented::default();
    let authorization =
        headers.single("authorization").map_err(|_| malformed("several `Authorization` fields"))?;
    if let Some(field) = authorization {
        match authorization_credential(field)? {
            Some((Scheme::ApiKey, key)) => presented.api_key = Some(key),
            Some((Scheme::Bearer, key)) if is_api_key(key) => presented.api_key = Some(key),
            Some((scheme, text)) => {
                presented.token = Some(PresentedToken { text, dpop: scheme == Scheme::DPoP });
            }
            None => {}
        }
    }
    if !wanted.token {
        presented.token = None;
    }
    if !wanted.api_key {
        presented.api_key = None;
        return Ok(presented);
    }
    let own = headers
        .single(api_key_header)
        .map_err(|_| malformed(format!("several `{api_key_header}` fields")))?;
    if let Some(field) = own {
        if presented.api_key.is_some() {
            return Err(malformed(format!("API keys in `Authorization` and in `{api_key_header}`")));
        }
        let key = token68(trim(field))
            .ok_or_else(|| malformed(format!("`{api_key_header}` is empty or unreadable")))?;
        presented.api_key = Some(key);
    }
    Ok(presented)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Bearer,
    DPoP,
    ApiKey,
}

/// `scheme 1*SP token68` (RFC 9110, section 11.4); schemes that are not ours are no credential.
fn authorization_credential(field: &[u8]) -> Result<Option<(Scheme, &str)>, Denial> {
    let field = trim(field);
    let end = field.iter().position(|byte| *byte == b' ').unwrap_or(field.len());
    let (name, rest) = field.split_at(end);
    let schemes = [(Scheme::Bearer, "bearer"), (Scheme::DPoP, "dpop"), (Scheme::ApiKey, "apikey")];
    let Some((scheme, _)) = schemes.into_iter().find(|(_, own)| name.eq_ignore_ascii_case(own.as_bytes()))
    else {
        return Ok(None);
    };
    let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
    let value = rest.get(spaces..).and_then(token68);
    value
        .map(|value| Some((scheme, value)))
        .ok_or_else(|| malformed("the value of `Authorization` is empty or unreadable"))
}

/// `token68` of RFC 9110, section 11.2: the alphabet of every token and key.
fn token68(value: &[u8]) -> Option<&str> {
    let body = value.iter().rposition(|byte| *byte != b'=')?;
    // Every byte is looked at, whatever the ones before it are: such a loop runs many at a time.
    let allowed = value.get(..=body)?.iter().fold(true, |all, byte| all & is_token68(*byte));
    if !allowed {
        return None;
    }
    std::str::from_utf8(value).ok()
}

fn is_token68(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() | matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
}

/// Without the optional white space around a field's value (RFC 9110, section 5.5).
fn trim(value: &[u8]) -> &[u8] {
    value.trim_ascii()
}

fn malformed(reason: impl Into<String>) -> Denial {
    Denial::new(Code::CredentialMalformed, reason)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read<'a>(fields: &'a [(&'a str, &'a [u8])]) -> Result<Presented<'a>, Denial> {
        let wanted = Wanted { token: true, api_key: true };
        extract(Headers(fields), "x-api-key", wanted, |text| text.starts_with("acme_live_"))
    }

    fn refused(fields: &[(&str, &[u8])]) -> bool {
        matches!(read(fields), Err(denial) if denial.code == Code::CredentialMalformed)
    }

    #[test]
    fn schemes_are_found_in_any_case_with_any_number_of_spaces() {
        for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER   a.b.c"] {
            let fields = [("Authorization", value.as_bytes())];
            assert_eq!(read(&fields).ok().and_then(|p| p.token).map(|t| t.text), Some("a.b.c"));
        }
        let fields: [(&str, &[u8]); 1] = [("authorization", b"DPoP a.b.c")];
        assert!(read(&fields).unwrap().token.unwrap().dpop);
    }

    #[test]
    fn other_schemes_are_no_credential() {
        for value in [&b"Basic a.b.c"[..], b"Digest x", b"a.b.c", b"", b"Bearera.b.c", b"Bearer\ta.b.c"] {
            let fields = [("authorization", value)];
            assert!(read(&fields).is_ok_and(|presented| presented == Presented::default()));
        }
    }

    #[test]
    fn an_empty_or_unreadable_value_is_malformed() {
        for value in [&b"Bearer"[..], b"Bearer ", b"Bearer a b", b"Bearer \xff", b"Bearer a,b", b"ApiKey ="] {
            assert!(refused(&[("authorization", value)]), "{value:?}");
        }
        assert!(refused(&[("x-api-key", b"")]));
        assert!(refused(&[("x-api-key", b"a,b")]));
    }

    #[test]
    fn two_of_a_kind_are_malformed_wherever_they_stand() {
        assert!(refused(&[("authorization", b"Bearer a"), ("Authorization", b"Bearer a")]));
        assert!(refused(&[("authorization", b"Bearer a"), ("Authorization", b"Basic a")]));
        assert!(refused(&[("x-api-key", b"k"), ("X-API-Key", b"k")]));
        assert!(refused(&[("authorization", b"ApiKey k"), ("x-api-key", b"k")]));
        assert!(refused(&[("authorization", b"Bearer acme_live_x"), ("x-api-key", b"k")]));
    }

    #[test]
    fn a_kind_that_the_rule_does_not_name_is_not_looked_at() {
        let fields: [(&str, &[u8]); 3] =
            [("authorization", b"Bearer a.b.c"), ("x-api-key", b"k"), ("x-api-key", b"")];
        let wanted = Wanted { token: true, api_key: false };
        let presented = extract(Headers(&fields), "x-api-key", wanted, |_| false).unwrap();
        assert!(presented.token.is_some() && presented.api_key.is_none());
        let fields: [(&str, &[u8]); 1] = [("authorization", b"Bearer a.b.c")];
        let wanted = Wanted { token: false, api_key: true };
        let presented = extract(Headers(&fields), "x-api-key", wanted, |_| false).unwrap();
        assert_eq!(presented, Presented::default());
    }

    #[test]
    fn one_of_each_kind_is_both() {
        let fields: [(&str, &[u8]); 2] = [("authorization", b"Bearer a.b.c"), ("x-api-key", b"k")];
        let presented = read(&fields).unwrap();
        assert!(presented.token.is_some() && presented.api_key == Some("k"));
    }

    #[test]
    fn a_bearer_value_with_a_keys_prefix_is_a_key() {
        let fields: [(&str, &[u8]); 1] = [("authorization", b"Bearer acme_live_x")];
        let presented = read(&fields).unwrap();
        assert!(presented.token.is_none() && presented.api_key == Some("acme_live_x"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(value: Vec<u8>, key: Vec<u8>) {
            let fields = [("authorization", &value[..]), ("x-api-key", &key[..])];
            let _ = read(&fields);
        }
    }
}
