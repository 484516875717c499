//! `[[issuer]]` as it is written.

use std::collections::BTreeMap;
use std::path::PathBuf;

use edge_auth_token::Algorithm;
#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

#[cfg(test)]
use super::WrittenTest;
use super::tables::optional;
use super::{DurationText, OneOrMany, ScopeClaimSources, claims};
use crate::policy::claim_rule::ClaimTest;
use crate::policy::compiler::preset::Preset;
use crate::policy::issuer::SecretEncoding;

/// An issuer of tokens.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct IssuerTable {
    /// What rules call it: `jwt:NAME`.
    pub name: String,
    /// The exact `iss` of its tokens. `{tenant}` as one segment stands for one of the `tenants`.
    pub issuer: Option<String>,
    /// The tenants whose tokens are accepted, as they stand in `iss`.
    pub tenants: Option<Vec<String>>,
    /// Accepts the tokens of every tenant, instead of `tenants`.
    #[serde(default)]
    pub insecure_any_tenant: bool,
    /// With `preset = "spiffe"`, instead of `issuer`: the trust domain of the `sub`.
    pub trust_domain: Option<String>,
    /// A well-known issuer. It changes the defaults of other fields.
    pub preset: Option<Preset>,
    /// The audience of this API, or several of which a token must name one.
    pub audience: Option<OneOrMany>,
    /// Accepts tokens for any API, instead of `audience`.
    #[serde(default)]
    pub insecure_any_audience: bool,
    /// Accepts everybody who gets a token of this issuer, instead of pinning by `claims`.
    #[serde(default)]
    pub insecure_any_subject: bool,
    /// Where the keys that sign its tokens come from.
    #[serde(default, deserialize_with = "optional")]
    pub keys: Option<KeysTable>,
    /// The algorithms of its signatures: all asymmetric ones by default, HS256 with a `secret`.
    #[cfg_attr(test, schemars(with = "Option<Vec<AlgorithmName>>"))]
    pub algorithms: Option<Vec<Algorithm>>,
    /// The `typ` of its tokens' header, one or several: "at+jwt" by default. "any" accepts any.
    pub token_type: Option<OneOrMany>,
    /// The field that its tokens come by, without a scheme, instead of `Authorization`.
    pub token_header: Option<String>,
    /// "Bearer" by default. "none": the token stands in `Authorization` without a scheme.
    pub token_scheme: Option<String>,
    /// The name of the cookie that the token is in.
    pub token_cookie: Option<String>,
    /// Takes the token from the protocols in `Sec-WebSocket-Protocol`.
    #[serde(default)]
    pub token_websocket_protocol: bool,
    /// The parameter of the query that the token is in. URLs are logged along the way.
    pub insecure_token_query: Option<String>,
    /// The claim with the audience: "aud" by default.
    pub audience_claim: Option<String>,
    /// The claims with the scopes: "scope" by default.
    pub scope_claim: Option<ScopeClaimSources>,
    /// The claims with the client, of which the first counts that is there: "client_id" by default.
    pub client_claim: Option<OneOrMany>,
    /// The claims with the subject, of which the first counts that has text: "sub" by default.
    pub subject_claim: Option<OneOrMany>,
    /// What claims of each token must be, by their names.
    #[serde(default, deserialize_with = "claims::tests")]
    #[cfg_attr(test, schemars(with = "BTreeMap<String, WrittenTest>"))]
    pub claims: BTreeMap<String, ClaimTest>,
    /// The longest time from `iat` to `exp`. With it, `iat` must be there.
    pub max_lifetime: Option<DurationText>,
    /// How far clocks may differ: at most 5m, "30s" by default.
    pub clock_skew: Option<DurationText>,
    /// How old a fetched key set may be before it is fetched again in the background: "5m" by
    /// default.
    pub refresh: Option<DurationText>,
    /// How long the last key set is used while the issuer cannot be reached: "4h" by default.
    pub max_stale: Option<DurationText>,
    /// Fetches keys without TLS from elsewhere than this machine, too.
    #[serde(default)]
    pub insecure_http_jwks: bool,
    /// The only authorities that are trusted when its keys are fetched: a PEM file.
    pub ca_file: Option<PathBuf>,
    /// The file with the bearer token that fetches of its keys carry. It is read for each fetch.
    pub bearer_file: Option<PathBuf>,
}

/// The name of a signature algorithm, in the JSON Schema.
#[cfg(test)]
pub(super) struct AlgorithmName;

/// Where an issuer's keys come from: exactly one of these.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct KeysTable {
    /// Finds the keys by OpenID Connect discovery below `issuer`.
    pub discover: Option<bool>,
    /// The URL of a JWK set.
    pub jwks_url: Option<String>,
    /// A file with a JWK set, relative to the policy's folder.
    pub jwks_file: Option<PathBuf>,
    /// A JWK set.
    pub jwks: Option<serde_json::Value>,
    /// The name of a shared secret (HMAC).
    pub secret: Option<String>,
    /// How that secret is written: "text" by default.
    pub encoding: Option<SecretEncoding>,
}
