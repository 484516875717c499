//! A request's head as JavaScript passes it: one string, one crossing.

use std::net::IpAddr;

use edge_auth::certificate::PlatformCertificate;
use edge_auth::endpoints::InboundRequest;
use edge_auth::{ClientLocation, Headers};

/// A request's head. Its text has a line each for the method, the URL, and `name:value` of every
/// field; no part contains a line break.
#[derive(Debug)]
pub struct Head<'a> {
    /// The method.
    pub method: &'a str,
    secure: bool,
    authority: &'a str,
    /// The request target in origin form.
    pub target: &'a str,
    fields: Vec<(&'a str, &'a [u8])>,
}

/// The sender of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// A client on the internet, with the address that Cloudflare saw.
    Internet,
    /// A Worker of the same account, over a service binding: Cloudflare vouches for it.
    Bound,
}

impl<'a> Head<'a> {
    /// Parses a head, or returns `None` if the method or an absolute URL is missing.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut lines = text.lines();
        let method = lines.next()?;
        let (scheme, rest) = lines.next()?.split_once("://")?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at_checked(end)?;
        let fields = lines.filter_map(|line| line.split_once(':'));
        Some(Self {
            method,
            secure: scheme == "https",
            authority,
            target: if target.is_empty() { "/" } else { target },
            fields: fields.map(|(name, value)| (name, value.as_bytes())).collect(),
        })
    }

    fn field(&self, name: &str) -> Option<&'a str> {
        let value =
            self.fields.iter().find(|(field, _)| *field == name).map(|(_, value)| *value)?;
        std::str::from_utf8(value).ok()
    }

    /// Returns the client's address from Cloudflare's own field, which clients cannot set.
    fn peer(&self, caller: Caller) -> Option<IpAddr> {
        match caller {
            Caller::Internet => self.field("cf-connecting-ip")?.parse().ok(),
            // The bound Worker may have copied the field from its own client.
            Caller::Bound => None,
        }
    }

    /// Returns whether the client used TLS.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Returns the request as the core takes it.
    pub fn incoming(
        &'a self,
        caller: Caller,
        location: ClientLocation,
        certificate: PlatformCertificate<'a>,
    ) -> InboundRequest<'a> {
        InboundRequest {
            location,
            peer: self.peer(caller),
            platform_authenticated: caller == Caller::Bound,
            method: self.method,
            host: Some(self.field("host").unwrap_or(self.authority)),
            authority: Some(self.authority),
            target: self.target,
            headers: Headers(&self.fields),
            certificate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incoming(text: &str, look: impl FnOnce(InboundRequest<'_>)) {
        let head = Head::parse(text).unwrap();
        let location = ClientLocation::default();
        look(head.incoming(Caller::Internet, location, PlatformCertificate::Nothing));
    }

    #[test]
    fn a_head_is_a_method_a_url_and_fields() {
        let text = "GET\nhttps://api.example.com:8443/a//b?x=%2f\nhost:api.example.com:8443\nx-a:1:2\n\
                    cf-connecting-ip:192.0.2.1\n";
        incoming(text, |incoming| {
            assert_eq!((incoming.method, incoming.target), ("GET", "/a//b?x=%2f"));
            assert_eq!(incoming.authority, Some("api.example.com:8443"));
            assert_eq!(incoming.headers.single("x-a"), Ok(Some(&b"1:2"[..])));
            assert_eq!(incoming.peer, Some("192.0.2.1".parse().unwrap()));
        });
    }

    #[test]
    fn a_url_without_a_path_is_for_the_root() {
        incoming("GET\nhttp://a\n", |incoming| assert_eq!(incoming.target, "/"));
    }

    #[test]
    fn only_cloudflare_names_the_client_address() {
        incoming("GET\nhttp://a/\n", |incoming| assert_eq!(incoming.peer, None));
        let bound = Head::parse("GET\nhttp://a/\ncf-connecting-ip:192.0.2.1\n").unwrap();
        let location = ClientLocation::default();
        let bound = bound.incoming(Caller::Bound, location, PlatformCertificate::Nothing);
        assert_eq!((bound.peer, bound.platform_authenticated), (None, true));
    }

    #[test]
    fn a_text_without_a_method_or_an_absolute_url_is_rejected() {
        for text in ["", "GET", "GET\n/a\n"] {
            assert!(Head::parse(text).is_none(), "{text}");
        }
    }
}
