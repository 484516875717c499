//! Finds credentials that rules name and that no request can bring.

use super::{CredentialRef, Policy};
use crate::certificate::CertificateSource;
use crate::route::PathPattern;

impl Policy {
    /// Returns the certificates that rules name though no request to their paths can bring one, as
    /// `(rule, credential)`. A load balancer has a function's own endpoints behind it. At
    /// `/authorize` and `/v1/verify` the connection's client is a proxy or an application, not the
    /// caller; only at `/admin/v1` it is the caller.
    pub fn unreachable_credentials(&self) -> Vec<(&str, String)> {
        let by_balancer = |one: &CredentialRef| match one {
            CredentialRef::Cert(index) => self.client_certs.get(*index).is_some_and(|block| {
                matches!(
                    block.source,
                    CertificateSource::AlbVerify | CertificateSource::AlbPassthrough
                )
            }),
            CredentialRef::Jwt(_) | CredentialRef::Key(_) => false,
        };
        let rules = self.rules.iter().zip(self.router.routes());
        let elsewhere = rules.filter(|(_, route)| !is_of_administration(&route.path));
        let named =
            elsewhere.flat_map(|(rule, _)| rule.access.named().iter().map(move |one| (rule, one)));
        let unreachable = named.filter(|(_, one)| by_balancer(one));
        unreachable.map(|(rule, one)| (rule.name.as_str(), self.name_of(one))).collect()
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
