//! The host patterns of rules: `api.example.com`, `*.example.com`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::host::{Host, HostRefused};

/// The hosts that a rule is for: one name or address, or `*.example.com`.
///
/// The wildcard stands for exactly one label, as in certificates (RFC 9525, section 6.3): neither
/// `example.com` nor `a.b.example.com` matches. Ports do not count.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct HostPattern {
    wildcard: bool,
    /// The whole name, or the part after `*.`.
    name: String,
}

impl HostPattern {
    /// Parses a host without a port, or `*.` and a name.
    pub fn parse(pattern: &str) -> Result<Self, HostPatternError> {
        let (wildcard, host) = match pattern.strip_prefix("*.") {
            Some(parent) => (true, parent),
            None => (false, pattern),
        };
        if host.contains('*') {
            return Err(HostPatternError::Wildcard);
        }
        let host = Host::parse(host)?;
        if host.port().is_some() {
            return Err(HostPatternError::Port);
        }
        if wildcard && host.is_address() {
            return Err(HostPatternError::WildcardAddress);
        }
        Ok(Self { wildcard, name: host.name().to_owned() })
    }

    /// Returns whether the host matches.
    #[must_use]
    pub fn matches(&self, host: &Host) -> bool {
        self.matches_name(host.name())
    }

    /// Returns whether this pattern matches every host that `other` matches.
    pub(super) fn covers(&self, other: &Self) -> bool {
        self == other || (!other.wildcard && self.matches_name(&other.name))
    }

    fn matches_name(&self, name: &str) -> bool {
        if !self.wildcard {
            return name == self.name;
        }
        match name.split_once('.') {
            Some((_, parent)) => parent == self.name,
            None => false,
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.wildcard { "*." } else { "" }, self.name)
    }
}

/// The reason for refusing a rule's `host`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostPatternError {
    /// The part without `*.` is not a host.
    #[error(transparent)]
    Host(#[from] HostRefused),
    /// A port, which rules do not match.
    #[error("a rule's host must not have a port; remove it")]
    Port,
    /// A `*` that is not the whole first label, or is the only one.
    #[error(
        "`*` must be the whole first label, as in `*.example.com`; for any host, remove `host`"
    )]
    Wildcard,
    /// `*.` in front of an IP address.
    #[error("`*.` must precede a name, not an address")]
    WildcardAddress,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn host(value: &str) -> Host {
        Host::parse(value).unwrap()
    }

    fn pattern(text: &str) -> HostPattern {
        HostPattern::parse(text).unwrap()
    }

    #[test]
    fn a_pattern_matches_a_host_in_any_spelling() {
        for value in [
            "admin.example.com",
            "Admin.Example.Com",
            "ADMIN.EXAMPLE.COM.",
            "admin.example.com:8443",
        ] {
            assert!(pattern("admin.example.com").matches(&host(value)), "{value:?}");
            assert!(pattern("Admin.Example.com.").matches(&host(value)), "{value:?}");
        }
        assert!(!pattern("admin.example.com").matches(&host("admin.example.com.evil.test")));
        assert!(pattern("[::1]").matches(&host("[0::1]:8080")));
    }

    #[test]
    fn a_wildcard_is_exactly_one_label() {
        let wildcard = pattern("*.example.com");
        assert!(wildcard.matches(&host("A.Example.com.")));
        for other in ["example.com", "a.b.example.com", "aexample.com", "a.example.com.evil.test"] {
            assert!(!wildcard.matches(&host(other)), "{other:?}");
        }
    }

    #[test]
    fn a_misleading_pattern_is_refused() {
        for (text, reason) in [
            ("*", HostPatternError::Wildcard),
            ("*.*.example.com", HostPatternError::Wildcard),
            ("a*.example.com", HostPatternError::Wildcard),
            ("a.*.com", HostPatternError::Wildcard),
            ("example.com:443", HostPatternError::Port),
            ("*.example.com:443", HostPatternError::Port),
            ("*.127.0.0.1", HostPatternError::WildcardAddress),
            ("*.[::1]", HostPatternError::WildcardAddress),
            ("*.0.0.1", HostPatternError::Host(HostRefused::Ipv4)),
            ("*.", HostPatternError::Host(HostRefused::Empty)),
            ("", HostPatternError::Host(HostRefused::Empty)),
            ("https://example.com", HostPatternError::Host(HostRefused::Port)),
        ] {
            assert_eq!(HostPattern::parse(text), Err(reason), "{text:?}");
        }
    }

    #[test]
    fn a_wildcard_covers_its_names_but_a_name_never_covers_a_wildcard() {
        assert!(pattern("*.example.com").covers(&pattern("a.example.com")));
        assert!(pattern("*.example.com").covers(&pattern("*.EXAMPLE.com")));
        assert!(!pattern("a.example.com").covers(&pattern("*.example.com")));
        assert!(!pattern("*.example.com").covers(&pattern("example.com")));
        assert!(!pattern("*.com").covers(&pattern("*.example.com")));
    }

    proptest! {
        #[test]
        fn a_parsed_pattern_prints_as_a_pattern(value in r"[\[\]*.:@%a-cA-C0-9x-]{0,12}|.*") {
            if let Ok(pattern) = HostPattern::parse(&value) {
                prop_assert_eq!(HostPattern::parse(&pattern.to_string()), Ok(pattern));
            }
        }
    }
}
