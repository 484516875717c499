//! The proxies that the gate trusts, and the client's address behind them.

use std::net::IpAddr;

use edge_auth_token::Secret;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use serde::{Deserialize, Serialize};

use crate::request::{Headers, InboundRequest};

/// The policy's `[trust]` table.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct TrustPolicy {
    pub networks: Option<Vec<IpNet>>,
    /// The shared secret's name on the host.
    pub secret: Option<String>,
    pub secret_header: String,
}

/// The proxies and applications that may ask on behalf of others: those in a trusted network or
/// with the shared secret. If the policy configures both, they need both. If it configures neither,
/// only loopback addresses are trusted.
#[derive(Debug)]
pub(crate) struct TrustedProxies {
    networks: Vec<IpNet>,
    /// `false` for the default networks, from which `X-Forwarded-For` does not count: a local
    /// client could write it.
    configured: bool,
    secret: Option<Secret>,
    secret_header: String,
}

impl TrustedProxies {
    pub(crate) fn new(policy: &TrustPolicy, secret: Option<Secret>) -> Self {
        let default = if secret.is_some() { Vec::new() } else { loopback() };
        Self {
            configured: policy.networks.is_some(),
            networks: policy.networks.clone().unwrap_or(default),
            secret,
            secret_header: policy.secret_header.clone(),
        }
    }

    /// Returns whether a request comes from a trusted proxy or application. A caller that the
    /// platform authenticated is trusted, unless the policy names the trusted ones.
    pub(crate) fn admits(&self, incoming: &InboundRequest<'_>) -> bool {
        if incoming.platform_authenticated && !self.names_proxies() {
            return true;
        }
        self.admits_peer(incoming.peer, incoming.headers)
    }

    /// Returns whether the policy names trusted networks or a secret.
    fn names_proxies(&self) -> bool {
        self.configured || self.secret.is_some()
    }

    fn admits_peer(&self, peer: Option<IpAddr>, headers: Headers<'_>) -> bool {
        self.has_trusted_address(peer) && self.has_secret(headers)
    }

    fn has_trusted_address(&self, peer: Option<IpAddr>) -> bool {
        // The policy names a secret only, which is enough from any address.
        if self.secret.is_some() && !self.configured {
            return true;
        }
        match peer {
            Some(peer) => self.contains(peer),
            None => false,
        }
    }

    fn has_secret(&self, headers: Headers<'_>) -> bool {
        let Some(secret) = &self.secret else { return true };
        match headers.single(&self.secret_header) {
            Ok(Some(given)) => *secret == Secret::new(given),
            Ok(None) | Err(_) => false,
        }
    }

    /// Returns the header that carries the shared secret. The gate never forwards it.
    pub(crate) fn secret_header(&self) -> &str {
        &self.secret_header
    }

    /// Returns the client's address as a trusted proxy reports it: the last entry of
    /// `X-Forwarded-For` outside the trusted networks. Entries that the client wrote are further
    /// left.
    pub(crate) fn client_behind_proxy(&self, headers: Headers<'_>) -> Option<IpAddr> {
        let fields: Vec<&[u8]> = headers.all("x-forwarded-for").collect();
        let mut client = None;
        for entry in fields.iter().rev().flat_map(|field| field.rsplit(|byte| *byte == b',')) {
            // An unreadable entry ends the search: entries to its left are not trustworthy either.
            let address = parse_client_address(std::str::from_utf8(entry).ok()?)?;
            client = Some(address);
            if !self.contains(address) {
                break;
            }
        }
        client
    }

    /// Returns the client's address on the gateway endpoint. `X-Forwarded-For` counts only from
    /// proxies that the policy names.
    pub(crate) fn client(&self, peer: Option<IpAddr>, headers: Headers<'_>) -> Option<IpAddr> {
        let is_forwarded = headers.all("x-forwarded-for").next().is_some();
        if is_forwarded && self.admits_proxy(peer, headers) {
            return self.client_behind_proxy(headers);
        }
        Some(peer?.to_canonical())
    }

    /// Returns whether the peer is a proxy that the policy names, by its network, a secret or both.
    pub(crate) fn admits_proxy(&self, peer: Option<IpAddr>, headers: Headers<'_>) -> bool {
        self.names_proxies() && self.admits_peer(peer, headers)
    }

    fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }
}

/// Parses an address as proxies write it: alone or with the client's port (`192.0.2.1:4711`,
/// `[2001:db8::1]:4711`), perhaps in quotes. Returns the canonical address.
pub fn parse_client_address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let text = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    let address: IpAddr = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            if !port.is_empty() && !is_port(port.strip_prefix(':')?) {
                return None;
            }
            IpAddr::V6(address.parse().ok()?)
        }
        None => match text.split_once(':') {
            Some((address, port)) if address.contains('.') && is_port(port) => {
                IpAddr::V4(address.parse().ok()?)
            }
            _ => text.parse().ok()?,
        },
    };
    Some(address.to_canonical())
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

fn loopback() -> Vec<IpNet> {
    let v4 = Ipv4Net::new(std::net::Ipv4Addr::LOCALHOST, 8).map(IpNet::V4);
    let v6 = Ipv6Net::new(std::net::Ipv6Addr::LOCALHOST, 128).map(IpNet::V6);
    [v4, v6].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::PlatformCertificate;

    fn trust(networks: Option<&[&str]>, secret: Option<&str>) -> TrustedProxies {
        let policy = TrustPolicy {
            networks: networks.map(|list| list.iter().map(|net| net.parse().unwrap()).collect()),
            secret: secret.map(str::to_owned),
            secret_header: "x-edge-auth-secret".to_owned(),
        };
        TrustedProxies::new(&policy, secret.map(Secret::new))
    }

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    const NONE: Headers<'static> = Headers(&[]);

    #[test]
    fn loopback_is_trusted_unless_something_else_is_configured() {
        assert!(trust(None, None).admits_peer(ip("127.0.0.1"), NONE));
        assert!(trust(None, None).admits_peer(ip("::ffff:127.0.0.1"), NONE));
        assert!(!trust(None, None).admits_peer(ip("10.0.0.1"), NONE));
        assert!(!trust(None, None).admits_peer(None, NONE));
        assert!(!trust(Some(&["10.0.0.0/8"]), None).admits_peer(ip("127.0.0.1"), NONE));
        assert!(!trust(Some(&[]), None).admits_peer(ip("127.0.0.1"), NONE));
    }

    #[test]
    fn a_platform_authenticated_caller_is_trusted_unless_the_policy_names_others() {
        let incoming = InboundRequest {
            peer: ip("203.0.113.9"),
            location: crate::client_location::ClientLocation::default(),
            platform_authenticated: true,
            method: "GET",
            host: None,
            authority: None,
            target: "/",
            headers: NONE,
            certificate: PlatformCertificate::Nothing,
        };
        assert!(trust(None, None).admits(&incoming));
        assert!(
            !trust(None, None)
                .admits(&InboundRequest { platform_authenticated: false, ..incoming })
        );
        assert!(!trust(None, Some("s")).admits(&incoming));
        assert!(!trust(Some(&["10.0.0.0/8"]), None).admits(&incoming));
        // Being authenticated by the platform does not make the peer a proxy.
        assert!(!trust(None, None).admits_proxy(incoming.peer, NONE));
    }

    #[test]
    fn a_configured_secret_must_be_sent_exactly_once() {
        let trust = trust(None, Some("s3cret"));
        for (values, admitted) in [
            (&["s3cret"][..], true),
            (&["s3cre"], false),
            (&[], false),
            (&["s3cret", "s3cret"], false),
        ] {
            let fields: Vec<(&str, &[u8])> =
                values.iter().map(|value| ("X-Edge-Auth-Secret", value.as_bytes())).collect();
            let found = trust.admits_peer(ip("203.0.113.9"), Headers(&fields));
            assert_eq!(found, admitted, "{values:?}");
        }
    }

    #[test]
    fn the_secret_makes_a_proxy_and_loopback_alone_does_not() {
        let fields: [(&str, &[u8]); 2] =
            [("x-edge-auth-secret", b"s3cret"), ("x-forwarded-for", b"198.51.100.7")];
        let with_secret = trust(None, Some("s3cret"));
        assert!(with_secret.admits_proxy(ip("203.0.113.9"), Headers(&fields)));
        assert!(!with_secret.admits_proxy(ip("127.0.0.1"), Headers(&fields[1..])));
        assert!(!trust(None, None).admits_proxy(ip("127.0.0.1"), Headers(&fields)));
        assert_eq!(with_secret.client(ip("203.0.113.9"), Headers(&fields)), ip("198.51.100.7"));
    }

    #[test]
    fn a_proxy_needs_network_and_secret_if_both_are_configured() {
        let trust = trust(Some(&["10.0.0.0/8"]), Some("s"));
        let fields: [(&str, &[u8]); 1] = [("x-edge-auth-secret", b"s")];
        assert!(trust.admits_peer(ip("10.1.2.3"), Headers(&fields)));
        assert!(!trust.admits_peer(ip("10.1.2.3"), NONE));
        assert!(!trust.admits_peer(ip("192.0.2.1"), Headers(&fields)));
    }

    #[test]
    fn the_client_is_the_last_address_outside_the_trusted_networks() {
        let trust = trust(Some(&["10.0.0.0/8"]), None);
        for (value, client) in [
            ("6.6.6.6, 203.0.113.7, 10.9.9.9", ip("203.0.113.7")),
            ("203.0.113.7", ip("203.0.113.7")),
            ("203.0.113.7, junk", None),
        ] {
            let fields: [(&str, &[u8]); 1] = [("x-forwarded-for", value.as_bytes())];
            assert_eq!(trust.client(ip("10.0.0.1"), Headers(&fields)), client, "{value}");
        }
        assert_eq!(trust.client(ip("10.0.0.1"), NONE), ip("10.0.0.1"));
    }

    #[test]
    fn an_address_may_have_a_port_and_nothing_else() {
        for (text, address) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1:4711", "192.0.2.1"),
            ("\"192.0.2.1:4711\"", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            (" [2001:db8::1]:4711 ", "2001:db8::1"),
            ("\"[2001:db8::1]:4711\"", "2001:db8::1"),
            ("[::ffff:192.0.2.1]:65535", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
        ] {
            assert_eq!(parse_client_address(text), ip(address), "{text}");
        }
        for text in [
            "",
            ":",
            "192.0.2.1:",
            "192.0.2.1:x",
            "192.0.2.1:+1",
            "192.0.2.1:65536",
            "192.0.2.1:1:2",
            "[192.0.2.1]",
            "[2001:db8::1",
            "[2001:db8::1]4711",
            "[2001:db8::1]:",
            "2001:db8::1]:1",
            "[fe80::1%eth0]",
            "unknown",
            "\"192.0.2.1",
            "\"\"192.0.2.1\"\"",
            "192.0.2.1 :1",
            "a.example:80",
        ] {
            assert_eq!(parse_client_address(text), None, "{text}");
        }
    }

    #[test]
    fn an_untrusted_peer_cannot_choose_its_address() {
        let fields: [(&str, &[u8]); 1] = [("x-forwarded-for", b"1.2.3.4")];
        let configured = trust(Some(&["10.0.0.0/8"]), None);
        assert_eq!(configured.client(ip("192.0.2.1"), Headers(&fields)), ip("192.0.2.1"));
        // By default, local clients cannot either: the policy does not say that a proxy runs here.
        assert_eq!(trust(None, None).client(ip("127.0.0.1"), Headers(&fields)), ip("127.0.0.1"));
    }
}
