//! Which credentials a request presents. Reads headers, judges nothing but their form.
//!
//! At most one of a kind: two of a kind are malformed, and none of them is picked.

use crate::denial::{Code, Denial};
use crate::request::Headers;

/// What a request presents.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct PresentedCredentials<'a> {
    pub token: Option<PresentedToken<'a>>,
    /// Tokens in fields of their own, one for each that an issuer has.
    pub elsewhere: Vec<PresentedToken<'a>>,
    pub api_key: Option<&'a str>,
}

/// A token and how it came.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct PresentedToken<'a> {
    pub text: &'a str,
    /// `DPoP` (RFC 9449): the token must be bound to a key.
    pub dpop: bool,
    /// The field of its own, in lower case; `None` is `Authorization`.
    pub field: Option<&'a str>,
}

/// Credentials are not shown.
impl std::fmt::Debug for PresentedCredentials<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tokens = usize::from(self.token.is_some()) + self.elsewhere.len();
        write!(f, "PresentedCredentials {{ tokens: {tokens}, api_key: {} }}", self.api_key.is_some())
    }
}

/// The kinds that the rule names, and where they may be; the others are not looked at.
#[derive(Clone, Debug)]
pub(crate) struct Wanted<'a> {
    /// Tokens in `Authorization`.
    pub token: bool,
    /// The fields of their own that tokens may be in.
    pub token_headers: Vec<&'a str>,
    /// API keys, in `Authorization` or in `api_key_header`.
    pub api_key: bool,
    /// The field of its own for API keys.
    pub api_key_header: &'a str,
}

impl<'a> Wanted<'a> {
    /// Whether a field is one that these credentials may be in, and holds such a one by its form.
    pub(crate) fn is_in(&self, name: &str, value: &[u8], is_api_key: impl Fn(&str) -> bool) -> bool {
        if name.eq_ignore_ascii_case("authorization") {
            return scheme_of(value).is_some_and(|(scheme, rest)| self.wants(scheme, rest, is_api_key));
        }
        (self.api_key && name.eq_ignore_ascii_case(self.api_key_header))
            || self.token_headers.iter().any(|header| name.eq_ignore_ascii_case(header))
    }

    /// Reads the credentials. A Bearer value for which `is_api_key` is true is a key and no token,
    /// since some gateways forward one header.
    pub(crate) fn extract(
        &self,
        headers: Headers<'a>,
        is_api_key: impl Fn(&str) -> bool,
    ) -> Result<PresentedCredentials<'a>, Denial> {
        let mut presented = PresentedCredentials::default();
        if let Some((scheme, rest)) = self.authorization(headers, &is_api_key)? {
            let value = token68(rest);
            let text =
                value.ok_or_else(|| malformed("the value of `Authorization` is empty or unreadable"))?;
            match scheme {
                Scheme::ApiKey => presented.api_key = Some(text),
                Scheme::Bearer if is_api_key(text) => presented.api_key = Some(text),
                Scheme::Bearer | Scheme::DPoP => {
                    let dpop = scheme == Scheme::DPoP;
                    presented.token = Some(PresentedToken { text, dpop, field: None });
                }
            }
        }
        for header in &self.token_headers {
            if let Some(text) = own_field(headers, header)? {
                presented.elsewhere.push(PresentedToken { text, dpop: false, field: Some(header) });
            }
        }
        if self.api_key
            && let Some(key) = own_field(headers, self.api_key_header)?
            && presented.api_key.replace(key).is_some()
        {
            let header = self.api_key_header;
            return Err(malformed(format!("API keys in `Authorization` and in `{header}`")));
        }
        Ok(presented)
    }

    /// The credential in `Authorization`, if it is of a kind that is wanted.
    fn authorization(
        &self,
        headers: Headers<'a>,
        is_api_key: impl Fn(&str) -> bool,
    ) -> Result<Option<(Scheme, &'a [u8])>, Denial> {
        let ours = |field| scheme_of(field).filter(|(scheme, rest)| self.wants(*scheme, rest, &is_api_key));
        let found = headers.all("authorization").find_map(ours);
        if found.is_some() && headers.single("authorization").is_err() {
            return Err(malformed("several `Authorization` fields"));
        }
        Ok(found)
    }

    fn wants(&self, scheme: Scheme, rest: &[u8], is_api_key: impl Fn(&str) -> bool) -> bool {
        let is_key = || std::str::from_utf8(rest).is_ok_and(&is_api_key);
        match scheme {
            Scheme::ApiKey => self.api_key,
            Scheme::Bearer if self.token && self.api_key => true,
            Scheme::Bearer => {
                if is_key() {
                    self.api_key
                } else {
                    self.token
                }
            }
            Scheme::DPoP => self.token,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Bearer,
    DPoP,
    ApiKey,
}

/// `scheme 1*SP token68` (RFC 9110, section 11.4): the scheme and what follows it. Schemes that are
/// not ours are no credential.
fn scheme_of(field: &[u8]) -> Option<(Scheme, &[u8])> {
    let field = trim(field);
    let end = field.iter().position(|byte| *byte == b' ').unwrap_or(field.len());
    let (name, rest) = field.split_at(end);
    let schemes = [(Scheme::Bearer, "bearer"), (Scheme::DPoP, "dpop"), (Scheme::ApiKey, "apikey")];
    let (scheme, _) = schemes.into_iter().find(|(_, own)| name.eq_ignore_ascii_case(own.as_bytes()))?;
    Some((scheme, rest.trim_ascii_start()))
}

/// What follows `Bearer` in an `Authorization` field.
pub(crate) fn bearer(field: &[u8]) -> Option<&[u8]> {
    scheme_of(field).filter(|(scheme, _)| *scheme == Scheme::Bearer).map(|(_, rest)| rest)
}

/// The value of a field of its own for one credential.
fn own_field<'a>(headers: Headers<'a>, name: &str) -> Result<Option<&'a str>, Denial> {
    let field = headers.single(name).map_err(|_| malformed(format!("several `{name}` fields")))?;
    let read =
        |field| token68(trim(field)).ok_or_else(|| malformed(format!("`{name}` is empty or unreadable")));
    field.map(read).transpose()
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

    type Fields<'a> = &'a [(&'a str, &'a [u8])];

    fn wanted(token: bool, api_key: bool) -> Wanted<'static> {
        Wanted { token, token_headers: Vec::new(), api_key, api_key_header: "x-api-key" }
    }

    fn is_key(text: &str) -> bool {
        text.starts_with("acme_live_")
    }

    fn read<'a>(fields: Fields<'a>) -> Result<PresentedCredentials<'a>, Denial> {
        wanted(true, true).extract(Headers(fields), is_key)
    }

    fn refused(fields: Fields<'_>) -> bool {
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
            assert!(read(&fields).is_ok_and(|presented| presented == PresentedCredentials::default()));
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
        let fields: Fields<'_> =
            &[("authorization", b"Bearer a.b.c"), ("x-api-key", b"k"), ("x-api-key", b"")];
        let presented = wanted(true, false).extract(Headers(fields), is_key).unwrap();
        assert!(presented.token.is_some() && presented.api_key.is_none());
        let foreign: [Fields<'_>; 6] = [
            &[("authorization", b"Bearer a.b.c")],
            &[("authorization", b"Bearer a b")],
            &[("authorization", b"Bearer")],
            &[("authorization", b"DPoP \xff")],
            &[("authorization", b"Bearer a"), ("authorization", b"Bearer b")],
            &[("authorization", b"Basic a"), ("authorization", b"")],
        ];
        for fields in foreign {
            let with_key = [fields, &[("x-api-key", b"k")]].concat();
            let presented = wanted(false, true).extract(Headers(&with_key), is_key).unwrap();
            assert!(presented.token.is_none() && presented.api_key == Some("k"), "{:?}", Headers(fields));
            assert!(fields.iter().all(|(name, value)| !wanted(false, true).is_in(name, value, is_key)));
        }
        let unreadable: [Fields<'_>; 2] = [
            &[("authorization", b"ApiKey a b")],
            &[("authorization", b"ApiKey a"), ("authorization", b"ApiKey a")],
        ];
        for fields in unreadable {
            let presented = wanted(true, false).extract(Headers(fields), is_key).unwrap();
            assert_eq!(presented, PresentedCredentials::default());
        }
    }

    #[test]
    fn two_fields_are_malformed_if_one_of_them_is_of_a_kind_that_the_rule_names() {
        let fields: Fields<'_> = &[("authorization", b"Basic a"), ("authorization", b"Bearer acme_live_x")];
        assert!(wanted(false, true).extract(Headers(fields), is_key).is_err());
        assert!(wanted(true, false).extract(Headers(fields), is_key).is_ok());
    }

    #[test]
    fn a_token_in_a_field_of_its_own_has_no_scheme_and_is_there_once() {
        let fields: Fields<'_> = &[("authorization", b"Bearer other"), ("Cf-Access-Jwt-Assertion", b"a.b.c")];
        let header = "cf-access-jwt-assertion";
        let own = Wanted { token_headers: vec![header], ..wanted(false, false) };
        let presented = own.extract(Headers(fields), is_key).unwrap();
        let token = PresentedToken { text: "a.b.c", dpop: false, field: Some(header) };
        assert!(presented.token.is_none() && presented.elsewhere == [token]);
        assert!(own.is_in("CF-Access-JWT-Assertion", b"a.b.c", is_key));
        assert!(!own.is_in("authorization", b"Bearer other", is_key));
        let refused: [Fields<'_>; 3] =
            [&[(header, b"")], &[(header, b"Bearer a.b.c")], &[(header, b"a"), (header, b"b")]];
        for fields in refused {
            assert!(own.extract(Headers(fields), is_key).is_err());
        }
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
