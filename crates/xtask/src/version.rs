//! Versions of Rust, as far as a choice between them needs.

use std::fmt;
use std::str::FromStr;

/// `1.96.0+dfsg1-1~deb12u2` is 1.96: patch releases and packaging do not decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    major: u32,
    minor: u32,
}

impl Version {
    /// The oldest Rust that compiles this workspace.
    pub(crate) fn oldest() -> Version {
        env!("CARGO_PKG_RUST_VERSION").parse().unwrap_or(Version { major: 1, minor: 0 })
    }
}

impl FromStr for Version {
    type Err = ();

    fn from_str(text: &str) -> Result<Version, ()> {
        let mut numbers = text.splitn(3, '.').map(str::parse);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => Ok(Version { major, minor }),
            _ => Err(()),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn numbers_are_compared_and_not_their_digits() {
        assert!(version("1.100.0") > version("1.96.1"));
        assert!(version("2.0") > version("1.100"));
    }

    #[test]
    fn what_debian_appends_does_not_matter() {
        assert_eq!(version("1.96.0+dfsg1-1~deb12u2"), version("1.96"));
    }

    #[test]
    fn no_candidate_is_no_version() {
        assert_eq!("(none)".parse::<Version>(), Err(()));
        assert_eq!("1".parse::<Version>(), Err(()));
    }

    #[test]
    fn the_oldest_is_the_workspaces_own() {
        assert_eq!(Version::oldest().to_string(), env!("CARGO_PKG_RUST_VERSION"));
    }
}
