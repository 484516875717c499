//! Header fields, between the HTTP library and the core.

use edge_auth::Headers;
use edge_auth::endpoints::hop_by_hop;
use hyper::HeaderMap;

/// The fields in the core's shape.
pub(super) fn of(headers: &HeaderMap) -> Vec<(&str, &[u8])> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
}

/// Removes what belongs to the connection that the message came on.
pub(super) fn end_connection(headers: &mut HeaderMap) {
    let ends = hop_by_hop(Headers(&of(headers)));
    for name in ends {
        headers.remove(name);
    }
}
