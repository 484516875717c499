//! The head of the request that goes upstream.

use edge_auth::endpoints::{self, ForwardedHeaders};
use edge_auth::{Grant, Headers};
use hyper::HeaderMap;
use hyper::header::{CONNECTION, COOKIE, EXPECT, HOST, HeaderName, HeaderValue, TE, UPGRADE, VIA};
use hyper::http::uri::Authority;

use super::Client;
use super::fields;

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
    let wants_trailers = codings
        .flat_map(|value| value.split(','))
        .any(|one| one.trim().eq_ignore_ascii_case("trailers"));
    // The wait for it is over: the client is told to go on when its body is first read.
    headers.remove(EXPECT);
    tell_the_way(headers, client, authority)?;
    join_cookies(headers)?;
    came_by(headers)?;
    for name in &grant.upstream.remove {
        headers.remove(name);
    }
    // Last, so that nothing that the client sends can strip or change it.
    set(headers, &grant.upstream.set)?;
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

/// What is said of the connection ends here; what the upstream is told of it is set.
fn tell_the_way(
    headers: &mut HeaderMap,
    client: Client,
    authority: Option<Authority>,
) -> Option<()> {
    let forwarded = {
        let fields = fields::of(headers);
        let host = || headers.get(HOST).and_then(|value| value.to_str().ok());
        let client = endpoints::Client {
            peer: Some(client.peer),
            secure: client.secure,
            host: authority.as_ref().map(Authority::as_str).or_else(host),
            trusted_proxy: client.trusted_proxy,
        };
        ForwardedHeaders::of(Headers(&fields), client)
    };
    for name in &forwarded.remove {
        headers.remove(name);
    }
    set(headers, &forwarded.set)
}

fn set(headers: &mut HeaderMap, fields: &[(String, String)]) -> Option<()> {
    for (name, value) in fields {
        headers.insert(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?);
    }
    Some(())
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
    let often = ways
        .flat_map(|value| value.split(','))
        .filter(|forwarded| forwarded.trim().ends_with(" edge-auth"))
        .count();
    headers.append(VIA, HeaderValue::from_static("1.1 edge-auth"));
    (often < MAX_PASSES).then_some(())
}
