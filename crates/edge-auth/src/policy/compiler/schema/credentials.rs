//! `[[api_key]]` and `[[client_cert]]` as they are written.

use std::fmt;
use std::path::PathBuf;

#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};

use super::tables::optional;
use super::{OneOrMany, SecretNames};
use crate::api_key::DigestAlgorithm;
use crate::certificate::CertificateSource;

/// A kind of API keys. The scopes, expiry and networks of a single key are in its record.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiKeyTable {
    /// What rules call it: `key:NAME`.
    pub name: String,
    /// What its keys begin with: `[a-z][a-z0-9]{1,15}`.
    pub prefix: Option<String>,
    /// The environment in its keys, `[a-z]{2,8}`: "live" by default.
    pub environment: Option<String>,
    /// The name of the secret, of 32 bytes or more, under which keys are hashed.
    pub pepper: SecretNames,
    /// Takes the hashes of another system's keys, instead of `prefix` and `environment`.
    #[serde(default, deserialize_with = "optional")]
    pub imported: Option<ImportedTable>,
}

/// Hashes of another system's keys.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportedTable {
    /// How the other system hashed its keys.
    pub hash: DigestAlgorithm,
    /// What those keys begin with.
    pub prefix: Option<String>,
}

/// Client certificates of one source.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct ClientCertTable {
    /// What rules call it: `cert:NAME`.
    pub name: String,
    /// How certificates reach the gate.
    pub source: CertificateSource,
    /// For sources "nginx" and "haproxy": the field that the proxy's configuration names.
    pub header: Option<String>,
    /// A PEM file with the authorities, relative to the policy's folder.
    pub ca_file: Option<PathBuf>,
    /// Pins the issuer by its key identifiers, in hexadecimal.
    pub issuer_key_id: Option<OneOrMany>,
    /// Pins the issuer by its names: "CN=Devices CA,O=Example".
    pub issuer_dn: Option<OneOrMany>,
    /// Pins the certificates themselves by their SHA-256, in hexadecimal.
    pub fingerprint: Option<OneOrMany>,
    /// Which part of the certificate names the caller.
    pub identity: CertificateIdentity,
    /// The scopes that holders of such a certificate have.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Refuses every certificate while the revocation list of its issuer is missing.
    #[serde(default)]
    pub require_crl: bool,
    /// Accepts a revocation list though a newer one is due.
    #[serde(default)]
    pub insecure_overdue_crl: bool,
}

/// `"serial"`, `"fingerprint"`, or a table with one of the others and what it must be.
#[derive(Debug)]
pub(crate) enum CertificateIdentity {
    SanUri(OneOrMany),
    SanDns(OneOrMany),
    SanEmail(OneOrMany),
    Subject { field: String, one_of: Option<Vec<String>> },
    Serial,
    Fingerprint,
}

/// The table. Exactly one of its fields is there, `one_of` beside `subject` only.
#[derive(Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct IdentityForm {
    /// A URI among the alternative names: "spiffe://example.com/*".
    san_uri: Option<OneOrMany>,
    /// A host name among the alternative names: "*.devices.example.com".
    san_dns: Option<OneOrMany>,
    /// An e-mail address among the alternative names: "*@example.com".
    san_email: Option<OneOrMany>,
    /// A field of the subject: "CN".
    subject: Option<String>,
    /// The values of which that field must have one.
    one_of: Option<Vec<String>>,
}

impl IdentityForm {
    /// Returns the one identity that the table names, or `None` unless it names exactly one.
    fn identity(self) -> Option<CertificateIdentity> {
        match (self.san_uri, self.san_dns, self.san_email, self.subject, self.one_of) {
            (Some(uris), None, None, None, None) => Some(CertificateIdentity::SanUri(uris)),
            (None, Some(hosts), None, None, None) => Some(CertificateIdentity::SanDns(hosts)),
            (None, None, Some(emails), None, None) => Some(CertificateIdentity::SanEmail(emails)),
            (None, None, None, Some(field), one_of) => {
                Some(CertificateIdentity::Subject { field, one_of })
            }
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for CertificateIdentity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EitherVisitor;
        impl<'de> Visitor<'de> for EitherVisitor {
            type Value = CertificateIdentity;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "\"serial\", \"fingerprint\", or one of { san_uri = … }, { san_dns = … }, { san_email = … } and \
                     { subject = \"CN\" }",
                )
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<CertificateIdentity, E> {
                match name {
                    "serial" => Ok(CertificateIdentity::Serial),
                    "fingerprint" => Ok(CertificateIdentity::Fingerprint),
                    _ => Err(E::invalid_value(de::Unexpected::Str(name), &self)),
                }
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<CertificateIdentity, A::Error> {
                let form = IdentityForm::deserialize(de::value::MapAccessDeserializer::new(map))?;
                form.identity().ok_or_else(|| {
                    de::Error::custom(
                        "give exactly one of `san_uri`, `san_dns`, `san_email` and `subject`, the last with `one_of` \
                         if only some values will do",
                    )
                })
            }
        }
        deserializer.deserialize_any(EitherVisitor)
    }
}
