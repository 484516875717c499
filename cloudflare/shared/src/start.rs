//! What both Workers find out about a policy when they start.

use edge_auth::Policy;
use edge_auth::certificate::CertificateSource;
use edge_auth::policy::HostCapabilities;

/// Returns what a Worker offers to a policy. `store` says whether its store is bound, and
/// `store_help` what to do if it is not; `gateway` whether granted requests go on to an origin.
pub fn capabilities(
    store: bool,
    store_help: &'static str,
    gateway: bool,
) -> HostCapabilities<'static> {
    HostCapabilities {
        store,
        key_copies: false,
        store_help,
        fetch_files: false,
        gateway,
        // The runtime resolves dot segments.
        raw_path: false,
        own_certificate_sources: &[CertificateSource::Cloudflare],
        knows_location: true,
        listener_asks_for_certificates: false,
    }
}

/// Returns whether a certificate may come from `request.cf`.
pub fn takes_certificates(policy: &Policy) -> bool {
    policy.client_cert_blocks().any(|(_, source, _)| source == CertificateSource::Cloudflare)
}
