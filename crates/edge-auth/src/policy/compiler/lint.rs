//! Finds what rules ask for in vain: credentials that no request can bring, and tenants that no
//! credential has.

use crate::certificate::CertificateSource;
use crate::policy::{CredentialRef, Policy};
use crate::route::PathPattern;

impl Policy {
    /// Returns the certificates that rules name though no request to their paths can bring one, as
    /// `(rule, credential)`. A load balancer has a function's own endpoints behind it. At
    /// `/authorize` and `/v1/verify` the connection's client is a proxy or an application, not the
    /// caller; only at `/admin/v1` it is the caller.
    pub fn unreachable_credentials(&self) -> Vec<(&str, String)> {
        let mut unreachable = Vec::new();
        for (rule, route) in self.rules.iter().zip(self.router.routes()) {
            if is_of_administration(&route.path) {
                continue;
            }
            for named in rule.access.named() {
                if self.comes_by_balancer(named) {
                    unreachable.push((rule.name.as_str(), self.name_of(named)));
                }
            }
        }
        unreachable
    }

    /// Returns advice for each rule with `tenants` that refuses every caller, since none of its
    /// credentials has a tenant.
    pub(super) fn rules_without_tenants(&self) -> Vec<String> {
        let mut advice = Vec::new();
        for rule in &self.rules {
            let mut principals = rule.access.principals().iter();
            if rule.tenants.is_none() || principals.any(|named| self.can_have_tenant(named)) {
                continue;
            }
            advice.push(format!(
                "rule `{}`: `tenants` refuses every caller: only API keys, and tokens of an \
                 issuer with tenants, have one. Name such a credential in `require` (in `all` as \
                 the first), or leave `tenants` out",
                rule.name
            ));
        }
        advice
    }

    fn can_have_tenant(&self, named: &CredentialRef) -> bool {
        match named {
            CredentialRef::Jwt(index) => match self.issuers.get(*index) {
                Some(issuer) => issuer.identifier.has_tenants(),
                None => false,
            },
            CredentialRef::Key(_) => true,
            CredentialRef::Cert(_) => false,
        }
    }

    /// Whether a credential is a certificate that comes in a load balancer's fields.
    fn comes_by_balancer(&self, named: &CredentialRef) -> bool {
        match named {
            CredentialRef::Cert(index) => self.client_certs.get(*index).is_some_and(|block| {
                matches!(
                    block.source,
                    CertificateSource::AlbVerify | CertificateSource::AlbPassthrough
                )
            }),
            CredentialRef::Jwt(_) | CredentialRef::Key(_) => false,
        }
    }
}

/// Whether a pattern has a path below `/admin/v1`.
pub(super) fn is_of_administration(path: &PathPattern) -> bool {
    let mut segments = path.segments().iter();
    ["admin", "v1"].into_iter().all(|wanted| match segments.next() {
        Some(segment) => segment.is_match(wanted),
        None => path.has_rest(),
    })
}
