//! The head of the request that goes upstream.

use edge_auth::Grant;
use hyper::HeaderMap;
use hyper::header::{CONNECTION, EXPECT, FORWARDED, HOST, HeaderName, HeaderValue, TE, UPGRADE};
use hyper::http::uri::Authority;

use super::Client;
use super::fields::strip_hop_by_hop;

/// Strips, then sets. `None` if a field cannot be written, which is refused and not left out.
pub(super) fn prepare(
    headers: &mut HeaderMap,
    grant: &Grant,
    client: Client,
    authority: Option<Authority>,
    upgrade: bool,
) -> Option<()> {
    let wants_trailers = headers.get_all(TE).iter().any(|value| value.as_bytes() == b"trailers");
    strip_hop_by_hop(headers);
    // The wait for it is over: the client is told to go on when its body is first read.
    headers.remove(EXPECT);
    tell_the_way(headers, client, authority)?;
    for name in &grant.forward.remove {
        headers.remove(name);
    }
    // Last, so that nothing that the client sends can strip or change it.
    for (name, value) in &grant.forward.set {
        headers.insert(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?);
    }
    if wants_trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    if upgrade {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    }
    Some(())
}

/// Who asked, by which name, over what. Of what a client says about that only a trusted proxy's
/// words go on.
fn tell_the_way(headers: &mut HeaderMap, client: Client, authority: Option<Authority>) -> Option<()> {
    const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
    const NAMED: HeaderName = HeaderName::from_static("x-forwarded-host");
    const OVER: HeaderName = HeaderName::from_static("x-forwarded-proto");
    let peer = client.peer.to_canonical().to_string();
    let host = match authority {
        Some(authority) => HeaderValue::try_from(authority.as_str()).ok(),
        None => headers.get(HOST).cloned(),
    };
    if client.trusted_proxy {
        let chain: Vec<&str> = headers
            .get_all(&FOR)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .chain([peer.as_str()])
            .collect();
        let chain = HeaderValue::try_from(chain.join(", ")).ok()?;
        headers.insert(FOR, chain);
        if let Some(host) = host.filter(|_| !headers.contains_key(&NAMED)) {
            headers.insert(NAMED, host);
        }
        headers.entry(OVER).or_insert(HeaderValue::from_static("http"));
        return Some(());
    }
    let claims: Vec<HeaderName> = headers.keys().filter(|name| is_claim(name)).cloned().collect();
    claims.iter().for_each(|name| drop(headers.remove(name)));
    headers.insert(FOR, HeaderValue::try_from(peer).ok()?);
    if let Some(host) = host {
        headers.insert(NAMED, host);
    }
    headers.insert(OVER, HeaderValue::from_static("http"));
    Some(())
}

/// Whether a field says where a request came from; in every spelling that servers take for one.
fn is_claim(name: &HeaderName) -> bool {
    let folded = name.as_str().replace(['_', '.'], "-");
    *name == FORWARDED || folded.starts_with("x-forwarded-") || folded == "x-real-ip"
}
