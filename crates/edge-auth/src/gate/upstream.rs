//! Builds the request that goes upstream: without credentials and other fields for the gate, and
//! with the identity headers of the principal.

use super::outcome::UpstreamRequest;
use super::verifiers::Verifiers;
use crate::bootstrap_secret::BOOTSTRAP_PREFIX;
use crate::cors::response_fields;
use crate::credential::{Wanted, cookies_without, protocols_without, query_without};
use crate::identity_headers::{IdentityHeaders, overrides_route};
use crate::policy::{Policy, Rule, TokenPlace};
use crate::request::{AuthRequest, Headers};
use crate::route::NormalPath;
use crate::trusted_proxies::TrustedProxies;

/// Builds upstream requests.
pub(super) struct UpstreamBuilder<'g> {
    pub policy: &'g Policy,
    pub verifiers: &'g Verifiers,
    pub identity: &'g IdentityHeaders,
    pub trusted_proxies: &'g TrustedProxies,
}

impl UpstreamBuilder<'_> {
    pub(super) fn build(
        &self,
        rule: &Rule,
        wanted: &Wanted<'_>,
        is_verified: bool,
        request: &AuthRequest<'_>,
        path: Option<&NormalPath>,
        query: Option<&str>,
    ) -> UpstreamRequest {
        // Only a verified credential is taken out of the fields that it shares with other things.
        let (mut rewritten, query) = if is_verified && !rule.forward_credential {
            without_tokens(&wanted.places, request.headers, query)
        } else {
            (Vec::new(), query.map(str::to_owned))
        };
        let path = path.map(NormalPath::forwarded).unwrap_or_default();
        let target = match query {
            Some(query) => [&path, "?", query.as_str()].concat(),
            None => path.into_owned(),
        };
        let mut remove = Vec::new();
        for (name, value) in request.headers.0 {
            let is_rewritten = rewritten.iter().any(|(own, _)| name.eq_ignore_ascii_case(own));
            if is_rewritten
                || self.is_for_the_gate(rule, request, name)
                || (!rule.forward_credential
                    && self.is_credential(wanted, is_verified, name, value))
            {
                remove.push(name.to_ascii_lowercase());
            }
        }
        rewritten.retain(|(_, value)| !value.is_empty());
        UpstreamRequest {
            target,
            remove,
            rewritten,
            respond: response_fields(rule, request.headers),
            upgrade: rule.upgrade,
            max_response_age: rule.max_response_age,
        }
    }

    /// Returns whether a field never goes upstream from a client, whatever its value is.
    fn is_for_the_gate(&self, rule: &Rule, request: &AuthRequest<'_>, name: &str) -> bool {
        let certificates = &self.verifiers.certificates;
        self.identity.is_reserved(name)
            || overrides_route(name)
            || (certificates.is_certificate_field(name)
                && !certificates.is_forwarded(rule, request, name))
            || name.eq_ignore_ascii_case(self.trusted_proxies.secret_header())
    }

    /// Returns whether a field holds a credential that was verified, or one of the gate's own.
    fn is_credential(
        &self,
        wanted: &Wanted<'_>,
        is_verified: bool,
        name: &str,
        value: &[u8],
    ) -> bool {
        let api_keys = &self.verifiers.api_keys;
        if is_verified && wanted.is_in(name, value, |text| api_keys.recognises(text)) {
            return true;
        }
        let is_in_place = name.eq_ignore_ascii_case("authorization")
            || name.eq_ignore_ascii_case(&self.policy.api_key_header);
        is_in_place && self.is_own_credential(value)
    }

    /// Returns whether a value is an API key of the policy or the bootstrap secret. These are for
    /// the gate only, even where the rule asks for no credential.
    fn is_own_credential(&self, value: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(value) else { return false };
        let text = text.trim_ascii().rsplit(' ').next().unwrap_or_default();
        text.starts_with(BOOTSTRAP_PREFIX) || self.verifiers.api_keys.recognises(text)
    }
}

/// Takes tokens out of the fields and the query that they share with other things. Returns the
/// fields with what is left of them, which may be nothing, and the query.
fn without_tokens(
    places: &[&TokenPlace],
    headers: Headers<'_>,
    query: Option<&str>,
) -> (Vec<(String, String)>, Option<String>) {
    let (mut cookies, mut parameters, mut fields) = (Vec::new(), Vec::new(), Vec::new());
    for place in places {
        match place {
            TokenPlace::Cookie(name) => cookies.push(name.as_str()),
            TokenPlace::Query(name) => parameters.push(name.as_str()),
            TokenPlace::WebSocketProtocol => {
                if let Some(rest) = protocols_without(headers) {
                    fields.push(("sec-websocket-protocol".to_owned(), rest));
                }
            }
            TokenPlace::Bearer | TokenPlace::Raw | TokenPlace::Header(_) => {}
        }
    }
    if let Some(rest) = cookies_without(headers, &cookies) {
        fields.push(("cookie".to_owned(), rest));
    }
    let query = match query {
        Some(query) if !parameters.is_empty() => {
            Some(query_without(query, &parameters)).filter(|rest| !rest.is_empty())
        }
        query => query.map(str::to_owned),
    };
    (fields, query)
}
