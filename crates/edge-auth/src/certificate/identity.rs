//! The identity of a certificate: the one of its names that the policy asks for.

#[cfg(feature = "compiler")]
mod parse;

use serde::{Deserialize, Serialize};
use x509_cert::der::asn1::ObjectIdentifier;

use super::parsed::ParsedCertificate;
use super::refusal::malformed;
use super::{Thumbprint, to_hex};
use crate::denial::{Code, Denial};

/// The longest identity, in bytes. A longer one could only attack logs and headers.
const MAX_BYTES: usize = 255;

/// Cloudflare reports the certificate itself in `certRFC9440`, but not in its header fields.
const NO_NAMES: &str = "the platform does not report alternative names; for `cloudflare-headers`, set `Client-Cert` in a \
                        rule of the zone, from `cf.tls_client_auth.cert_rfc9440`";

/// A fingerprint is not an identity by itself: the same certificate in other bytes has another one.
const NO_CERTIFICATE: &str = "the platform reports a fingerprint without the certificate: pin it (`fingerprint`), or have \
                              the platform send the certificate (`cert_rfc9440`)";

/// The part of a certificate that names its holder.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) enum Identity {
    /// An alternative name that is a URI.
    SanUri(Vec<Pattern>),
    /// An alternative name that is a host name.
    SanDns(Vec<Pattern>),
    /// An alternative name that is an e-mail address.
    SanEmail(Vec<Pattern>),
    /// One field of the subject. `one_of` has the accepted values; if it is empty, any value is.
    Subject {
        #[serde(with = "as_text")]
        field: ObjectIdentifier,
        one_of: Vec<String>,
    },
    /// The serial number: unique for one issuer only.
    Serial,
    /// The SHA-256 of the certificate: the pinned one, or that of its canonical form.
    Fingerprint,
}

/// Object identifiers as text: `2.5.4.3`.
mod as_text {
    use serde::{Deserialize, Deserializer, Serializer, de};
    use x509_cert::der::asn1::ObjectIdentifier;

    pub(super) fn serialize<S: Serializer>(
        oid: &ObjectIdentifier,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(oid)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<ObjectIdentifier, D::Error> {
        let text = String::deserialize(deserializer)?;
        ObjectIdentifier::new(&text).map_err(|_| de::Error::custom("not an object identifier"))
    }
}

/// A whole name, or one with a wildcard.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) enum Pattern {
    Exactly(String),
    /// The text before the wildcard, and the text after it.
    Open(String, String),
}

impl Identity {
    /// Returns the certificate's identity. `pinned` are the policy's fingerprints.
    ///
    /// # Errors
    /// The certificate does not have exactly one name that the policy accepts.
    pub(crate) fn of(
        &self,
        facts: &ParsedCertificate,
        pinned: &[Thumbprint],
    ) -> Result<String, Denial> {
        if matches!(self, Self::Subject { .. }) && facts.subject.is_none() {
            return Err(malformed("its subject is unreadable"));
        }
        self.find(facts, pinned)
            .map_err(|reason| Denial::new(Code::CertificateIdentityMismatch, reason))
    }

    fn find(&self, facts: &ParsedCertificate, pinned: &[Thumbprint]) -> Result<String, String> {
        let names = || facts.names.as_ref().ok_or(NO_NAMES);
        let found = match self {
            Self::SanUri(patterns) => {
                let uris = &names()?.uris;
                if uris.len() > 1 && patterns.iter().any(Pattern::is_spiffe) {
                    return Err("it has several URIs, but an X.509-SVID has exactly one".to_owned());
                }
                one("URI", uris, |uri| {
                    patterns.iter().any(|pattern| pattern.fits_uri(uri)).then(|| uri.to_owned())
                })?
            }
            Self::SanDns(patterns) => one("host name", &names()?.dns, |name| {
                let name = name.to_ascii_lowercase();
                patterns.iter().any(|pattern| pattern.fits_host(&name)).then_some(name)
            })?,
            Self::SanEmail(patterns) => one("e-mail address", &names()?.emails, |address| {
                let address = email(address)?;
                patterns.iter().any(|pattern| pattern.fits_email(&address)).then_some(address)
            })?,
            Self::Subject { field, one_of } => {
                let subject = facts.subject.as_ref().ok_or("its subject is unreadable")?;
                let value =
                    subject.single(*field).map_err(|reason| format!("the subject {reason}"))?;
                if !one_of.is_empty() && !one_of.iter().any(|own| own == value) {
                    return Err("the subject's value is not in `one_of`".to_owned());
                }
                value.to_owned()
            }
            Self::Serial => facts.serial.clone(),
            Self::Fingerprint => to_hex(&fingerprint(facts, pinned)?),
        };
        if found.is_empty() || found.len() > MAX_BYTES {
            return Err(format!("the identity is empty, or longer than {MAX_BYTES} bytes"));
        }
        Ok(found)
    }
}

impl Pattern {
    fn is_spiffe(&self) -> bool {
        let (Self::Exactly(text) | Self::Open(text, _)) = self;
        text.starts_with("spiffe://")
    }

    fn fits_uri(&self, uri: &str) -> bool {
        match self {
            Self::Exactly(own) => own == uri,
            Self::Open(front, _) => {
                uri.strip_prefix(front.as_str()).is_some_and(|path| path.split('/').all(is_segment))
            }
        }
    }

    fn fits_host(&self, name: &str) -> bool {
        match self {
            Self::Exactly(own) => own == name,
            Self::Open(_, end) => name.strip_suffix(end.as_str()).is_some_and(is_label),
        }
    }

    fn fits_email(&self, address: &str) -> bool {
        match self {
            Self::Exactly(own) => own == address,
            Self::Open(_, end) => address.ends_with(end.as_str()),
        }
    }
}

/// Returns the fingerprint that the holder cannot change: the pinned one, or that of the canonical
/// form.
fn fingerprint(
    facts: &ParsedCertificate,
    pinned: &[Thumbprint],
) -> Result<Thumbprint, &'static str> {
    let mut of_policy = facts.fingerprints.all().filter(|own| pinned.contains(own));
    match (of_policy.next(), of_policy.next()) {
        (Some(one), None) => Ok(*one),
        (Some(_), Some(_)) | (None, _) => facts.fingerprints.canonical().ok_or(NO_CERTIFICATE),
    }
}

/// Returns the one name that fits. Of two, neither is surely the identity.
fn one(
    kind: &str,
    names: &[String],
    fits: impl Fn(&str) -> Option<String>,
) -> Result<String, String> {
    let mut fitting = names.iter().filter_map(|name| fits(name));
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => Err(format!("it has several {kind}s that match the policy")),
        (None, _) => Err(format!("it has no {kind} that matches the policy")),
    }
}

/// Returns whether no reader could take the segment for a way up or for a query.
fn is_segment(segment: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    !segment.is_empty() && segment != "." && segment != ".." && segment.bytes().all(plain)
}

fn is_host(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    !label.is_empty() && label.len() <= 63 && label.bytes().all(plain)
}

/// Returns `local@host` with the host in lower case. Accepts only atoms with dots between them,
/// which need no quoting (RFC 5322, section 3.2.3).
fn email(text: &str) -> Option<String> {
    let (local, host) = text.split_once('@')?;
    let host = host.to_ascii_lowercase();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'+-/=?^_`{|}~".contains(&byte);
    let atoms = local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(plain));
    (atoms && is_host(&host)).then(|| format!("{local}@{host}"))
}
