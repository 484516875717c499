//! The name of a revocation list among those of its authority.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::identifiers::{KeyId, TargetError};

/// The longest address of a list, in bytes.
const MAX_ADDRESS_BYTES: usize = 1024;
const USERS_ONLY: &str = "users";
const ANY_ADDRESS: &str = "*";

/// One of the revocation lists of an authority: by the key that signs it, by the kind of
/// certificates that it is about, and by its address (RFC 5280, section 5.2.5). Each is renewed by
/// itself and takes back only its own entries.
///
/// As text: the key's identifier, then `users` for a list of user certificates only, then the
/// address. A whole list is named by its key alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ListId(String);

/// Where a list is published, as far as that limits the certificates that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListAddress<'a> {
    /// It names no address, so it is about certificates that name any, or none.
    Unlimited,
    /// It is about the certificates that name this address.
    At(&'a str),
    /// The last imported list of those that name an address. It counts for certificates that name
    /// none.
    Any,
}

impl ListId {
    /// Names a list; `None` if its address cannot be written down.
    pub(crate) fn new(key: &KeyId, users_only: bool, address: ListAddress<'_>) -> Option<Self> {
        let mut text = key.as_str().to_owned();
        if users_only {
            text.extend([" ", USERS_ONLY]);
        }
        match address {
            ListAddress::Unlimited => {}
            ListAddress::At(address) if is_address(address) => text.extend([" ", address]),
            ListAddress::At(_) => return None,
            ListAddress::Any => text.extend([" ", ANY_ADDRESS]),
        }
        Some(Self(text))
    }

    /// The name, in the one form that all are compared in.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this list has the limits of `part`, but for some at the end: then it is about all
    /// that `part` is about. A whole list includes every other one of its key.
    pub fn includes(&self, part: &Self) -> bool {
        part.0.strip_prefix(&self.0).is_some_and(|limits| limits.starts_with(' '))
    }
}

/// An address has a scheme, so it is neither `users` nor `*`.
fn is_address(text: &str) -> bool {
    text.len() <= MAX_ADDRESS_BYTES
        && text.contains(':')
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

impl TryFrom<String> for ListId {
    type Error = TargetError;

    fn try_from(text: String) -> Result<Self, TargetError> {
        let mut words = text.split(' ').peekable();
        let key = KeyId::try_from(words.next().unwrap_or_default().to_owned())?;
        let users_only = words.next_if_eq(&USERS_ONLY).is_some();
        let address = match words.next() {
            None => ListAddress::Unlimited,
            Some(ANY_ADDRESS) => ListAddress::Any,
            Some(address) => ListAddress::At(address),
        };
        match (Self::new(&key, users_only, address), words.next()) {
            (Some(id), None) => Ok(id),
            _ => Err(TargetError::List),
        }
    }
}

impl From<ListId> for String {
    fn from(id: ListId) -> Self {
        id.0
    }
}

impl fmt::Display for ListId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<String> {
        ListId::try_from(text.to_owned()).ok().map(String::from)
    }

    #[test]
    fn an_id_reads_as_it_was_written() {
        for text in [
            "ab01",
            "ab01 users",
            "ab01 https://ca.example.com/1.0/crl",
            "ab01 users https://ca.example.com/1.0/crl",
            "ab01 users *",
            "ab01 *",
        ] {
            assert_eq!(parsed(text).as_deref(), Some(text));
        }
        assert_eq!(parsed("AB:01").as_deref(), Some("ab01"), "as a key's identifier");
    }

    #[test]
    fn a_list_with_fewer_limits_includes_one_with_more() {
        let id = |text: &str| ListId::try_from(text.to_owned()).unwrap();
        for (list, part) in [
            ("ab01", "ab01 users"),
            ("ab01", "ab01 https://a"),
            ("ab01", "ab01 users https://a"),
            ("ab01 users", "ab01 users https://a"),
        ] {
            assert!(id(list).includes(&id(part)), "{list}, {part}");
            assert!(!id(part).includes(&id(list)), "{part}, {list}");
            assert!(!id(list).includes(&id(list)), "{list}");
        }
        for (list, other) in
            [("ab01", "ab0102 users"), ("ab01 https://a", "ab01 https://ab"), ("ab01", "ab02")]
        {
            assert!(!id(list).includes(&id(other)), "{list}, {other}");
        }
    }

    #[test]
    fn another_text_is_not_an_id() {
        for text in [
            "",
            "users",
            "ab01 ",
            "ab01  users",
            "ab01 user",
            "ab01 users users",
            "ab01 https://a users",
            "ab01 https://a https://b",
            "ab01 https://a\u{e9}",
            "ab01 https://a\n",
        ] {
            assert_eq!(parsed(text), None, "{text:?}");
        }
        assert_eq!(parsed(&format!("ab01 a:{}", "b".repeat(MAX_ADDRESS_BYTES))), None);
    }
}
