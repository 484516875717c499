//! The places of a request where the credentials that a rule names may be.

use crate::credential::{Wanted, cookies_without};
use crate::policy::{Access, CredentialRef, Policy, Rule, TokenPlace};
use crate::request::Headers;

/// Returns the kinds of credential that a rule names, and their places.
pub(super) fn wanted<'p>(policy: &'p Policy, access: &Access) -> Wanted<'p> {
    let mut wanted =
        Wanted { places: Vec::new(), api_key: false, api_key_header: &policy.api_key_header };
    for named in access.named() {
        match named {
            CredentialRef::Key(_) => wanted.api_key = true,
            CredentialRef::Cert(_) => {}
            CredentialRef::Jwt(index) => {
                if let Some(issuer) = policy.issuers.get(*index)
                    && !wanted.places.contains(&&issuer.token_place)
                {
                    wanted.places.push(&issuer.token_place);
                }
            }
        }
    }
    wanted
}

/// Returns whether the request has a cookie in which tokens of the rule's issuers are sent.
pub(super) fn has_token_cookie(policy: &Policy, rule: &Rule, headers: Headers<'_>) -> bool {
    let mut names = Vec::new();
    for place in wanted(policy, &rule.access).places {
        match place {
            TokenPlace::Cookie(name) => names.push(name.as_str()),
            TokenPlace::Bearer
            | TokenPlace::Raw
            | TokenPlace::Header(_)
            | TokenPlace::WebSocketProtocol
            | TokenPlace::Query(_) => {}
        }
    }
    cookies_without(headers, &names).is_some()
}
