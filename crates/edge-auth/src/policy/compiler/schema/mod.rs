//! The policy as it is written: names and shapes, nothing resolved. Unknown fields are refused.
//!
//! The doc comment of each field is its description in `docs/policy.schema.json`, too, which
//! editors show: it says what the field is for to somebody who writes a policy.

mod claims;
mod credentials;
mod forms;
mod issuer;
#[cfg(test)]
mod json_schema;
mod rule;
mod tables;

use ipnet::IpNet;
#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;
use tables::{optional, tables};

use crate::policy::aws::AwsPolicy;
use crate::policy::proxy::Proxy;
use crate::policy::strict_table::table;

#[cfg(test)]
pub(super) use claims::WrittenTest;
pub(super) use claims::{ScopeClaimSource, ScopeClaimSources};
pub(super) use credentials::{ApiKeyTable, CertificateIdentity, ClientCertTable};
pub(super) use forms::{DurationText, OneOrMany, SecretNames};
pub(super) use issuer::IssuerTable;
pub(super) use rule::{CorsTable, Require, RuleTable, ScopesTable, WhenTable};

/// A policy of edge-auth: which credentials open which paths. What no rule allows is refused.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema), schemars(title = "edge-auth policy"))]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyTables {
    /// How fast a revocation takes effect, and where revocations come from.
    #[serde(default, deserialize_with = "table")]
    pub revocation: RevocationTable,
    /// The headers that tell the upstream who calls.
    #[serde(default, deserialize_with = "table")]
    pub identity: IdentityTable,
    /// Where credentials are in a request, and how long they may be.
    #[serde(default, deserialize_with = "table")]
    pub credentials: CredentialsTable,
    /// Which proxies and applications the gate believes.
    #[serde(default, deserialize_with = "table")]
    pub trust: TrustTable,
    /// The proxy that asks at `/authorize`.
    #[serde(default, deserialize_with = "optional")]
    pub forward_auth: Option<ForwardAuthTable>,
    /// Which decisions the audit log has.
    #[serde(default, deserialize_with = "table")]
    pub audit: AuditTable,
    /// Switches the administration over HTTP on.
    #[serde(default, deserialize_with = "optional")]
    pub admin: Option<AdminTable>,
    /// How authorizers on AWS answer.
    #[serde(default, deserialize_with = "table")]
    pub aws: AwsPolicy,
    /// Who makes tokens, and what they must say.
    #[serde(default, deserialize_with = "tables")]
    pub issuer: Vec<IssuerTable>,
    /// Kinds of API keys.
    #[serde(default, deserialize_with = "tables")]
    pub api_key: Vec<ApiKeyTable>,
    /// Where client certificates come from, who must have issued them, and whom they name.
    #[serde(default, deserialize_with = "tables")]
    pub client_cert: Vec<ClientCertTable>,
    /// The rules. The first whose host, path and method match decides.
    #[serde(default, deserialize_with = "tables")]
    pub rule: Vec<RuleTable>,
}

/// `[revocation]`
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RevocationTable {
    /// How long a revoked credential may still be honoured: 1s to 1h, "30s" by default.
    pub bound: Option<DurationText>,
    /// The name of a secret of 32 bytes or more. It switches the revocation feed on.
    pub secret: Option<SecretNames>,
    /// How old the known revocations may be for a decision: "6s" by default.
    pub interval: Option<DurationText>,
    /// How long API Gateway keeps an authorizer's answer: "0s" by default.
    pub gateway_cache: Option<DurationText>,
}

/// `[identity]`
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct IdentityTable {
    /// What the headers to the upstream begin with: "X-Auth-" by default.
    pub prefix: Option<String>,
}

/// `[credentials]`
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct CredentialsTable {
    /// The field that API keys come by: "x-api-key" by default.
    pub api_key_header: Option<String>,
    /// The longest token that is read, in bytes: 256 to 65536, 16384 by default.
    pub max_token_bytes: Option<usize>,
    /// The realm in challenges: "api" by default.
    pub realm: Option<String>,
}

/// `[trust]`
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct TrustTable {
    /// The networks from which proxies and applications are believed: loopback by default.
    #[cfg_attr(test, schemars(with = "Option<Vec<String>>"))]
    pub networks: Option<Vec<IpNet>>,
    /// The name of a secret of 16 bytes or more that proxies and applications must send.
    pub secret: Option<String>,
    /// The field with that secret: "x-edge-auth-secret" by default.
    pub secret_header: Option<String>,
}

/// `[audit]`
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct AuditTable {
    /// The share of allowed decisions that are logged, 0.0 to 1.0. Refusals are always logged.
    pub allowed: Option<f64>,
}

/// `[forward_auth]`
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct ForwardAuthTable {
    /// The kind of proxy, whose headers are believed.
    pub proxy: Proxy,
}

/// `[admin]`
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct AdminTable {
    /// The hash of the bootstrap secret, as `edge-auth admin init` printed it.
    pub bootstrap_hash: Option<String>,
}
