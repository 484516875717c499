//! The policy as it is written: names and shapes, nothing resolved. Unknown fields are refused.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use edge_auth_token::Algorithm;
use ipnet::IpNet;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::claim_rule::ClaimTest;
use super::preset::Preset;
use super::scope_claim::ScopeClaimSources;
use super::strict_table::{optional, table, tables};
use crate::api_key::DigestAlgorithm;
use crate::aws::AwsPolicy;
use crate::certificate::CertificateSource;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyTables {
    #[serde(default, deserialize_with = "table")]
    pub revocation: RevocationTable,
    #[serde(default, deserialize_with = "table")]
    pub identity: IdentityTable,
    #[serde(default, deserialize_with = "table")]
    pub credentials: CredentialsTable,
    #[serde(default, deserialize_with = "table")]
    pub trust: TrustTable,
    #[serde(default, deserialize_with = "optional")]
    pub forward_auth: Option<ForwardAuthTable>,
    #[serde(default, deserialize_with = "optional")]
    pub admin: Option<AdminTable>,
    #[serde(default, deserialize_with = "table")]
    pub aws: AwsPolicy,
    #[serde(default, deserialize_with = "tables")]
    pub issuer: Vec<IssuerTable>,
    #[serde(default, deserialize_with = "tables")]
    pub api_key: Vec<ApiKeyTable>,
    #[serde(default, deserialize_with = "tables")]
    pub client_cert: Vec<ClientCertTable>,
    #[serde(default, deserialize_with = "tables")]
    pub rule: Vec<RuleTable>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RevocationTable {
    pub bound: Option<DurationText>,
    pub secret: Option<SecretNames>,
    pub interval: Option<DurationText>,
    pub gateway_cache: Option<DurationText>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IdentityTable {
    pub prefix: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CredentialsTable {
    pub api_key_header: Option<String>,
    pub max_token_bytes: Option<usize>,
    pub realm: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TrustTable {
    pub networks: Option<Vec<IpNet>>,
    pub secret: Option<String>,
    pub secret_header: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ForwardAuthTable {
    pub proxy: Proxy,
}

/// The proxy that asks, and with it the headers that are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proxy {
    /// nginx `auth_request`: `X-Original-Method`, `X-Original-URI`, `X-Original-Host`. Only 2xx,
    /// 401 and 403 are answered, since nginx turns anything else into a 500.
    Nginx,
    /// ingress-nginx (`auth-url`): `X-Original-Method`, and the whole URL in `X-Original-URL`. It
    /// answers like `nginx`.
    IngressNginx,
    /// Traefik `ForwardAuth`: `X-Forwarded-Method`, `-Uri`, `-Host`.
    Traefik,
    /// Caddy `forward_auth`: `X-Forwarded-Method`, `-Uri`, `-Host`.
    Caddy,
    /// Envoy `ext_authz` over HTTP: the method and path of the request itself.
    Envoy,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AdminTable {
    pub bootstrap_hash: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IssuerTable {
    pub name: String,
    pub issuer: Option<String>,
    pub tenants: Option<Vec<String>>,
    #[serde(default)]
    pub insecure_any_tenant: bool,
    pub trust_domain: Option<String>,
    pub preset: Option<Preset>,
    pub audience: Option<OneOrMany>,
    #[serde(default)]
    pub insecure_any_audience: bool,
    #[serde(default)]
    pub insecure_any_subject: bool,
    #[serde(default, deserialize_with = "optional")]
    pub keys: Option<KeysTable>,
    pub algorithms: Option<Vec<Algorithm>>,
    pub token_type: Option<OneOrMany>,
    pub token_header: Option<String>,
    pub token_scheme: Option<String>,
    pub token_cookie: Option<String>,
    #[serde(default)]
    pub token_websocket_protocol: bool,
    pub insecure_token_query: Option<String>,
    pub audience_claim: Option<String>,
    pub scope_claim: Option<ScopeClaimSources>,
    pub client_claim: Option<OneOrMany>,
    pub subject_claim: Option<OneOrMany>,
    #[serde(default)]
    pub claims: BTreeMap<String, ClaimTest>,
    pub max_lifetime: Option<DurationText>,
    pub clock_skew: Option<DurationText>,
    pub refresh: Option<DurationText>,
    pub max_stale: Option<DurationText>,
    #[serde(default)]
    pub insecure_http_jwks: bool,
}

/// Where an issuer's keys come from: exactly one of these.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeysTable {
    pub discover: Option<bool>,
    pub jwks_url: Option<String>,
    pub jwks_file: Option<PathBuf>,
    pub jwks: Option<serde_json::Value>,
    pub secret: Option<String>,
    pub encoding: Option<SecretEncoding>,
}

/// How a shared secret is written where the host keeps it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretEncoding {
    /// As it stands: its bytes are the key.
    #[default]
    Text,
    /// Base64 (RFC 4648, section 4), padded or not.
    Base64,
    /// Base64url (RFC 4648, section 5), padded or not.
    Base64url,
    /// Hexadecimal digits.
    Hex,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApiKeyTable {
    pub name: String,
    pub prefix: Option<String>,
    pub environment: Option<String>,
    pub pepper: SecretNames,
    #[serde(default, deserialize_with = "optional")]
    pub imported: Option<ImportedTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ImportedTable {
    pub hash: DigestAlgorithm,
    pub prefix: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientCertTable {
    pub name: String,
    pub source: CertificateSource,
    pub header: Option<String>,
    pub ca_file: Option<PathBuf>,
    pub issuer_key_id: Option<OneOrMany>,
    pub issuer_dn: Option<OneOrMany>,
    pub fingerprint: Option<OneOrMany>,
    pub identity: CertificateIdentity,
    #[serde(default)]
    pub scopes: Vec<String>,
    #[serde(default)]
    pub require_crl: bool,
    #[serde(default)]
    pub insecure_overdue_crl: bool,
}

/// `"serial"`, `"fingerprint"`, or a table with one of the others and what it must be.
#[derive(Debug)]
pub(super) enum CertificateIdentity {
    SanUri(OneOrMany),
    SanDns(OneOrMany),
    SanEmail(OneOrMany),
    Subject { field: String, one_of: Option<Vec<String>> },
    Serial,
    Fingerprint,
}

impl<'de> Deserialize<'de> for CertificateIdentity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            san_uri: Option<OneOrMany>,
            san_dns: Option<OneOrMany>,
            san_email: Option<OneOrMany>,
            subject: Option<String>,
            one_of: Option<Vec<String>>,
        }
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
                let table = Table::deserialize(de::value::MapAccessDeserializer::new(map))?;
                match table {
                    Table {
                        san_uri: Some(uris),
                        san_dns: None,
                        san_email: None,
                        subject: None,
                        one_of: None,
                    } => Ok(CertificateIdentity::SanUri(uris)),
                    Table {
                        san_uri: None,
                        san_dns: Some(hosts),
                        san_email: None,
                        subject: None,
                        one_of: None,
                    } => Ok(CertificateIdentity::SanDns(hosts)),
                    Table {
                        san_uri: None,
                        san_dns: None,
                        san_email: Some(emails),
                        subject: None,
                        one_of: None,
                    } => Ok(CertificateIdentity::SanEmail(emails)),
                    Table {
                        san_uri: None,
                        san_dns: None,
                        san_email: None,
                        subject: Some(field),
                        one_of,
                    } => Ok(CertificateIdentity::Subject { field, one_of }),
                    _ => Err(de::Error::custom(
                        "give exactly one of `san_uri`, `san_dns`, `san_email` and `subject`, the last with `one_of` \
                         if only some values will do",
                    )),
                }
            }
        }
        deserializer.deserialize_any(EitherVisitor)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleTable {
    pub name: Option<String>,
    pub host: Option<String>,
    pub path: String,
    pub methods: Option<Vec<String>>,
    #[serde(default)]
    pub public: bool,
    pub require: Option<Require>,
    pub scopes: Option<ScopesTable>,
    #[serde(default)]
    pub claims: BTreeMap<String, ClaimTest>,
    pub subjects: Option<Vec<String>>,
    #[serde(default, deserialize_with = "optional")]
    pub when: Option<WhenTable>,
    #[serde(default)]
    pub upgrade: bool,
    pub max_response_age: Option<DurationText>,
    #[serde(default)]
    pub forward_credential: bool,
    #[serde(default)]
    pub certificate_bound: bool,
    #[serde(default)]
    pub insecure_allow_stale_revocation: bool,
    #[serde(default, deserialize_with = "optional")]
    pub cors: Option<CorsTable>,
}

/// From where requests pass.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WhenTable {
    pub country: Option<Vec<String>>,
    pub not_country: Option<Vec<String>>,
    pub asn: Option<Vec<u32>>,
    pub networks: Option<Vec<IpNet>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CorsTable {
    pub origins: Vec<String>,
    #[serde(default)]
    pub headers: Vec<String>,
    #[serde(default)]
    pub expose: Vec<String>,
    #[serde(default)]
    pub credentials: bool,
    pub max_age: Option<DurationText>,
}

/// A duration as people write it: `"30s"`, `"10m"`, `"1h 30m"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DurationText(pub Duration);

impl<'de> Deserialize<'de> for DurationText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_duration(&text).map(Self).map_err(|_| {
            de::Error::custom(format!("`{text}` is no duration; write it like \"30s\" or \"10m\""))
        })
    }
}

/// One name, or a list of them.
#[derive(Debug, Clone)]
pub(super) struct OneOrMany(pub Vec<String>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EitherVisitor;
        impl<'de> Visitor<'de> for EitherVisitor {
            type Value = OneOrMany;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of strings")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![text.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<OneOrMany, A::Error> {
                Vec::deserialize(de::value::SeqAccessDeserializer::new(seq)).map(OneOrMany)
            }
        }
        deserializer.deserialize_any(EitherVisitor)
    }
}

/// A secret that can be replaced: the names of the one that is used now, and of older ones.
#[derive(Debug, Clone)]
pub(super) struct SecretNames {
    pub current: String,
    pub previous: Vec<String>,
    pub retired: Vec<String>,
}

impl<'de> Deserialize<'de> for SecretNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            current: String,
            #[serde(default)]
            previous: Vec<String>,
            #[serde(default)]
            retired: Vec<String>,
        }
        struct EitherVisitor;
        impl<'de> Visitor<'de> for EitherVisitor {
            type Value = SecretNames;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a secret, or { current, previous, retired }")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<SecretNames, E> {
                Ok(SecretNames {
                    current: name.to_owned(),
                    previous: Vec::new(),
                    retired: Vec::new(),
                })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SecretNames, A::Error> {
                let table = Table::deserialize(de::value::MapAccessDeserializer::new(map))?;
                let Table { current, previous, retired } = table;
                Ok(SecretNames { current, previous, retired })
            }
        }
        deserializer.deserialize_any(EitherVisitor)
    }
}

/// `"jwt:corp"`, `{ any = […] }` or `{ all = […] }`.
#[derive(Debug, Clone)]
pub(super) enum Require {
    Any(Vec<String>),
    All(Vec<String>),
}

impl<'de> Deserialize<'de> for Require {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            any: Option<Vec<String>>,
            all: Option<Vec<String>>,
        }
        struct EitherVisitor;
        impl<'de> Visitor<'de> for EitherVisitor {
            type Value = Require;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "\"jwt:NAME\", \"key:NAME\" or \"cert:NAME\", or { any = [...] } or { all = [...] }",
                )
            }
            fn visit_str<E: de::Error>(self, one: &str) -> Result<Require, E> {
                Ok(Require::All(vec![one.to_owned()]))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Require, A::Error> {
                let table = Table::deserialize(de::value::MapAccessDeserializer::new(map))?;
                match (table.any, table.all) {
                    (Some(any), None) => Ok(Require::Any(any)),
                    (None, Some(all)) => Ok(Require::All(all)),
                    _ => Err(de::Error::custom("give exactly one of `any` and `all`")),
                }
            }
        }
        deserializer.deserialize_any(EitherVisitor)
    }
}

/// `["a", "b"]` (all of them) or `{ all_of = […], any_of = […] }`.
#[derive(Debug, Clone)]
pub(super) struct ScopesTable {
    pub all_of: Option<Vec<String>>,
    pub any_of: Option<Vec<String>>,
}

impl<'de> Deserialize<'de> for ScopesTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            all_of: Option<Vec<String>>,
            any_of: Option<Vec<String>>,
        }
        struct EitherVisitor;
        impl<'de> Visitor<'de> for EitherVisitor {
            type Value = ScopesTable;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a list of scopes (all are needed), or { all_of = [...], any_of = [...] }",
                )
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<ScopesTable, A::Error> {
                let all_of = Vec::deserialize(de::value::SeqAccessDeserializer::new(seq))?;
                Ok(ScopesTable { all_of: Some(all_of), any_of: None })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ScopesTable, A::Error> {
                let table = Table::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(ScopesTable { all_of: table.all_of, any_of: table.any_of })
            }
        }
        deserializer.deserialize_any(EitherVisitor)
    }
}
