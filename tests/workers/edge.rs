//! Changes that Cloudflare's edge makes to a request before a Worker gets it.

use edge_auth_testkit::scenario::{Call, PlatformCredentials};
use serde_json::json;

/// The client's address. Only the edge writes this field.
const CONNECTING_IP: &str = "CF-Connecting-IP";

/// Returns the call as it arrives at the Worker: with the client's address, and with `request.cf`
/// in the field from which workerd reads it.
pub(crate) fn arriving(call: &Call) -> Call {
    let mut call = call.clone();
    call.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(CONNECTING_IP));
    call.headers.push((CONNECTING_IP.to_owned(), call.from.to_string().into_bytes()));
    let members = match &call.handover {
        Some(PlatformCredentials::Cloudflare(members)) => Some(members),
        Some(
            PlatformCredentials::Tls(_)
            | PlatformCredentials::ApiGateway(_)
            | PlatformCredentials::LoadBalancer,
        )
        | None => None,
    };
    let location = call.location.as_ref();
    if members.is_some() || location.is_some() {
        let cf = json!({
            "tlsClientAuth": members,
            "clientAcceptEncoding": "",
            "country": location.and_then(|location| location.country.as_deref()),
            "asn": location.and_then(|location| location.asn),
        });
        call.headers.push(("MF-CF-Blob".to_owned(), cf.to_string().into_bytes()));
    }
    call
}
