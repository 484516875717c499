//! The URL of a host that administers, as an operator writes it.

use std::net::IpAddr;

use url::{Host, Url};

use crate::error::CommandError;

/// The path under which a host administers.
const ADMIN: &str = "/admin/v1";

/// `https://HOST`, or `http://` on this machine, without the path of the administration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HostUrl(String);

impl HostUrl {
    /// Parses the URL of a host; `None` if the text has another scheme. Errors do not repeat the
    /// text, which may hold a password.
    pub(super) fn parse(text: &str) -> Option<Result<Self, CommandError>> {
        let scheme = text.split_once(':')?.0;
        let is_host = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
        is_host.then(|| Self::of_url(text))
    }

    fn of_url(text: &str) -> Result<Self, CommandError> {
        let usage = |message: &str| CommandError::Usage(format!("--store: {message}"));
        let url = Url::parse(text).map_err(|_| {
            usage("this is not a URL; write it as in `https://control.example.com`")
        })?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(usage(
                "write the URL without user name and password: the credential comes from \
                 EDGE_AUTH_ADMIN_CREDENTIAL or --credential-file",
            ));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(usage("write the URL without a query and a fragment"));
        }
        if url.scheme() == "http" && !is_this_machine(&url) {
            return Err(usage(
                "`http://` would send the credential in the clear: write `https://`; `http://` is \
                 for this machine only",
            ));
        }
        let path = url.path().trim_end_matches('/');
        let path = path.strip_suffix(ADMIN).unwrap_or(path);
        Ok(Self(format!("{}{path}", url.origin().ascii_serialization())))
    }

    /// Returns the URL of a resource of the administration.
    pub(super) fn resource(&self, path: &str) -> String {
        format!("{}{ADMIN}{path}", self.0)
    }

    /// Returns the region of the Function URL of a Lambda function, whose callers sign.
    pub(super) fn lambda_region(&self) -> Option<&str> {
        let host = self.0.strip_prefix("https://")?.split(['/', ':']).next()?;
        let (_, rest) = host.split_once(".lambda-url.")?;
        let region = rest.strip_suffix(".on.aws")?;
        let is_region = !region.is_empty()
            && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        is_region.then_some(region)
    }
}

/// For messages.
impl std::fmt::Display for HostUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> HostUrl {
        HostUrl::parse(text).unwrap().unwrap()
    }

    fn refused(text: &str) -> String {
        HostUrl::parse(text).unwrap().unwrap_err().to_string()
    }

    #[test]
    fn a_host_is_named_with_or_without_the_path_of_its_administration() {
        for text in [
            "https://control.example.com",
            "https://control.example.com/",
            "https://control.example.com/admin/v1",
            "HTTPS://CONTROL.example.com:443/admin/v1/",
        ] {
            let keys = parsed(text).resource("/keys");
            assert_eq!(keys, "https://control.example.com/admin/v1/keys", "{text}");
        }
        let staged = parsed("https://api.example.com/prod/").resource("/keys");
        assert_eq!(staged, "https://api.example.com/prod/admin/v1/keys");
    }

    #[test]
    fn http_is_for_this_machine_only() {
        for text in
            ["http://127.0.0.1:8787", "http://localhost", "http://[::1]:1", "http://127.9.9.9"]
        {
            parsed(text);
        }
        for text in [
            "http://example.com",
            "http://10.0.0.1",
            "http://localhost.example.com",
            "http://0.0.0.0",
        ] {
            assert!(refused(text).contains("in the clear"), "{text}");
        }
    }

    #[test]
    fn a_url_with_a_password_is_refused_and_not_repeated() {
        let message = refused("https://admin:hunter2@control.example.com");
        assert!(message.contains("--credential-file") && !message.contains("hunter2"), "{message}");
        assert!(!refused("https://x:hunter2@").contains("hunter2"));
        assert!(refused("https://control.example.com?key=hunter2").contains("without a query"));
        assert!(refused("https://control.example.com#x").contains("fragment"));
    }

    #[test]
    fn other_schemes_are_stores() {
        for text in ["sqlite:keys.db", "dynamodb:keys", "keys.db", ""] {
            assert!(HostUrl::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_region_of_a_function_url_is_in_its_name() {
        let function = parsed("https://abc123.lambda-url.eu-central-1.on.aws/");
        assert_eq!(function.lambda_region(), Some("eu-central-1"));
        for text in [
            "https://abc123.lambda-url.eu-central-1.on.aws.example.com",
            "https://example.com/x.lambda-url.eu-central-1.on.aws",
            "https://abc123.lambda-url..on.aws",
            "http://localhost/.lambda-url.eu-central-1.on.aws",
        ] {
            assert_eq!(parsed(text).lambda_region(), None, "{text}");
        }
    }
}
