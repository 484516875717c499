//! Fields that belong to one connection and never cross a proxy.

use hyper::HeaderMap;
use hyper::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderName};

/// RFC 9110, section 7.6.1, and what older specifications added.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What no `Connection` can take away: without them the message would be another one.
const END_TO_END: [HeaderName; 2] = [HOST, CONTENT_LENGTH];

/// A name as servers that make variables of fields (CGI, RFC 3875, section 4.1.18) take it: `_` and
/// `.` are `-` to them.
pub(super) fn folded(name: &HeaderName) -> String {
    name.as_str().replace(|char: char| !char.is_ascii_alphanumeric(), "-")
}

/// Removes what belongs to the connection that the message came on, what its `Connection` lists
/// included; and other spellings of what frames the message.
pub(super) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let listed: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in listed.iter().filter(|name| !END_TO_END.contains(name)) {
        headers.remove(name);
    }
    let frames = |name: &&HeaderName| {
        let folded = folded(name);
        HOP_BY_HOP.contains(&folded.as_str())
            || (folded != name.as_str() && END_TO_END.iter().any(|one| *one == folded.as_str()))
    };
    let framing: Vec<HeaderName> = headers.keys().filter(frames).cloned().collect();
    for name in &framing {
        headers.remove(name);
    }
}
