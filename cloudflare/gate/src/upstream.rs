//! The origin behind a gateway, as the deployment names it.

use edge_auth_cloudflare::Deployment;
use edge_auth_cloudflare::store::binding;
use worker::Url;

/// The variable with the origin's URL.
const UPSTREAM: &str = "UPSTREAM";
/// The service binding through which the origin may be fetched.
const ORIGIN: &str = "ORIGIN";

/// Returns whether granted requests go on to an origin.
///
/// # Errors
/// `UPSTREAM` is not an origin, or is missing where `ORIGIN` is bound.
pub(crate) fn has_upstream(deployment: &Deployment) -> Result<bool, String> {
    let Some(upstream) = deployment.variable(UPSTREAM) else {
        if binding(&deployment.env, ORIGIN).is_some() {
            return Err(format!(
                "{ORIGIN} is bound, but {UPSTREAM} is not set: set it to the origin's URL"
            ));
        }
        return Ok(false);
    };
    if is_origin(&upstream) {
        Ok(true)
    } else {
        Err(format!(
            "{UPSTREAM} is not an origin like https://api.example.com: leave out path and query, \
             as requests keep their own"
        ))
    }
}

/// Returns whether a URL is a scheme, a host and perhaps a port, with at most a slash behind.
fn is_origin(url: &str) -> bool {
    match Url::parse(url) {
        Ok(parsed) => {
            let given = url.strip_suffix('/').unwrap_or(url);
            matches!(parsed.scheme(), "http" | "https")
                && parsed.origin().ascii_serialization() == given
        }
        Err(_) => false,
    }
}
