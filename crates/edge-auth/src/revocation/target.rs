//! The targets of revocations, and the marks by which they are found.

use std::fmt;

use edge_auth_token::Timestamp;
use serde::{Deserialize, Serialize};

use super::identifiers::{Fingerprint, Identifier, IssuerName, Serial};
use super::list_id::ListId;
use crate::hexadecimal::to_hex;

/// One credential, or many, that a revocation refuses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Target {
    /// One token.
    Token {
        /// Its `iss`.
        issuer: Identifier,
        /// Its `jti`.
        id: Identifier,
    },
    /// All tokens about a subject that were issued before a time. One without `iat` counts as
    /// issued before.
    Subject {
        /// Their `iss`.
        issuer: Identifier,
        /// Their `sub`.
        subject: Identifier,
        /// The time; in JSON milliseconds since 1970.
        before: Timestamp,
    },
    /// All tokens of a client that were issued before a time.
    Client {
        /// Their `iss`.
        issuer: Identifier,
        /// Their client: the claim that the policy says.
        client: Identifier,
        /// The time.
        before: Timestamp,
    },
    /// All tokens of an issuer that were issued before a time.
    Issuer {
        /// Their `iss`.
        issuer: Identifier,
        /// The time.
        before: Timestamp,
    },
    /// All tokens of a session.
    Session {
        /// Their `iss`.
        issuer: Identifier,
        /// Their `sid`.
        id: Identifier,
    },
    /// All tokens that were signed with a key.
    SigningKey {
        /// Their `iss`.
        issuer: Identifier,
        /// The key's `kid`.
        id: Identifier,
    },
    /// One API key.
    ApiKey {
        /// Its id.
        id: Identifier,
    },
    /// One certificate, and those that it issued.
    Certificate {
        /// SHA-256 of its DER.
        fingerprint: Fingerprint,
    },
    /// One certificate, and those that it issued.
    CertificateSerial {
        /// Its issuer's name.
        issuer: IssuerName,
        /// Its serial number.
        serial: Serial,
        /// The issuer's revocation list that says so, if one does. A newer version of that list may
        /// take it back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        listed: Option<ListId>,
    },
}

impl Target {
    /// Returns the key that its mark is made from.
    pub fn key(&self) -> RevocationKey<'_> {
        match self {
            Self::Token { issuer, id } => RevocationKey::Token(&issuer.0, &id.0),
            Self::Subject { issuer, subject, .. } => RevocationKey::Subject(&issuer.0, &subject.0),
            Self::Client { issuer, client, .. } => RevocationKey::Client(&issuer.0, &client.0),
            Self::Issuer { issuer, .. } => RevocationKey::Issuer(&issuer.0),
            Self::Session { issuer, id } => RevocationKey::Session(&issuer.0, &id.0),
            Self::SigningKey { issuer, id } => RevocationKey::SigningKey(&issuer.0, &id.0),
            Self::ApiKey { id } => RevocationKey::ApiKey(&id.0),
            Self::Certificate { fingerprint } => RevocationKey::Certificate(&fingerprint.0),
            Self::CertificateSerial { issuer, serial, listed: None } => {
                RevocationKey::Serial(&issuer.0, &serial.0)
            }
            Self::CertificateSerial { issuer, serial, listed: Some(_) } => {
                RevocationKey::Listed(&issuer.0, &serial.0)
            }
        }
    }

    /// Replaces its `before`, if it has one.
    pub fn up_to(mut self, time: Option<Timestamp>) -> Self {
        match &mut self {
            Self::Subject { before, .. }
            | Self::Client { before, .. }
            | Self::Issuer { before, .. } => {
                *before = time.unwrap_or(*before);
            }
            Self::Token { .. }
            | Self::Session { .. }
            | Self::SigningKey { .. }
            | Self::ApiKey { .. }
            | Self::Certificate { .. }
            | Self::CertificateSerial { .. } => {}
        }
        self
    }

    /// The time before which its tokens were issued, of a subject, client or issuer.
    pub fn before(&self) -> Option<Timestamp> {
        match self {
            Self::Subject { before, .. }
            | Self::Client { before, .. }
            | Self::Issuer { before, .. } => Some(*before),
            Self::Token { .. }
            | Self::Session { .. }
            | Self::SigningKey { .. }
            | Self::ApiKey { .. }
            | Self::Certificate { .. }
            | Self::CertificateSerial { .. } => None,
        }
    }
}

/// For people: ``token `abc` of https://issuer``.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |text: &Identifier| crate::audit::excerpt(&text.0, 128);
        let time = |time: &Timestamp| crate::audit::rfc3339_text(*time);
        match self {
            Self::Token { issuer, id } => write!(f, "token `{}` of {}", shown(id), shown(issuer)),
            Self::Subject { issuer, subject, before } => {
                let (subject, issuer) = (shown(subject), shown(issuer));
                write!(f, "subject `{subject}` of {issuer}, tokens before {}", time(before))
            }
            Self::Client { issuer, client, before } => {
                let (client, issuer) = (shown(client), shown(issuer));
                write!(f, "client `{client}` of {issuer}, tokens before {}", time(before))
            }
            Self::Issuer { issuer, before } => {
                write!(f, "issuer {}, tokens before {}", shown(issuer), time(before))
            }
            Self::Session { issuer, id } => {
                write!(f, "session `{}` of {}", shown(id), shown(issuer))
            }
            Self::SigningKey { issuer, id } => {
                write!(f, "signing key `{}` of {}", shown(id), shown(issuer))
            }
            Self::ApiKey { id } => write!(f, "API key {}", shown(id)),
            Self::Certificate { fingerprint } => write!(f, "certificate {fingerprint}"),
            Self::CertificateSerial { issuer, serial, .. } => {
                write!(f, "certificate {serial} of {}", crate::audit::excerpt(&issuer.0, 128))
            }
        }
    }
}

/// A mark: 128 bits that stand for one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LookupTag(pub(super) [u8; 16]);

impl LookupTag {
    pub(super) fn of(code: [u8; 32]) -> Self {
        let mut mark = [0; 16];
        mark.iter_mut().zip(code).for_each(|(slot, byte)| *slot = byte);
        Self(mark)
    }
}

impl fmt::Display for LookupTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(&self.0))
    }
}

/// The marks of one thing, one under each secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupTags(pub Box<[LookupTag]>);

/// Something that has a mark. The issuer comes first.
#[derive(Debug, Clone, Copy)]
pub enum RevocationKey<'a> {
    /// A `jti`.
    Token(&'a str, &'a str),
    /// A `sub`.
    Subject(&'a str, &'a str),
    /// A token's client.
    Client(&'a str, &'a str),
    /// An `iss`.
    Issuer(&'a str),
    /// A `sid`.
    Session(&'a str, &'a str),
    /// A `kid`.
    SigningKey(&'a str, &'a str),
    /// An API key's id.
    ApiKey(&'a str),
    /// A certificate's fingerprint.
    Certificate(&'a [u8; 32]),
    /// A certificate's serial number.
    Serial(&'a str, &'a str),
    /// A certificate's serial number in its issuer's revocation list. A list cannot take back what
    /// an administrator revoked.
    Listed(&'a str, &'a str),
    /// One of the revocation lists of an authority.
    List(&'a str, &'a str),
    /// The record of an API key.
    KeyRecord(&'a str),
}

impl RevocationKey<'_> {
    /// Returns the input of the mark: the kind, and the identity within the kind.
    pub(super) fn parts(&self) -> [&[u8]; 3] {
        let (kind, first, second): (&str, &[u8], &str) = match self {
            Self::Token(issuer, id) => ("token", issuer.as_bytes(), id),
            Self::Subject(issuer, subject) => ("subject", issuer.as_bytes(), subject),
            Self::Client(issuer, client) => ("client", issuer.as_bytes(), client),
            Self::Issuer(issuer) => ("issuer", issuer.as_bytes(), ""),
            Self::Session(issuer, id) => ("session", issuer.as_bytes(), id),
            Self::SigningKey(issuer, id) => ("signing key", issuer.as_bytes(), id),
            Self::ApiKey(id) => ("api key", id.as_bytes(), ""),
            Self::Certificate(fingerprint) => ("certificate", *fingerprint, ""),
            Self::Serial(issuer, serial) => ("serial", issuer.as_bytes(), serial),
            Self::Listed(issuer, serial) => ("listed serial", issuer.as_bytes(), serial),
            Self::List(issuer, id) => ("list", issuer.as_bytes(), id),
            Self::KeyRecord(id) => ("key record", id.as_bytes(), ""),
        };
        [kind.as_bytes(), first, second.as_bytes()]
    }
}
