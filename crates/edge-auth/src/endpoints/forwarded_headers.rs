//! The fields that change between a client and a gateway's upstream: those that say where a request
//! came from, and those of one connection.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::request::Headers;

/// The fields of one connection: RFC 9110, section 7.6.1, and those of older specifications.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// Fields that `Connection` cannot remove: without them it would be a different message.
const END_TO_END: [&str; 2] = ["host", "content-length"];

const FOR: &str = "x-forwarded-for";
const HOST: &str = "x-forwarded-host";
const PROTO: &str = "x-forwarded-proto";

/// The other end of the connection that a request came on.
#[derive(Debug, Clone, Copy)]
pub struct Client<'a> {
    /// Its address, if the host knows it.
    pub peer: Option<IpAddr>,
    /// Whether the connection uses TLS.
    pub secure: bool,
    /// The host that the request is for, as it was sent.
    pub host: Option<&'a str>,
    /// Whether it is a proxy that is trusted to say for which client it asks.
    pub trusted_proxy: bool,
}

/// The fields to remove and then those to set, besides those of a grant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ForwardedHeaders {
    /// In lower case.
    pub remove: Vec<String>,
    /// Names in lower case, and values.
    pub set: Vec<(String, String)>,
}

impl ForwardedHeaders {
    /// Returns the changes to a request. Removes the fields of one connection ([`hop_by_hop`]), and
    /// every field about the client's address, the host and the protocol; only a trusted proxy's
    /// `X-Forwarded-For`, `-Host` and `-Proto` stay, and only in this spelling.
    pub fn of(headers: Headers<'_>, client: Client<'_>) -> Self {
        let keeps = |name: &str| client.trusted_proxy && [FOR, HOST, PROTO].contains(&name);
        let claims = headers
            .names()
            .map(str::to_ascii_lowercase)
            .filter(|name| is_forwarding_header(name) && !keeps(name));
        let remove: Vec<String> = hop_by_hop(headers).into_iter().chain(claims).collect();
        let passes = |name: &str| {
            headers.all(name).next().is_some() && !remove.iter().any(|gone| gone == name)
        };
        let mut set = Vec::new();
        let peer = client.peer.map(|peer| peer.to_canonical().to_string());
        let chain = texts(headers, FOR).filter(|_| passes(FOR)).map(str::to_owned).chain(peer);
        let chain = chain.collect::<Vec<_>>().join(", ");
        if !chain.is_empty() {
            set.push((FOR.to_owned(), chain));
        }
        if let Some(host) = client.host.filter(|_| !passes(HOST)) {
            set.push((HOST.to_owned(), host.to_owned()));
        }
        if !passes(PROTO) {
            set.push((PROTO.to_owned(), if client.secure { "https" } else { "http" }.to_owned()));
        }
        Self { remove, set }
    }
}

/// Returns the names, in lower case, of the fields that belong to one connection, those that
/// `Connection` lists included. Returns other spellings of framing fields, too: a server that makes
/// variables of fields (RFC 3875, section 4.1.18) reads `Transfer_Encoding` as `Transfer-Encoding`.
pub fn hop_by_hop(headers: Headers<'_>) -> Vec<String> {
    let listed = texts(headers, "connection").flat_map(|value| value.split(','));
    let listed: BTreeSet<String> = listed.map(|name| name.trim().to_ascii_lowercase()).collect();
    let ends_here = |name: &str| {
        let folded = folded(name);
        HOP_BY_HOP.contains(&folded.as_str())
            || match END_TO_END.contains(&folded.as_str()) {
                true => folded != name,
                false => listed.contains(name),
            }
    };
    headers.names().map(str::to_ascii_lowercase).filter(|name| ends_here(name)).collect()
}

fn texts<'a>(headers: Headers<'a>, name: &str) -> impl Iterator<Item = &'a str> {
    headers.all(name).filter_map(|value| std::str::from_utf8(value).ok())
}

/// Returns whether a field says where a request came from, in any spelling that servers accept.
fn is_forwarding_header(name: &str) -> bool {
    let folded = folded(name);
    folded == "forwarded"
        || folded.starts_with("x-forwarded-")
        || folded == "x-real-ip"
        || folded.ends_with("connecting-ip")
        || folded.ends_with("client-ip")
}

/// Returns a name as servers read it that take `_` and `.` for `-`.
fn folded(name: &str) -> String {
    name.replace(|char: char| !char.is_ascii_alphanumeric(), "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forwarded(fields: &[(&str, &str)], trusted_proxy: bool) -> ForwardedHeaders {
        let fields: Vec<(&str, &[u8])> =
            fields.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        let client = Client {
            peer: Some("::ffff:192.0.2.1".parse().unwrap()),
            secure: true,
            host: Some("api.example.com"),
            trusted_proxy,
        };
        ForwardedHeaders::of(Headers(&fields), client)
    }

    fn set(forwarded: &ForwardedHeaders) -> Vec<(&str, &str)> {
        forwarded.set.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    #[test]
    fn a_client_cannot_say_where_it_comes_from() {
        let claims = [
            "Forwarded",
            "X-Forwarded-For",
            "X_Forwarded_For",
            "x-real-ip",
            "X-Forwarded-Prefix",
            "True-Client-IP",
            "CF_Connecting_IP",
            "X-Client-IP",
        ];
        let forwarded = forwarded(&claims.map(|name| (name, "1.2.3.4")), false);
        assert_eq!(forwarded.remove, claims.map(str::to_ascii_lowercase));
        let set_headers = [(FOR, "192.0.2.1"), (HOST, "api.example.com"), (PROTO, "https")];
        assert_eq!(set(&forwarded), set_headers);
    }

    #[test]
    fn the_fields_of_a_trusted_proxy_stay_and_its_address_is_added() {
        let forwarded = forwarded(
            &[(FOR, "1.2.3.4"), (HOST, "inner"), (PROTO, "http"), ("x_forwarded_for", "6.6.6.6")],
            true,
        );
        assert_eq!(forwarded.remove, ["x_forwarded_for"]);
        assert_eq!(set(&forwarded), [(FOR, "1.2.3.4, 192.0.2.1")]);
    }

    #[test]
    fn the_fields_of_one_connection_are_removed() {
        let forwarded = forwarded(
            &[
                ("Connection", "close, X-Mine, Host"),
                ("x-mine", "1"),
                ("host", "a"),
                ("TE", "gzip"),
            ],
            false,
        );
        assert_eq!(forwarded.remove, ["connection", "x-mine", "te"]);
    }

    #[test]
    fn other_spellings_of_framing_fields_are_removed() {
        let forwarded = forwarded(
            &[
                ("Content_Length", "5"),
                ("transfer.encoding", "chunked"),
                ("content-length", "5"),
                ("host", "a"),
            ],
            false,
        );
        assert_eq!(forwarded.remove, ["content_length", "transfer.encoding"]);
    }

    #[test]
    fn a_forwarding_field_that_connection_lists_is_replaced_by_ours() {
        let forwarded = forwarded(&[(FOR, "1.2.3.4"), ("connection", FOR)], true);
        assert_eq!(set(&forwarded).first(), Some(&(FOR, "192.0.2.1")));
    }
}
