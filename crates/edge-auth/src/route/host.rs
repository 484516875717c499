//! The host that a request is for, in its one normal form.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The longest name and the longest label in it, in bytes (RFC 1035, section 2.3.4).
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

/// A `Host` or `:authority` value: a name or an address, and perhaps a port.
///
/// The name is in lower-case ASCII without a trailing dot. An IPv6 address is in its canonical form
/// (RFC 5952), in brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    name: String,
    port: Option<u16>,
}

impl Host {
    /// Parses `uri-host [ ":" port ]` (RFC 9110, section 7.2). Refuses the parts of that grammar
    /// that readers understand differently: userinfo, percent-encoding, characters other than
    /// letters, digits, `-`, `_` and `.`, and short or octal forms of IPv4 addresses.
    pub fn parse(value: &str) -> Result<Self, HostRefused> {
        if value.contains('@') {
            return Err(HostRefused::Userinfo);
        }
        if let Some(literal) = value.strip_prefix('[') {
            let (address, after) = literal.split_once(']').ok_or(HostRefused::Ipv6)?;
            let address: Ipv6Addr = address.parse().map_err(|_| HostRefused::Ipv6)?;
            let port = match after.strip_prefix(':') {
                Some(port) => parse_port(port)?,
                None if after.is_empty() => None,
                None => return Err(HostRefused::Ipv6),
            };
            return Ok(Self { name: format!("[{address}]"), port });
        }
        let (name, port) = value.split_once(':').unwrap_or((value, ""));
        Ok(Self { name: parse_name(name)?, port: parse_port(port)? })
    }

    /// Returns the name or address without the port. Rules match this.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn port(&self) -> Option<u16> {
        self.port
    }

    /// Returns whether `Host` and `:authority` of one request name the same host (RFC 9113, section
    /// 8.3.1). `default_port` is the port of the request's scheme, which one of the two may omit.
    /// Without it, the ports must be equal.
    #[must_use]
    pub fn agrees_with(&self, other: &Self, default_port: Option<u16>) -> bool {
        self.name == other.name && self.port.or(default_port) == other.port.or(default_port)
    }

    pub(super) fn is_address(&self) -> bool {
        self.name.starts_with('[') || self.name.parse::<Ipv4Addr>().is_ok()
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

/// The reason for refusing a host (400).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostRefused {
    /// The name is empty.
    #[error("the host is empty; send a name")]
    Empty,
    /// An `@`, with userinfo before it.
    #[error("the host contains userinfo (`@`); remove it")]
    Userinfo,
    /// A character outside ASCII.
    #[error("the host is not ASCII; write an international name in its `xn--` form")]
    NotAscii,
    /// A space, a control character, a `%`, or another character outside host names.
    #[error("the host contains a character other than letters, digits, `-`, `_` and `.`")]
    Character,
    /// Two dots in a row, a dot in front, or two at the end.
    #[error("the host contains an empty label; write one dot between labels")]
    EmptyLabel,
    /// More than 253 bytes, or a label of more than 63.
    #[error("the host has over 253 bytes, or a label of over 63; shorten it")]
    TooLong,
    /// The last label is a number, but the host is not an IPv4 address in four decimal parts.
    #[error("the host ends in a number, but is not an IPv4 address; write four decimal parts")]
    Ipv4,
    /// Brackets without an IPv6 address inside, or with more than a port behind them.
    #[error("the host is not an IPv6 address; write it in brackets, without a zone")]
    Ipv6,
    /// The port is not a number from 0 to 65535.
    #[error("the port is not a number from 0 to 65535")]
    Port,
}

fn parse_name(raw: &str) -> Result<String, HostRefused> {
    let name = raw.strip_suffix('.').unwrap_or(raw);
    if name.is_empty() {
        return Err(HostRefused::Empty);
    }
    if !name.is_ascii() {
        return Err(HostRefused::NotAscii);
    }
    if name.len() > MAX_NAME {
        return Err(HostRefused::TooLong);
    }
    let mut last = "";
    for label in name.split('.') {
        if label.is_empty() {
            return Err(HostRefused::EmptyLabel);
        }
        if label.len() > MAX_LABEL {
            return Err(HostRefused::TooLong);
        }
        if !label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
            return Err(HostRefused::Character);
        }
        last = label;
    }
    // Many resolvers and URL parsers read `127.1` and `0x7f000001` as addresses.
    if is_number(last) && name.parse::<Ipv4Addr>().is_err() {
        return Err(HostRefused::Ipv4);
    }
    Ok(name.to_ascii_lowercase())
}

fn is_number(label: &str) -> bool {
    match label.strip_prefix("0x").or_else(|| label.strip_prefix("0X")) {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => label.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

/// Parses a port. An empty port counts as absent (RFC 3986, section 6.2.3).
fn parse_port(port: &str) -> Result<Option<u16>, HostRefused> {
    if port.is_empty() {
        return Ok(None);
    }
    // `parse` alone would accept `+80`.
    if !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(HostRefused::Port);
    }
    match port.parse() {
        Ok(port) => Ok(Some(port)),
        Err(_) => Err(HostRefused::Port),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn host(value: &str) -> Host {
        Host::parse(value).unwrap()
    }

    #[track_caller]
    fn all_refused(reason: HostRefused, values: &[&str]) {
        for value in values {
            assert_eq!(Host::parse(value), Err(reason), "{value:?}");
        }
    }

    #[test]
    fn a_name_is_lower_case_without_port_and_trailing_dot() {
        for value in [
            "api.example.com",
            "API.Example.COM",
            "api.example.com.",
            "api.example.com:8443",
            "Api.Example.Com.:80",
            "api.example.com:",
        ] {
            assert_eq!(host(value).name(), "api.example.com", "{value:?}");
        }
        assert_eq!(host("localhost").name(), "localhost");
        assert_eq!(host("my_service-1").name(), "my_service-1");
        assert_eq!(host("xn--bcher-kva.example").name(), "xn--bcher-kva.example");
    }

    #[test]
    fn addresses_have_one_spelling() {
        assert_eq!(host("127.0.0.1:80").name(), "127.0.0.1");
        assert_eq!(host("[0:0::0:1]:80").name(), "[::1]");
        assert_eq!(host("[2001:DB8::A]").name(), "[2001:db8::a]");
    }

    #[test]
    fn an_empty_host_is_refused() {
        all_refused(HostRefused::Empty, &["", ".", ":80", "::1"]);
    }

    #[test]
    fn userinfo_is_refused() {
        all_refused(HostRefused::Userinfo, &["me@example.com", "a:b@example.com", "@"]);
    }

    #[test]
    fn spaces_controls_and_other_foreign_characters_are_refused() {
        all_refused(
            HostRefused::Character,
            &[
                " example.com",
                "example.com ",
                "a b",
                "a\0",
                "a\r\nb",
                "a\tb",
                "a%2eb",
                "a/b",
                "a\\b",
                "a,b",
                "a?b",
                "a#b",
                "*",
                "a;b",
                "a\x7f",
            ],
        );
        all_refused(HostRefused::NotAscii, &["bücher.example", "ＡＢ.example", "a\u{85}", "a。b"]);
    }

    #[test]
    fn empty_labels_and_long_names_are_refused() {
        all_refused(HostRefused::EmptyLabel, &["a..b", ".a", "a..", ".."]);
        let label = "a".repeat(63);
        assert!(Host::parse(&label).is_ok());
        all_refused(HostRefused::TooLong, &[&format!("{label}a"), &[label.as_str(); 4].join(".")]);
    }

    #[test]
    fn short_and_octal_addresses_are_refused() {
        all_refused(
            HostRefused::Ipv4,
            &[
                "127.1",
                "2130706433",
                "0x7f000001",
                "0177.0.0.1",
                "256.1.1.1",
                "1.2.3.4.5",
                "a.1",
                "a.0X1f",
                "0x",
            ],
        );
        assert_eq!(host("1.example.com").name(), "1.example.com");
        assert_eq!(host("a.0xg").name(), "a.0xg");
        all_refused(
            HostRefused::Ipv6,
            &["[", "[]", "[::1", "[::1]a", "[fe80::1%25eth0]", "[127.0.0.1]", "[v1.a]"],
        );
    }

    #[test]
    fn a_bad_port_is_refused() {
        all_refused(
            HostRefused::Port,
            &["a:b", "a:+80", "a:-1", "a:65536", "a: 80", "a:80:80", "[::1]:x"],
        );
        assert!(Host::parse("a:65535").is_ok());
    }

    #[test]
    fn host_and_authority_agree_in_any_spelling() {
        assert!(host("Example.com.").agrees_with(&host("example.com"), None));
        assert!(host("example.com:443").agrees_with(&host("example.com"), Some(443)));
        assert!(host("example.com").agrees_with(&host("example.com:80"), Some(80)));
        assert!(host("example.com:8443").agrees_with(&host("EXAMPLE.com:8443"), Some(443)));
    }

    #[test]
    fn host_and_authority_disagree_in_name_and_in_port() {
        assert!(!host("example.com").agrees_with(&host("example.org"), Some(443)));
        assert!(!host("example.com:8443").agrees_with(&host("example.com"), Some(443)));
        assert!(!host("example.com:80").agrees_with(&host("example.com"), Some(443)));
        assert!(!host("example.com:443").agrees_with(&host("example.com"), None));
    }

    proptest! {
        #[test]
        fn a_parsed_host_prints_as_the_same_host(value in r"[\[\]*.:@%a-cA-C0-9x-]{0,12}|.*") {
            if let Ok(host) = Host::parse(&value) {
                prop_assert_eq!(Host::parse(&host.to_string()), Ok(host.clone()));
                prop_assert!(!host.name.bytes().any(|byte| byte.is_ascii_uppercase()));
            }
        }
    }
}
