//! The shapes into which every host turns its events.

use std::net::IpAddr;

use crate::certificate::PlatformCertificate;
use crate::client_location::ClientLocation;

/// A request as it reached the host, before anything in it is believed.
#[derive(Debug, Clone, Copy)]
pub struct InboundRequest<'a> {
    /// The address at the other end of the connection.
    pub peer: Option<IpAddr>,
    /// The place where that address is, as the platform reports it.
    pub location: ClientLocation,
    /// Whether the platform itself has authenticated the caller and lets it ask: by an IAM
    /// signature or a service binding.
    pub platform_authenticated: bool,
    /// The method.
    pub method: &'a str,
    /// The `Host` field.
    pub host: Option<&'a str>,
    /// HTTP/2's `:authority`.
    pub authority: Option<&'a str>,
    /// The raw request target in origin form.
    pub target: &'a str,
    /// The header fields.
    pub headers: Headers<'a>,
    /// The client's certificate, as the platform has it.
    pub certificate: PlatformCertificate<'a>,
}

impl<'a> InboundRequest<'a> {
    /// Returns a request of this client to decide about: no proxy is trusted, the country is
    /// unknown, and the path goes upstream as it was sent.
    pub fn as_request(&self, client_ip: Option<IpAddr>) -> AuthRequest<'a> {
        let Self { method, host, authority, target, headers, certificate, .. } = *self;
        AuthRequest {
            method,
            host,
            authority,
            target,
            headers,
            client_ip,
            location: ClientLocation::default(),
            certificate,
            path_rewritten: false,
            proxy_trusted: false,
        }
    }
}

/// A request to decide about, borrowed from the host's event.
#[derive(Debug, Clone, Copy)]
pub struct AuthRequest<'a> {
    /// The method, as it was sent.
    pub method: &'a str,
    /// The `Host` field, as it was sent.
    pub host: Option<&'a str>,
    /// HTTP/2's `:authority`, where there is one.
    pub authority: Option<&'a str>,
    /// The request target in origin form, raw: path and query, nothing decoded (RFC 9112,
    /// section 3.2.1).
    pub target: &'a str,
    /// The header fields, in order, repeated ones repeated.
    pub headers: Headers<'a>,
    /// The client's address, if the host knows one that it trusts.
    pub client_ip: Option<IpAddr>,
    /// Where the client is, if the host's platform says it, or somebody whom the host trusts.
    pub location: ClientLocation,
    /// The client's certificate, as the platform has it.
    pub certificate: PlatformCertificate<'a>,
    /// The host forwards the normal path that was matched
    /// ([`UpstreamRequest::target`](crate::UpstreamRequest)) instead of the one that was sent. If
    /// it does not, a path that an upstream could read differently is refused
    /// ([`check_forwardable_verbatim`](crate::route::check_forwardable_verbatim)).
    pub path_rewritten: bool,
    /// The header fields come from a trusted proxy, which removes its client's certificate fields,
    /// so that those with a certificate count.
    pub proxy_trusted: bool,
}

/// Header fields: names in any case, values as bytes.
#[derive(Clone, Copy)]
pub struct Headers<'a>(pub &'a [(&'a str, &'a [u8])]);

impl<'a> Headers<'a> {
    /// Returns all values of a field, in order.
    pub fn all(self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let matching = move |(field, _): &&'a (&'a str, &'a [u8])| field.eq_ignore_ascii_case(name);
        self.0.iter().filter(matching).map(|(_, value)| *value)
    }

    /// Returns the value of a field that may be there at most once.
    ///
    /// # Errors
    /// The field is repeated.
    pub fn single(self, name: &str) -> Result<Option<&'a [u8]>, Repeated> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            (_, Some(_)) => Err(Repeated),
        }
    }

    /// Returns the fields' names, as they were sent.
    pub fn names(self) -> impl Iterator<Item = &'a str> {
        self.0.iter().map(|(name, _)| *name)
    }
}

/// Shows the names only: values may be credentials.
impl std::fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

/// A field that must not be repeated is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeated;

/// Returns whether a text is a `token` (RFC 9110, section 5.6.2), like a field name or a method.
pub(crate) fn is_token(text: &str) -> bool {
    let tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(tchar)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case_and_repeats_are_noticed() {
        let fields: [(&str, &[u8]); 3] = [("X-A", b"1"), ("x-a", b"2"), ("b", b"3")];
        let headers = Headers(&fields);
        assert_eq!(headers.all("x-A").count(), 2);
        assert_eq!(headers.single("x-a"), Err(Repeated));
        assert_eq!(headers.single("B"), Ok(Some(&b"3"[..])));
        assert_eq!(headers.single("c"), Ok(None));
    }

    #[test]
    fn debug_shows_names_only() {
        let fields: [(&str, &[u8]); 1] = [("authorization", b"Bearer hunter2")];
        assert_eq!(format!("{:?}", Headers(&fields)), r#"["authorization"]"#);
    }
}
