//! Extracts the credentials that a rule names, and ignores all others.

use super::scheme::{Scheme, scheme_of};
use super::syntax::{is_compact, malformed, token68, trim, unreadable};
use super::{HANDED_TOKEN, PresentedCredentials, PresentedToken, place};
use crate::denial::Denial;
use crate::policy::TokenPlace;
use crate::request::Headers;

/// The kinds of credentials that the rule names, and the places where they may be.
#[derive(Clone, Debug)]
pub(crate) struct Wanted<'a> {
    /// The places where tokens may be, each once.
    pub places: Vec<&'a TokenPlace>,
    /// API keys, in `Authorization` or in `api_key_header`.
    pub api_key: bool,
    /// The field that holds nothing but an API key.
    pub api_key_header: &'a str,
}

/// A credential in `Authorization`.
enum InAuthorization<'a> {
    Scheme(Scheme, &'a [u8]),
    /// A token without a scheme, and its place.
    Raw(&'a str, &'a TokenPlace),
}

impl<'a> Wanted<'a> {
    /// Extracts the credentials. A Bearer value for which `is_api_key` is true is a key, because
    /// some gateways forward `Authorization` only.
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

    /// Returns whether a field holds nothing but one of these credentials.
    pub(crate) fn is_in(
        &self,
        name: &str,
        value: &[u8],
        is_api_key: impl Fn(&str) -> bool,
    ) -> bool {
        if name.eq_ignore_ascii_case("authorization") {
            return self.in_authorization(value, &is_api_key).is_some();
        }
        if self.api_key && name.eq_ignore_ascii_case(self.api_key_header) {
            return true;
        }
        self.places.iter().any(|place| match place {
            TokenPlace::Header(header) => name.eq_ignore_ascii_case(header),
            TokenPlace::Bearer
            | TokenPlace::Raw
            | TokenPlace::Cookie(_)
            | TokenPlace::WebSocketProtocol
            | TokenPlace::Query(_) => false,
        })
    }

    /// Describes a value of `Authorization` that looks like a credential, but not like one that the
    /// rule names. The description does not contain the value.
    pub(crate) fn overlooked(&self, headers: Headers<'_>) -> Option<&'static str> {
        let field = trim(headers.single("authorization").ok()??);
        if scheme_of(field).is_some() {
            let only_raw = self.raw().is_some() && self.bearer().is_none();
            return only_raw.then_some(
                "`Authorization` has a scheme, but the policy has `token_scheme = \"none\"`",
            );
        }
        if field.contains(&b' ') {
            return Some("the scheme in `Authorization` is not `Bearer`, `DPoP` or `ApiKey`");
        }
        if field.is_empty() || self.raw().is_some() {
            return None;
        }
        Some(
            "`Authorization` has a value without a scheme: send `Bearer <token>`, or write \
             `token_scheme = \"none\"` in the `[[issuer]]`",
        )
    }

    fn bearer(&self) -> Option<&'a TokenPlace> {
        self.places.iter().copied().find(|place| **place == TokenPlace::Bearer)
    }

    fn raw(&self) -> Option<&'a TokenPlace> {
        self.places.iter().copied().find(|place| **place == TokenPlace::Raw)
    }

    /// Adds the credential after a scheme.
    fn by_scheme(
        &self,
        presented: &mut PresentedCredentials<'a>,
        scheme: Scheme,
        rest: &'a [u8],
        place: Option<&'a TokenPlace>,
        is_api_key: impl Fn(&str) -> bool,
    ) -> Result<(), Denial> {
        let Some(text) = token68(rest) else {
            return Err(unreadable("the value of `Authorization`", rest));
        };
        match scheme {
            Scheme::ApiKey => presented.api_key = Some(text),
            Scheme::Bearer if is_api_key(text) => presented.api_key = Some(text),
            Scheme::Bearer | Scheme::DPoP => {
                presented.tokens.push(PresentedToken { text, dpop: scheme == Scheme::DPoP, place });
            }
        }
        Ok(())
    }

    /// Adds the token that a platform took from the request, from the place that its configuration
    /// names.
    fn handed_over(
        &self,
        presented: &mut PresentedCredentials<'a>,
        headers: Headers<'a>,
        is_api_key: impl Fn(&str) -> bool,
    ) -> Result<(), Denial> {
        let Some(value) = headers.all(HANDED_TOKEN).next() else { return Ok(()) };
        let wants_token = !self.places.is_empty();
        if let Some((scheme, rest)) = scheme_of(value) {
            if self.wants(scheme, rest, wants_token, &is_api_key) {
                self.by_scheme(presented, scheme, rest, None, &is_api_key)?;
            }
            return Ok(());
        }
        let Some(text) = token68(trim(value)) else { return Ok(()) };
        if is_api_key(text) {
            if self.api_key {
                presented.api_key = Some(text);
            }
        } else if wants_token {
            presented.tokens.push(PresentedToken { text, dpop: false, place: None });
        }
        Ok(())
    }

    /// Finds the credential in `Authorization`, if the rule names its kind.
    fn authorization(
        &self,
        headers: Headers<'a>,
        is_api_key: impl Fn(&str) -> bool,
    ) -> Result<Option<InAuthorization<'a>>, Denial> {
        for field in headers.all("authorization") {
            if let Some(found) = self.in_authorization(field, &is_api_key) {
                if headers.single("authorization").is_err() {
                    return Err(malformed("several `Authorization` fields"));
                }
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn in_authorization<'f>(
        &self,
        field: &'f [u8],
        is_api_key: impl Fn(&str) -> bool,
    ) -> Option<InAuthorization<'f>>
    where
        'a: 'f,
    {
        if let Some((scheme, rest)) = scheme_of(field) {
            if self.wants(scheme, rest, self.bearer().is_some(), is_api_key) {
                return Some(InAuthorization::Scheme(scheme, rest));
            }
            return None;
        }
        let text = token68(trim(field))?;
        if !is_compact(text) {
            return None;
        }
        Some(InAuthorization::Raw(text, self.raw()?))
    }

    /// Returns whether the rule names the kind of credential that follows a scheme.
    fn wants(
        &self,
        scheme: Scheme,
        rest: &[u8],
        wants_token: bool,
        is_api_key: impl Fn(&str) -> bool,
    ) -> bool {
        match scheme {
            Scheme::ApiKey => self.api_key,
            Scheme::DPoP => wants_token,
            Scheme::Bearer if wants_token && self.api_key => true,
            Scheme::Bearer => match std::str::from_utf8(rest) {
                Ok(text) if is_api_key(text) => self.api_key,
                Ok(_) | Err(_) => wants_token,
            },
        }
    }
}

/// Reads a field that holds nothing but one credential.
fn own_field<'a>(headers: Headers<'a>, name: &str) -> Result<Option<&'a str>, Denial> {
    let Ok(field) = headers.single(name) else {
        return Err(malformed(format!("several `{name}` fields")));
    };
    let Some(field) = field else { return Ok(None) };
    match token68(trim(field)) {
        Some(text) => Ok(Some(text)),
        None => Err(unreadable(&format!("`{name}`"), field)),
    }
}

#[cfg(test)]
mod tests;
