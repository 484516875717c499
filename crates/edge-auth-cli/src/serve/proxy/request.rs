//! The head of the request that goes upstream.

use edge_auth::endpoints::{self, ForwardedHeaders};
use edge_auth::{Grant, Headers};
use hyper::HeaderMap;
use hyper::header::{CONNECTION, COOKIE, EXPECT, HOST, HeaderName, HeaderValue, TE, UPGRADE, VIA};
use hyper::http::uri::Authority;

use super::Client;
use super::fields;

/// The most gates like this one in a row.
const MAX_PASSES: usize = 8;

/// Strips and sets the fields of a request. `None` refuses it: a field cannot be written.
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
    // The library tells the client to go on when its body is first read.
    headers.remove(EXPECT);
    set_forwarded(headers, client, authority)?;
    join_cookies(headers)?;
    add_via(headers)?;
    for name in &grant.upstream.remove {
        headers.remove(name);
    }
    // Set last, so that no field of the client can strip or change them.
    set(headers, grant.fields_to_set())?;
    if upgrade {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    } else if wants_trailers {
        // `TE` is about this connection only (RFC 9110, section 10.1.4).
        headers.insert(CONNECTION, HeaderValue::from_static("te"));
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    Some(())
}

/// Removes the fields that describe the client's connection, and sets those that describe it to the
/// upstream.
fn set_forwarded(
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
    set(headers, forwarded.set.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

fn set<'a>(
    headers: &mut HeaderMap,
    fields: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Option<()> {
    for (name, value) in fields {
        headers.insert(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?);
    }
    Some(())
}

/// Joins the cookie fields of HTTP/2 into one for HTTP/1.1 (RFC 9113, section 8.2.3).
fn join_cookies(headers: &mut HeaderMap) -> Option<()> {
    let crumbs: Vec<HeaderValue> = headers.get_all(COOKIE).iter().cloned().collect();
    if crumbs.len() > 1 {
        let crumbs: Vec<&[u8]> = crumbs.iter().map(HeaderValue::as_bytes).collect();
        headers.insert(COOKIE, HeaderValue::from_bytes(&crumbs.join(&b"; "[..])).ok()?);
    }
    Some(())
}

/// Adds this gate to `Via` (RFC 9110, section 7.6.3). `None` if the request passed so many gates
/// that it goes in a circle.
fn add_via(headers: &mut HeaderMap) -> Option<()> {
    let ways = headers.get_all(VIA).iter().filter_map(|value| value.to_str().ok());
    let often = ways
        .flat_map(|value| value.split(','))
        .filter(|forwarded| forwarded.trim().ends_with(" edge-auth"))
        .count();
    headers.append(VIA, HeaderValue::from_static("1.1 edge-auth"));
    (often < MAX_PASSES).then_some(())
}
