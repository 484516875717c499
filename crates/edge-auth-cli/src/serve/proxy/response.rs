//! The answer that goes back to the client.

use edge_auth::Grant;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONNECTION, HeaderMap, HeaderName, HeaderValue, UPGRADE, VARY};
use hyper::{Response, Version};

use super::fields::strip_hop_by_hop;
use crate::serve::body::Body;

pub(super) fn prepare(answer: Response<Incoming>, grant: &Grant, switched: bool) -> Response<Body> {
    let (mut parts, body) = answer.into_parts();
    parts.version = Version::HTTP_11;
    parts.extensions.clear();
    strip_hop_by_hop(&mut parts.headers);
    let withheld: Vec<HeaderName> =
        parts.headers.keys().filter(|name| grant.withholds(name.as_str())).cloned().collect();
    withheld.iter().for_each(|name| drop(parts.headers.remove(name)));
    if switched {
        parts.headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        parts.headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    }
    for (name, value) in &grant.forward.respond {
        // The core's fields are valid by construction.
        let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) else {
            continue;
        };
        if name == VARY {
            parts.headers.append(name, value);
        } else {
            parts.headers.insert(name, value);
        }
    }
    if grant.principal.is_some() {
        keep_private(&mut parts.headers);
    }
    Response::from_parts(parts, body.map_err(Into::into).boxed_unsync())
}

/// What one principal was answered is for no cache that others use (RFC 9111, section 5.2.2.7).
fn keep_private(headers: &mut HeaderMap) {
    let given: Vec<HeaderValue> = headers.get_all(CACHE_CONTROL).iter().cloned().collect();
    let given: Vec<&str> = given.iter().filter_map(|value| value.to_str().ok()).collect();
    let shared = |directive: &&str| {
        let name = directive.split('=').next().unwrap_or_default().trim().to_ascii_lowercase();
        matches!(name.as_str(), "public" | "s-maxage" | "private" | "")
    };
    let kept = given.iter().flat_map(|value| value.split(',')).map(str::trim).filter(|one| !shared(one));
    let directives: Vec<&str> = ["private"].into_iter().chain(kept).collect();
    let value = HeaderValue::try_from(directives.join(", "));
    headers.insert(CACHE_CONTROL, value.unwrap_or(HeaderValue::from_static("private, no-store")));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(given: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        given.iter().for_each(|value| {
            headers.append(CACHE_CONTROL, HeaderValue::from_static(value));
        });
        keep_private(&mut headers);
        headers[CACHE_CONTROL].to_str().unwrap().to_owned()
    }

    #[test]
    fn an_authorized_answer_is_kept_by_no_shared_cache() {
        assert_eq!(kept(&[]), "private");
        assert_eq!(kept(&["public, max-age=60, s-maxage=600"]), "private, max-age=60");
        assert_eq!(kept(&["PUBLIC", "Max-Age=60"]), "private, Max-Age=60");
        assert_eq!(kept(&["no-store"]), "private, no-store");
        assert_eq!(kept(&["private=\"set-cookie\", max-age=60"]), "private, max-age=60");
    }
}
