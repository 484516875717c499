//! `[aws]` as the policy says it.

use serde::{Deserialize, Serialize};

/// How authorizers on AWS answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct AwsPolicy {
    /// What the authorizers of HTTP APIs answer.
    #[serde(default)]
    pub http_api: HttpApiResponse,
    /// What usage plans count by.
    pub usage_identifier: Option<UsageIdentifier>,
}

/// What the authorizer of an HTTP API answers; its configuration must say the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum HttpApiResponse {
    /// Yes or no: `EnableSimpleResponses` is on.
    #[default]
    Simple,
    /// A policy: `EnableSimpleResponses` is off.
    Iam,
}

/// The `usageIdentifierKey` of a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum UsageIdentifier {
    /// `jwt:corp:alice`: each caller for itself.
    Principal,
    /// The token's client, or the key's owner; of a caller without one, none.
    Client,
}

impl UsageIdentifier {
    /// The member of the context that has it.
    pub fn member(self) -> &'static str {
        match self {
            Self::Principal => "principal",
            Self::Client => "client",
        }
    }
}
