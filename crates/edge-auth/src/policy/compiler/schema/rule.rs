//! `[[rule]]` as it is written.

use std::collections::BTreeMap;
use std::fmt;

use ipnet::IpNet;
#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

#[cfg(test)]
use super::WrittenTest;
use super::tables::optional;
use super::{DurationText, claims};
use crate::policy::claim_rule::ClaimTest;

/// Who may do what on some paths.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleTable {
    /// Its name in the log: its number and path by default.
    pub name: Option<String>,
    /// The host that it is for: "api.example.com" or "*.example.com". Any by default.
    pub host: Option<String>,
    /// The paths that it is for: "/v1/orders/{id}", "/files/{*rest}".
    pub path: String,
    /// The methods that it is for: all by default. "GET" includes "HEAD".
    pub methods: Option<Vec<String>>,
    /// Asks for no credential.
    #[serde(default)]
    pub public: bool,
    /// The credentials that open it, unless it is `public`.
    pub require: Option<Require>,
    /// The scopes that the caller needs.
    pub scopes: Option<ScopesTable>,
    /// What claims of the token must be, by their names, beside what its issuer's block asks for.
    #[serde(default, deserialize_with = "claims::tests")]
    #[cfg_attr(test, schemars(with = "BTreeMap<String, WrittenTest>"))]
    pub claims: BTreeMap<String, ClaimTest>,
    /// The principals who pass, with a `*` at the end for all that begin alike: "key:partners:*".
    pub subjects: Option<Vec<String>>,
    /// The tenants whose API keys, and tokens of issuers with tenants, pass.
    pub tenants: Option<Vec<String>>,
    /// From where requests pass.
    #[serde(default, deserialize_with = "optional")]
    pub when: Option<WhenTable>,
    /// Lets WebSocket upgrades pass. An open socket outlives a revocation.
    #[serde(default)]
    pub upgrade: bool,
    /// When the gateway ends an answer that is still open: 1s to 24h after the decision.
    pub max_response_age: Option<DurationText>,
    /// Sends the credential upstream, too.
    #[serde(default)]
    pub forward_credential: bool,
    /// Accepts only tokens that are bound to the client's certificate (RFC 8705).
    #[serde(default)]
    pub certificate_bound: bool,
    /// Lets requests pass though the gate does not know what was revoked lately.
    #[serde(default)]
    pub insecure_allow_stale_revocation: bool,
    /// The pages of other origins that may send requests, and read answers.
    #[serde(default, deserialize_with = "optional")]
    pub cors: Option<CorsTable>,
}

/// From where requests pass. Each part that is named must hold; what the host does not know does
/// not hold.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct WhenTable {
    /// The client is in one of these countries: ISO 3166-1 alpha-2, in upper case.
    pub country: Option<Vec<String>>,
    /// The client's country is known, and none of these.
    pub not_country: Option<Vec<String>>,
    /// The client's autonomous system is one of these.
    pub asn: Option<Vec<u32>>,
    /// The client's address is in one of these networks: "10.0.0.0/8".
    #[cfg_attr(test, schemars(with = "Option<Vec<String>>"))]
    pub networks: Option<Vec<IpNet>>,
}

/// The pages of other origins that may send requests, and read answers.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct CorsTable {
    /// The origins, as browsers send them: "https://app.example.com".
    pub origins: Vec<String>,
    /// The fields that requests may have.
    #[serde(default)]
    pub headers: Vec<String>,
    /// The fields of answers that pages may read.
    #[serde(default)]
    pub expose: Vec<String>,
    /// Lets browsers send cookies and client certificates along.
    #[serde(default)]
    pub credentials: bool,
    /// How long a browser keeps the answer to a preflight.
    pub max_age: Option<DurationText>,
}

/// `"jwt:corp"`, `{ any = […] }` or `{ all = […] }`.
#[derive(Debug, Clone)]
pub(crate) enum Require {
    Any(Vec<String>),
    All(Vec<String>),
}

/// The table: exactly one of the two.
#[derive(Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RequireForm {
    /// One of these credentials is enough.
    any: Option<Vec<String>>,
    /// Each of these credentials is needed. The first is the principal.
    all: Option<Vec<String>>,
}

impl<'de> Deserialize<'de> for Require {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
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
                let table = RequireForm::deserialize(de::value::MapAccessDeserializer::new(map))?;
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
pub(crate) struct ScopesTable {
    pub all_of: Option<Vec<String>>,
    pub any_of: Option<Vec<String>>,
}

/// The table: one of the two at least.
#[derive(Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct ScopesForm {
    /// The scopes of which each is needed.
    all_of: Option<Vec<String>>,
    /// The scopes of which one is enough.
    any_of: Option<Vec<String>>,
}

impl<'de> Deserialize<'de> for ScopesTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
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
                let table = ScopesForm::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(ScopesTable { all_of: table.all_of, any_of: table.any_of })
            }
        }
        deserializer.deserialize_any(EitherVisitor)
    }
}
