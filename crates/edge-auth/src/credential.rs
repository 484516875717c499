//! Which credentials a request presents. Reads headers and the query, judges nothing but their
//! form.
//!
//! At most one of a kind in each place: two of a kind are malformed, and none of them is picked.

mod place;

use crate::denial::{Code, Denial};
use crate::policy::TokenPlace;
use crate::request::Headers;

pub(crate) use place::{cookies_without, protocols_without, query_without};

/// A field name that no request can carry (RFC 9110, section 5.1): in an event of a platform's it
/// holds what the platform hands over *as the token*, from wherever its caller sent it, with or
/// without a scheme.
pub const HANDED_TOKEN: &str = ":token";

/// What a request presents.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct PresentedCredentials<'a> {
    /// One for each place that an issuer has.
    pub tokens: Vec<PresentedToken<'a>>,
    pub api_key: Option<&'a str>,
}

/// A token and how it came.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct PresentedToken<'a> {
    pub text: &'a str,
    /// `DPoP` (RFC 9449): the token must be bound to a key.
    pub dpop: bool,
    /// Where it stood; `None` if the platform took it from there.
    pub place: Option<&'a TokenPlace>,
}

impl PresentedToken<'_> {
    /// Whether the tokens of an issuer that come by `place` may come like this.
    pub(crate) fn is_from(&self, place: &TokenPlace) -> bool {
        self.place.is_none_or(|own| own == place)
    }
}

/// Credentials are not shown.
impl std::fmt::Debug for PresentedCredentials<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tokens = self.tokens.len();
        write!(
            f,
            "PresentedCredentials {{ tokens: {tokens}, api_key: {} }}",
            self.api_key.is_some()
        )
    }
}

/// The kinds that the rule names, and where they may be; the others are not looked at.
#[derive(Clone, Debug)]
pub(crate) struct Wanted<'a> {
    /// Where tokens may be, each place once.
    pub places: Vec<&'a TokenPlace>,
    /// API keys, in `Authorization` or in `api_key_header`.
    pub api_key: bool,
    /// The field of its own for API keys.
    pub api_key_header: &'a str,
}

impl<'a> Wanted<'a> {
    fn bearer(&self) -> Option<&'a TokenPlace> {
        self.places.iter().copied().find(|place| **place == TokenPlace::Bearer)
    }

    fn raw(&self) -> Option<&'a TokenPlace> {
        self.places.iter().copied().find(|place| **place == TokenPlace::Raw)
    }

    /// Whether a field is one that these credentials may be in as its whole value, and holds such a
    /// one by its form.
    pub(crate) fn is_in(
        &self,
        name: &str,
        value: &[u8],
        is_api_key: impl Fn(&str) -> bool,
    ) -> bool {
        if name.eq_ignore_ascii_case("authorization") {
            return self.in_authorization(value, &is_api_key).is_some();
        }
        (self.api_key && name.eq_ignore_ascii_case(self.api_key_header))
            || self.places.iter().any(|place| match place {
                TokenPlace::Header(header) => name.eq_ignore_ascii_case(header),
                TokenPlace::Bearer
                | TokenPlace::Raw
                | TokenPlace::Cookie(_)
                | TokenPlace::WebSocketProtocol
                | TokenPlace::Query(_) => false,
            })
    }

    /// Reads the credentials. A Bearer value for which `is_api_key` is true is a key and no token,
    /// since some gateways forward one header.
    pub(crate) fn extract(
        &self,
        headers: Headers<'a>,
        query: Option<&'a str>,
        is_api_key: impl Fn(&str) -> bool,
    ) -> Result<PresentedCredentials<'a>, Denial> {
        let mut presented = PresentedCredentials::default();
        match self.authorization(headers, &is_api_key)? {
            None => {}
            Some(InAuthorization::Raw(text, place)) => {
                presented.tokens.push(PresentedToken { text, dpop: false, place: Some(place) });
            }
            Some(InAuthorization::Scheme(scheme, rest)) => {
                self.by_scheme(&mut presented, scheme, rest, self.bearer(), &is_api_key)?;
            }
        }
        self.handed_over(&mut presented, headers, &is_api_key)?;
        for place in self.places.iter().copied() {
            let text = match place {
                TokenPlace::Bearer | TokenPlace::Raw => None,
                TokenPlace::Header(header) => own_field(headers, header)?,
                TokenPlace::Cookie(name) => place::cookie(headers, name)?,
                TokenPlace::WebSocketProtocol => place::protocol(headers)?,
                TokenPlace::Query(name) => place::parameter(query.unwrap_or_default(), name)?,
            };
            if let Some(text) = text {
                presented.tokens.push(PresentedToken { text, dpop: false, place: Some(place) });
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

    fn by_scheme(
        &self,
        presented: &mut PresentedCredentials<'a>,
        scheme: Scheme,
        rest: &'a [u8],
        place: Option<&'a TokenPlace>,
        is_api_key: impl Fn(&str) -> bool,
    ) -> Result<(), Denial> {
        let text = token68(rest).ok_or_else(|| unreadable("the value of `Authorization`", rest))?;
        match scheme {
            Scheme::ApiKey => presented.api_key = Some(text),
            Scheme::Bearer if is_api_key(text) => presented.api_key = Some(text),
            Scheme::Bearer | Scheme::DPoP => {
                presented.tokens.push(PresentedToken { text, dpop: scheme == Scheme::DPoP, place });
            }
        }
        Ok(())
    }

    /// Reads what a platform hands over as the token. It is from whichever place the policy and the
    /// platform's configuration agree on.
    fn handed_over(
        &self,
        presented: &mut PresentedCredentials<'a>,
        headers: Headers<'a>,
        is_api_key: impl Fn(&str) -> bool,
    ) -> Result<(), Denial> {
        let Some(value) = headers.all(HANDED_TOKEN).next() else { return Ok(()) };
        let wants_token = !self.places.is_empty();
        if let Some((scheme, rest)) = scheme_of(value) {
            let is_key = || std::str::from_utf8(rest).is_ok_and(&is_api_key);
            let is_wanted = match scheme {
                Scheme::ApiKey => self.api_key,
                Scheme::Bearer if wants_token && self.api_key => true,
                Scheme::Bearer if is_key() => self.api_key,
                Scheme::Bearer | Scheme::DPoP => wants_token,
            };
            return match is_wanted {
                true => self.by_scheme(presented, scheme, rest, None, &is_api_key),
                false => Ok(()),
            };
        }
        let Some(text) = token68(trim(value)) else { return Ok(()) };
        match is_api_key(text) {
            true if self.api_key => presented.api_key = Some(text),
            false if wants_token => {
                presented.tokens.push(PresentedToken { text, dpop: false, place: None })
            }
            true | false => {}
        }
        Ok(())
    }

    /// The credential in `Authorization`, if it is of a kind that is wanted.
    fn authorization(
        &self,
        headers: Headers<'a>,
        is_api_key: impl Fn(&str) -> bool,
    ) -> Result<Option<InAuthorization<'a>>, Denial> {
        let found = headers
            .all("authorization")
            .find_map(|field| self.in_authorization(field, &is_api_key));
        if found.is_some() && headers.single("authorization").is_err() {
            return Err(malformed("several `Authorization` fields"));
        }
        Ok(found)
    }

    fn in_authorization<'f>(
        &self,
        field: &'f [u8],
        is_api_key: impl Fn(&str) -> bool,
    ) -> Option<InAuthorization<'f>>
    where
        'a: 'f,
    {
        match scheme_of(field) {
            Some((scheme, rest)) => self
                .wants(scheme, rest, is_api_key)
                .then_some(InAuthorization::Scheme(scheme, rest)),
            None => {
                let text = token68(trim(field)).filter(|text| is_compact(text))?;
                Some(InAuthorization::Raw(text, self.raw()?))
            }
        }
    }

    fn wants(&self, scheme: Scheme, rest: &[u8], is_api_key: impl Fn(&str) -> bool) -> bool {
        let token = self.bearer().is_some();
        let is_key = || std::str::from_utf8(rest).is_ok_and(&is_api_key);
        match scheme {
            Scheme::ApiKey => self.api_key,
            Scheme::Bearer if token && self.api_key => true,
            Scheme::Bearer => {
                if is_key() {
                    self.api_key
                } else {
                    token
                }
            }
            Scheme::DPoP => token,
        }
    }

    /// Says what is in `Authorization` that looks like a credential and is none of the wanted,
    /// without its value.
    pub(crate) fn overlooked(&self, headers: Headers<'_>) -> Option<String> {
        let field = headers.single("authorization").ok()??;
        let field = trim(field);
        match scheme_of(field) {
            Some(_) if self.raw().is_some() && self.bearer().is_none() => {
                Some("`Authorization` has a scheme, and the policy says `token_scheme = \"none\"`".to_owned())
            }
            Some(_) => None,
            None if !field.is_empty() && !field.contains(&b' ') && self.raw().is_none() => Some(
                "`Authorization` has a value without a scheme: send `Bearer <token>`, or say `token_scheme = \
                 \"none\"` in the `[[issuer]]`"
                    .to_owned(),
            ),
            None if field.contains(&b' ') => {
                Some("the scheme in `Authorization` is not `Bearer`, `DPoP` or `ApiKey`".to_owned())
            }
            None => None,
        }
    }
}

/// What `Authorization` holds.
enum InAuthorization<'a> {
    Scheme(Scheme, &'a [u8]),
    Raw(&'a str, &'a TokenPlace),
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
    let (scheme, _) =
        schemes.into_iter().find(|(_, own)| name.eq_ignore_ascii_case(own.as_bytes()))?;
    Some((scheme, rest.trim_ascii_start()))
}

/// What follows `Bearer` in an `Authorization` field.
pub(crate) fn bearer(field: &[u8]) -> Option<&[u8]> {
    scheme_of(field).filter(|(scheme, _)| *scheme == Scheme::Bearer).map(|(_, rest)| rest)
}

/// The value of a field of its own for one credential.
fn own_field<'a>(headers: Headers<'a>, name: &str) -> Result<Option<&'a str>, Denial> {
    let field = headers.single(name).map_err(|_| malformed(format!("several `{name}` fields")))?;
    let read = |field| token68(trim(field)).ok_or_else(|| unreadable(&format!("`{name}`"), field));
    field.map(read).transpose()
}

/// A value that is none of a credential's: why, if it is known.
fn unreadable(what: &str, value: &[u8]) -> Denial {
    let is_padded = std::str::from_utf8(value)
        .is_ok_and(|text| text.contains("=.") && text.split('.').count() == 3);
    match is_padded {
        true => malformed(format!(
            "{what} is a token in base64 with padding (`=`), which no JWT has: an AWS load balancer (ALB) writes \
             `x-amzn-oidc-data` like that; take the issuer's own token, from `x-amzn-oidc-accesstoken`"
        )),
        false => malformed(format!("{what} is empty or unreadable")),
    }
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

/// Whether a text has the three parts of a compact token (RFC 7515, section 7.1).
fn is_compact(text: &str) -> bool {
    text.bytes().filter(|byte| *byte == b'.').count() == 2
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
        let places = if token { vec![&TokenPlace::Bearer] } else { Vec::new() };
        Wanted { places, api_key, api_key_header: "x-api-key" }
    }

    fn is_key(text: &str) -> bool {
        text.starts_with("acme_live_")
    }

    fn read<'a>(fields: Fields<'a>) -> Result<PresentedCredentials<'a>, Denial> {
        wanted(true, true).extract(Headers(fields), None, is_key)
    }

    fn refused(fields: Fields<'_>) -> bool {
        matches!(read(fields), Err(denial) if denial.code == Code::CredentialMalformed)
    }

    #[test]
    fn schemes_are_found_in_any_case_with_any_number_of_spaces() {
        for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER   a.b.c"] {
            let fields = [("Authorization", value.as_bytes())];
            assert_eq!(
                read(&fields).ok().and_then(|p| p.tokens.first().map(|t| t.text)),
                Some("a.b.c")
            );
        }
        let fields: [(&str, &[u8]); 1] = [("authorization", b"DPoP a.b.c")];
        assert!(read(&fields).unwrap().tokens[0].dpop);
    }

    #[test]
    fn other_schemes_are_no_credential() {
        for value in
            [&b"Basic a.b.c"[..], b"Digest x", b"a.b.c", b"", b"Bearera.b.c", b"Bearer\ta.b.c"]
        {
            let fields = [("authorization", value)];
            assert!(
                read(&fields).is_ok_and(|presented| presented == PresentedCredentials::default())
            );
        }
    }

    #[test]
    fn an_empty_or_unreadable_value_is_malformed() {
        for value in
            [&b"Bearer"[..], b"Bearer ", b"Bearer a b", b"Bearer \xff", b"Bearer a,b", b"ApiKey ="]
        {
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
        let presented = wanted(true, false).extract(Headers(fields), None, is_key).unwrap();
        assert!(!presented.tokens.is_empty() && presented.api_key.is_none());
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
            let presented = wanted(false, true).extract(Headers(&with_key), None, is_key).unwrap();
            assert!(
                presented.tokens.is_empty() && presented.api_key == Some("k"),
                "{:?}",
                Headers(fields)
            );
            assert!(
                fields.iter().all(|(name, value)| !wanted(false, true).is_in(name, value, is_key))
            );
        }
        let unreadable: [Fields<'_>; 2] = [
            &[("authorization", b"ApiKey a b")],
            &[("authorization", b"ApiKey a"), ("authorization", b"ApiKey a")],
        ];
        for fields in unreadable {
            let presented = wanted(true, false).extract(Headers(fields), None, is_key).unwrap();
            assert_eq!(presented, PresentedCredentials::default());
        }
    }

    #[test]
    fn two_fields_are_malformed_if_one_of_them_is_of_a_kind_that_the_rule_names() {
        let fields: Fields<'_> =
            &[("authorization", b"Basic a"), ("authorization", b"Bearer acme_live_x")];
        assert!(wanted(false, true).extract(Headers(fields), None, is_key).is_err());
        assert!(wanted(true, false).extract(Headers(fields), None, is_key).is_ok());
    }

    #[test]
    fn a_token_in_a_field_of_its_own_has_no_scheme_and_is_there_once() {
        let fields: Fields<'_> =
            &[("authorization", b"Bearer other"), ("Cf-Access-Jwt-Assertion", b"a.b.c")];
        let header = "cf-access-jwt-assertion";
        let place = TokenPlace::Header(header.to_owned());
        let own = Wanted { places: vec![&place], ..wanted(false, false) };
        let presented = own.extract(Headers(fields), None, is_key).unwrap();
        assert!(
            presented.tokens
                == [PresentedToken { text: "a.b.c", dpop: false, place: Some(&place) }]
        );
        assert!(own.is_in("CF-Access-JWT-Assertion", b"a.b.c", is_key));
        assert!(!own.is_in("authorization", b"Bearer other", is_key));
        let refused: [Fields<'_>; 3] =
            [&[(header, b"")], &[(header, b"Bearer a.b.c")], &[(header, b"a"), (header, b"b")]];
        for fields in refused {
            assert!(own.extract(Headers(fields), None, is_key).is_err());
        }
    }

    #[test]
    fn one_of_each_kind_is_both() {
        let fields: [(&str, &[u8]); 2] = [("authorization", b"Bearer a.b.c"), ("x-api-key", b"k")];
        let presented = read(&fields).unwrap();
        assert!(!presented.tokens.is_empty() && presented.api_key == Some("k"));
    }

    #[test]
    fn a_bearer_value_with_a_keys_prefix_is_a_key() {
        let fields: [(&str, &[u8]); 1] = [("authorization", b"Bearer acme_live_x")];
        let presented = read(&fields).unwrap();
        assert!(presented.tokens.is_empty() && presented.api_key == Some("acme_live_x"));
    }

    #[test]
    fn a_token_without_a_scheme_is_one_where_the_policy_says_so() {
        let raw = Wanted { places: vec![&TokenPlace::Raw], ..wanted(false, true) };
        let found = |wanted: &Wanted<'_>, value: &str| {
            let fields = [("authorization", value.as_bytes())];
            wanted
                .extract(Headers(&fields), None, is_key)
                .unwrap()
                .tokens
                .first()
                .map(|t| t.text.to_owned())
        };
        assert_eq!(found(&raw, "a.b.c").as_deref(), Some("a.b.c"));
        for other in ["Bearer a.b.c", "Basic a.b.c", "a.b", "Bearer", "", "a.b.c d"] {
            assert_eq!(found(&raw, other), None, "{other}");
        }
        let both =
            Wanted { places: vec![&TokenPlace::Raw, &TokenPlace::Bearer], ..wanted(false, false) };
        assert!(found(&both, "a.b.c").is_some() && found(&both, "Bearer a.b.c").is_some());
        let fields: Fields<'_> = &[("authorization", b"a.b.c"), ("authorization", b"a.b.c")];
        assert!(raw.extract(Headers(fields), None, is_key).is_err());
        assert!(raw.is_in("Authorization", b"a.b.c", is_key));
    }

    #[test]
    fn what_is_overlooked_is_told_without_its_value() {
        let told = |wanted: Wanted<'_>, value: &str| {
            wanted.overlooked(Headers(&[("authorization", value.as_bytes())]))
        };
        for value in ["a.b.c", "hunter2"] {
            let told = told(wanted(true, true), value).unwrap();
            assert!(told.contains("without a scheme") && !told.contains(value), "{told}");
        }
        assert!(told(wanted(true, true), "Token hunter2").unwrap().contains("not `Bearer`"));
        assert_eq!(told(wanted(true, true), ""), None);
        let raw = Wanted { places: vec![&TokenPlace::Raw], ..wanted(false, false) };
        assert!(told(raw, "Bearer a.b.c").unwrap().contains("has a scheme"));
    }

    #[test]
    fn what_a_platform_hands_over_is_the_token_with_or_without_a_scheme_from_any_place() {
        let place = TokenPlace::Cookie("session".to_owned());
        let wanted = Wanted { places: vec![&place], ..wanted(false, true) };
        for value in ["a.b.c", "Bearer a.b.c", "bearer  a.b.c"] {
            let fields = [(HANDED_TOKEN, value.as_bytes())];
            let presented = wanted.extract(Headers(&fields), None, is_key).unwrap();
            assert!(
                presented.tokens == [PresentedToken { text: "a.b.c", dpop: false, place: None }],
                "{value}"
            );
            assert!(
                presented.tokens[0].is_from(&place)
                    && presented.tokens[0].is_from(&TokenPlace::Bearer)
            );
        }
        for value in ["acme_live_x", "Bearer acme_live_x", "ApiKey acme_live_x"] {
            let fields = [(HANDED_TOKEN, value.as_bytes())];
            let presented = wanted.extract(Headers(&fields), None, is_key).unwrap();
            assert!(
                presented.tokens.is_empty() && presented.api_key == Some("acme_live_x"),
                "{value}"
            );
        }
        for value in ["Basic a.b.c", ""] {
            let fields = [(HANDED_TOKEN, value.as_bytes())];
            assert!(
                wanted.extract(Headers(&fields), None, is_key).unwrap()
                    == PresentedCredentials::default(),
                "{value}"
            );
        }
    }

    #[test]
    fn a_padded_token_is_called_one() {
        let fields: [(&str, &[u8]); 1] = [("authorization", b"Bearer eyJ0eXAi==.e30=.c2ln")];
        assert!(read(&fields).unwrap_err().reason.contains("padding"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(value: Vec<u8>, key: Vec<u8>) {
            let fields = [("authorization", &value[..]), ("x-api-key", &key[..])];
            let _ = read(&fields);
        }
    }
}
