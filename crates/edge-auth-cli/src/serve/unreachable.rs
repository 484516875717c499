//! What a policy asks for and this host cannot do: certificates that never come to it, answers that it does not carry.
//! A policy may be for several hosts, so most of what cannot is only told.

use edge_auth::certificate::CertificateSource::{Cloudflare, CloudflareHeaders, Rfc9440, Tls};
use edge_auth::{Policy, Resources};

use crate::failure::Failure;

/// What the operator should know: blocks by which nobody passes here, and rules that end no answer.
///
/// # Errors
/// A block is for this listener, and the listener asks no client for a certificate.
pub(super) fn notices(
    policy: &Policy,
    resources: &dyn Resources,
    gateway: bool,
) -> Result<Vec<String>, Failure> {
    let mut told = if gateway { Vec::new() } else { policy.answers_not_ended() };
    for (name, source, ca_file) in policy.client_cert_blocks() {
        let why = match source {
            // Without a `ca_file`, building the gate says so.
            Tls if ca_file.is_some() && resources.client_ca().is_none() => {
                return Err(Failure::Usage(format!(
                    "client_cert `{name}`: this listener asks for no certificates: start it with --tls-cert, \
                     --tls-key and --client-ca"
                )));
            }
            Tls if !gateway => {
                "without --upstream, only proxies and applications ask, and theirs are not their clients'"
            }
            Rfc9440 | CloudflareHeaders if gateway && !policy.names_proxies() => {
                "the gateway believes no proxy: name yours in `[trust]`, by `networks` or `secret`"
            }
            // An application can tell of it, by `client_certificate` of a question to `/v1/verify`.
            Cloudflare if !gateway => continue,
            Tls | Rfc9440 | CloudflareHeaders => continue,
            _ => "nothing comes to this host by that source",
        };
        told.push(format!("client_cert `{name}`, source `{source}`: nobody passes by it: {why}"));
    }
    Ok(told)
}
