//! The proxy that the environment names for https.

use std::net::IpAddr;

use hyper::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

/// Stands for a proxy whose URL is unusable, so that `NO_PROXY` can still be asked.
const UNUSABLE: &str = "http://unusable.invalid";

/// Which https connections go through a proxy, by CONNECT (RFC 9110, section 9.3.6).
///
/// Only https is ever proxied, so that a proxy sees neither documents nor tokens. `HTTP_PROXY` is
/// not read: a CGI server sets it from a request's `Proxy` field. This machine is never reached
/// through a proxy.
#[derive(Debug)]
pub(crate) struct HttpsProxy {
    matcher: Matcher,
    usable: bool,
}

impl HttpsProxy {
    /// No proxy.
    pub(crate) fn none() -> Self {
        Self::new("", "")
    }

    /// Reads `HTTPS_PROXY` and `NO_PROXY`, or their names in lower case.
    pub(crate) fn from_environment() -> Self {
        let proxy = variable("HTTPS_PROXY", "https_proxy");
        Self::new(&proxy, &variable("NO_PROXY", "no_proxy"))
    }

    /// Uses the proxy of this URL, except for the hosts of the list `exceptions`.
    pub(crate) fn new(proxy: &str, exceptions: &str) -> Self {
        let usable = proxy.is_empty() || is_usable(proxy);
        let proxy = if usable { proxy } else { UNUSABLE };
        Self { matcher: Matcher::builder().https(proxy).no(exceptions).build(), usable }
    }

    /// Returns the proxy through which to connect; `None` means directly.
    ///
    /// # Errors
    /// The proxy's URL cannot be used. It may hold a password, so the message does not repeat it.
    pub(crate) fn intercept(&self, uri: &Uri) -> Result<Option<Intercept>, String> {
        if is_loopback(uri) {
            return Ok(None);
        }
        let proxy = self.matcher.intercept(uri);
        if proxy.is_some() && !self.usable {
            return Err("HTTPS_PROXY is not the URL of a proxy: write http://HOST:PORT, or \
                        http://USER:PASSWORD@HOST:PORT with both percent-encoded"
                .to_owned());
        }
        Ok(proxy)
    }
}

/// Returns the value of the first variable that is set and not empty.
fn variable(name: &str, lower_case: &str) -> String {
    for name in [name, lower_case] {
        if let Some(value) = std::env::var_os(name)
            && !value.is_empty()
        {
            return value.to_string_lossy().trim().to_owned();
        }
    }
    String::new()
}

/// Whether this is the URL of a proxy that speaks CONNECT.
fn is_usable(proxy: &str) -> bool {
    let matcher = Matcher::builder().https(proxy).build();
    let Some(proxy) = matcher.intercept(&Uri::from_static("https://example.com")) else {
        return false;
    };
    // An `@` that is left belongs to a password with an `@`, a part of which would be logged.
    let has_at = proxy.uri().authority().is_some_and(|authority| authority.as_str().contains('@'));
    matches!(proxy.uri().scheme_str(), Some("http" | "https")) && !has_at
}

/// Whether the URL's host is this machine.
pub(crate) fn is_loopback(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the connection to `url` goes: the proxy's URL, or nothing.
    fn proxy_for(proxy: &HttpsProxy, url: &str) -> Result<Option<String>, String> {
        let found = proxy.intercept(&url.parse().unwrap())?;
        Ok(found.map(|found| found.uri().to_string()))
    }

    #[test]
    fn https_goes_through_the_proxy_except_to_this_machine_and_to_the_exceptions() {
        let proxy = HttpsProxy::new("http://proxy.example:3128", "corp.example,10.0.0.0/8");
        let through = Ok(Some("http://proxy.example:3128/".to_owned()));
        for url in ["https://a.example/", "https://notcorp.example/", "https://192.0.2.1/"] {
            assert_eq!(proxy_for(&proxy, url), through, "{url}");
        }
        for url in [
            "https://corp.example/",
            "https://login.corp.example/",
            "https://10.1.2.3/",
            "https://localhost:8443/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "http://a.example/",
        ] {
            assert_eq!(proxy_for(&proxy, url), Ok(None), "{url}");
        }
        assert_eq!(proxy_for(&HttpsProxy::none(), "https://a.example/"), Ok(None));
        assert_eq!(proxy_for(&HttpsProxy::new("http://p", "*"), "https://a.example/"), Ok(None));
    }

    #[test]
    fn a_proxy_may_be_named_without_a_scheme_and_with_a_password() {
        let proxy = HttpsProxy::new("user:pass%20word@proxy.example:3128", "");
        let found = proxy.intercept(&Uri::from_static("https://a.example/")).unwrap().unwrap();
        assert_eq!(found.uri(), "http://proxy.example:3128/");
        // `user:pass word` in base64.
        assert_eq!(found.basic_auth().unwrap(), "Basic dXNlcjpwYXNzIHdvcmQ=");
        assert!(!format!("{proxy:?}").contains("pass"), "{proxy:?}");
    }

    #[test]
    fn an_unusable_proxy_is_an_error_that_does_not_repeat_it_and_never_a_direct_connection() {
        for url in [
            "socks5://user:hunter2@proxy.example",
            "http://user:pass@hunter2@proxy.example:3128",
            "ftp://hunter2",
            "http://",
            "a b hunter2",
        ] {
            let proxy = HttpsProxy::new(url, "corp.example");
            let refused = proxy_for(&proxy, "https://a.example/").unwrap_err();
            assert!(refused.contains("HTTPS_PROXY") && !refused.contains("hunter2"), "{refused}");
            assert_eq!(proxy_for(&proxy, "https://corp.example/"), Ok(None), "{url}");
            assert_eq!(proxy_for(&proxy, "https://127.0.0.1/"), Ok(None), "{url}");
        }
    }
}
