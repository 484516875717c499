//! Header fields, between the HTTP library and the core.

use edge_auth::Headers;
use edge_auth::endpoints::hop_by_hop;
use hyper::HeaderMap;

/// Returns the fields as the core takes them.
pub(super) fn of(headers: &HeaderMap) -> Vec<(&str, &[u8])> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
}

/// Removes the fields of the connection on which the message came (RFC 9110, section 7.6.1).
pub(super) fn end_connection(headers: &mut HeaderMap) {
    let ends = hop_by_hop(Headers(&of(headers)));
    for name in ends {
        headers.remove(name);
    }
}
