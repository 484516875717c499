//! What a rule asks for, for those who set a platform up around it.

use super::{Access, CredentialRef, HttpApiResponse, Policy, Rule};
use crate::identity_headers;
use crate::route::Route;

/// A rule, as far as it matters outside the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleSummary<'a> {
    /// Its name, or its number and path.
    pub name: &'a str,
    /// Whether nobody is asked.
    pub public: bool,
    /// Whether one of several credentials is enough.
    pub any: bool,
    /// The fields by which the tokens that it names come, in lower case, each once:
    /// `authorization`, an issuer's `token_header`, `cookie`, `sec-websocket-protocol`. A token in
    /// the query has none.
    pub token_fields: Vec<&'a str>,
    /// Whether it names API keys.
    pub api_keys: bool,
    /// Whether it names client certificates, or wants tokens that are bound to one.
    pub certificates: bool,
    /// Whether it is for certain hosts.
    pub hosts: bool,
    /// Whether it is for `OPTIONS`, the method of CORS preflights.
    pub options: bool,
}

/// A header by which an upstream is told of the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdentityHeader {
    /// Its name, as in `X-Auth-Subject`.
    pub name: String,
    /// The same of an authorizer's context, as in `subject`.
    pub member: &'static str,
}

impl Policy {
    /// All identity headers.
    pub fn identity_headers(&self) -> [IdentityHeader; 6] {
        identity_headers::names(&self.identity_prefix)
            .map(|(name, member)| IdentityHeader { name, member })
    }

    /// The rules, in their order.
    pub fn rule_summaries(&self) -> impl Iterator<Item = RuleSummary<'_>> {
        let routes = self.router.routes();
        self.rules.iter().zip(routes).map(|(rule, route)| self.summary(rule, route))
    }

    /// The field of its own that API keys come by.
    pub fn api_key_header(&self) -> &str {
        &self.api_key_header
    }

    /// The blocks that no rule names, as a rule would: `jwt:corp`, `key:partners`, `cert:agents`.
    pub fn unused(&self) -> Vec<String> {
        let jwt = self
            .issuers
            .iter()
            .enumerate()
            .map(|(index, one)| (CredentialRef::Jwt(index), "jwt", &one.name));
        let key = self
            .api_keys
            .iter()
            .enumerate()
            .map(|(index, one)| (CredentialRef::Key(index), "key", &one.name));
        let cert = self
            .client_certs
            .iter()
            .enumerate()
            .map(|(index, one)| (CredentialRef::Cert(index), "cert", &one.name));
        let is_unused =
            |one: &CredentialRef| self.rules.iter().all(|rule| !rule.access.named().contains(one));
        let unused = jwt.chain(key).chain(cert).filter(|(one, ..)| is_unused(one));
        unused.map(|(_, kind, name)| format!("{kind}:{name}")).collect()
    }
    fn summary<'a>(&'a self, rule: &'a Rule, route: &Route) -> RuleSummary<'a> {
        let named = rule.access.named();
        let names = |kind: fn(&CredentialRef) -> bool| named.iter().any(kind);
        RuleSummary {
            name: &rule.name,
            public: rule.access == Access::Public,
            any: matches!(rule.access, Access::Any(_)) && named.len() > 1,
            token_fields: self.token_fields(named),
            api_keys: names(|one| matches!(one, CredentialRef::Key(_))),
            certificates: rule.certificate_bound
                || names(|one| matches!(one, CredentialRef::Cert(_))),
            hosts: route.host.is_some(),
            options: route.methods.contains("OPTIONS"),
        }
    }

    fn token_fields(&self, named: &[CredentialRef]) -> Vec<&str> {
        let issuers = named.iter().filter_map(|one| match one {
            CredentialRef::Jwt(index) => self.issuers.get(*index),
            CredentialRef::Key(_) | CredentialRef::Cert(_) => None,
        });
        let mut fields: Vec<&str> =
            issuers.filter_map(|issuer| issuer.token_place.field()).collect();
        fields.sort_unstable();
        fields.dedup();
        fields
    }
}

/// What authorizers on AWS answer under this policy.
impl Policy {
    /// Returns whether API Gateway may cache an authorizer's answer for the caller's next calls:
    /// only if no credential is a certificate, and the revocation feed has a `gateway_cache`.
    pub(crate) fn responses_may_be_cached(&self) -> bool {
        let none_budgeted =
            self.has_revocation_feed() && self.revocation_limits().gateway_cache.is_zero();
        self.client_certs.is_empty() && !none_budgeted
    }

    /// Returns what authorizers of HTTP APIs answer.
    pub fn http_api_response(&self) -> HttpApiResponse {
        self.aws.http_api
    }
}
