//! The response that goes back to the client.

use edge_auth::Grant;
use edge_auth::endpoints::private_cache_control;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONNECTION, HeaderMap, HeaderName, HeaderValue, UPGRADE, VARY};
use hyper::{Response, Version};

use super::fields::end_connection;
use crate::serve::body::Body;

/// Makes the client's response of the upstream's.
pub(super) fn prepare(answer: Response<Incoming>, grant: &Grant, switched: bool) -> Response<Body> {
    let (mut parts, body) = answer.into_parts();
    parts.version = Version::HTTP_11;
    parts.extensions.clear();
    end_connection(&mut parts.headers);
    let names: Vec<HeaderName> = parts.headers.keys().cloned().collect();
    for name in names {
        if grant.strips(name.as_str()) {
            parts.headers.remove(name);
        }
    }
    if switched {
        parts.headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        parts.headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    }
    for (name, value) in &grant.upstream.respond {
        // The core's fields are valid by construction.
        let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value))
        else {
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

/// Keeps a response to one principal out of shared caches.
fn keep_private(headers: &mut HeaderMap) {
    let given = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let value = HeaderValue::try_from(private_cache_control(given));
    headers.insert(CACHE_CONTROL, value.unwrap_or(HeaderValue::from_static("private, no-store")));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_to_a_principal_stays_out_of_shared_caches() {
        let mut headers = HeaderMap::new();
        for (name, value) in [("cache-control", "public"), ("cache-control", "max-age=60")] {
            headers.append(name, HeaderValue::from_static(value));
        }
        keep_private(&mut headers);
        assert_eq!(headers[CACHE_CONTROL], "private, max-age=60");
    }
}
