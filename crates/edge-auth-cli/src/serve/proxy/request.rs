//! The head of the request that goes upstream.

use edge_auth::Grant;
use hyper::HeaderMap;
use hyper::header::{CONNECTION, COOKIE, EXPECT, FORWARDED, HOST, HeaderName, HeaderValue, TE, UPGRADE, VIA};
use hyper::http::uri::Authority;

use super::Client;
use super::fields::{folded, strip_hop_by_hop};

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const NAMED: HeaderName = HeaderName::from_static("x-forwarded-host");
const OVER: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// How many gates like this one may stand in a row.
const MAX_PASSES: usize = 8;

/// Strips, then sets. `None` if a field cannot be written, which is refused and not left out.
pub(super) fn prepare(
    headers: &mut HeaderMap,
    grant: &Grant,
    client: Client,
    authority: Option<Authority>,
    upgrade: bool,
) -> Option<()> {
    let codings = headers.get_all(TE).iter().filter_map(|value| value.to_str().ok());
    let wants_trailers =
        codings.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case("trailers"));
    strip_hop_by_hop(headers);
    // The wait for it is over: the client is told to go on when its body is first read.
    headers.remove(EXPECT);
    tell_the_way(headers, client, authority)?;
    join_cookies(headers)?;
    came_by(headers)?;
    for name in &grant.forward.remove {
        headers.remove(name);
    }
    // Last, so that nothing that the client sends can strip or change it.
    for (name, value) in &grant.forward.set {
        headers.insert(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?);
    }
    if upgrade {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    } else if wants_trailers {
        // It is about this connection only (RFC 9110, section 10.1.4).
        headers.insert(CONNECTION, HeaderValue::from_static("te"));
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    Some(())
}

/// Who asked, by which name, over what. Of what is said about that only a trusted proxy's
/// `X-Forwarded-For`, `-Host` and `-Proto` go on, in their own spelling.
fn tell_the_way(headers: &mut HeaderMap, client: Client, authority: Option<Authority>) -> Option<()> {
    let peer = client.peer.to_canonical().to_string();
    let host = match authority {
        Some(authority) => HeaderValue::try_from(authority.as_str()).ok(),
        None => headers.get(HOST).cloned(),
    };
    let kept = |name: &HeaderName| client.trusted_proxy && [FOR, NAMED, OVER].contains(name);
    let claims: Vec<HeaderName> =
        headers.keys().filter(|name| is_claim(name) && !kept(name)).cloned().collect();
    claims.iter().for_each(|name| drop(headers.remove(name)));
    let chain: Vec<&str> =
        headers.get_all(&FOR).iter().filter_map(|value| value.to_str().ok()).chain([peer.as_str()]).collect();
    let chain = HeaderValue::try_from(chain.join(", ")).ok()?;
    headers.insert(FOR, chain);
    if let Some(host) = host.filter(|_| !headers.contains_key(&NAMED)) {
        headers.insert(NAMED, host);
    }
    headers.entry(OVER).or_insert(HeaderValue::from_static(if client.secure { "https" } else { "http" }));
    Some(())
}

/// Whether a field says where a request came from; in every spelling that servers take for one.
fn is_claim(name: &HeaderName) -> bool {
    let folded = folded(name);
    *name == FORWARDED
        || folded.starts_with("x-forwarded-")
        || folded == "x-real-ip"
        || folded == "cf-connecting-ip"
        || folded.ends_with("client-ip")
}

/// HTTP/2 sends a cookie's pairs one by one; towards HTTP/1.1 they are one field again (RFC 9113,
/// section 8.2.3).
fn join_cookies(headers: &mut HeaderMap) -> Option<()> {
    let crumbs: Vec<HeaderValue> = headers.get_all(COOKIE).iter().cloned().collect();
    if crumbs.len() > 1 {
        let crumbs: Vec<&[u8]> = crumbs.iter().map(HeaderValue::as_bytes).collect();
        headers.insert(COOKIE, HeaderValue::from_bytes(&crumbs.join(&b"; "[..])).ok()?);
    }
    Some(())
}

/// Says that the request came this way (RFC 9110, section 7.6.3). `None` if it came so often that
/// it goes in a circle.
fn came_by(headers: &mut HeaderMap) -> Option<()> {
    let ways = headers.get_all(VIA).iter().filter_map(|value| value.to_str().ok());
    let often =
        ways.flat_map(|value| value.split(',')).filter(|way| way.trim().ends_with(" edge-auth")).count();
    headers.append(VIA, HeaderValue::from_static("1.1 edge-auth"));
    (often < MAX_PASSES).then_some(())
}
