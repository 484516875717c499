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
