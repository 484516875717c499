//! The answers of an authorizer, in the shapes of API Gateway and AppSync.

use std::collections::BTreeMap;

use serde::Serialize;

use super::document::PolicyDocument;
use edge_auth::policy::UsageIdentifier;

/// The largest answer that API Gateway takes, in bytes.
pub(super) const MAX_RESPONSE_BYTES: usize = 8 * 1024;
/// The longest value of a context, in bytes: longer ones would leave no room for the policy.
const MAX_VALUE: usize = 2 * 1024;

/// The caller, for mapping templates, parameter mappings and resolvers.
pub(super) type Context = BTreeMap<&'static str, String>;

/// An answer to an authorizer's event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum AuthorizerResponse {
    /// REST APIs, WebSocket APIs, and HTTP APIs without simple responses.
    Policy(PolicyResponse),
    /// HTTP APIs with simple responses.
    Simple(SimpleResponse),
    /// AppSync.
    GraphQl(GraphQlResponse),
}

/// The principal, and what it may reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyResponse {
    pub(super) principal_id: String,
    pub(super) policy_document: PolicyDocument,
    pub(super) context: Context,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) usage_identifier_key: Option<String>,
}

/// Whether the caller may use the one route that was asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SimpleResponse {
    pub(super) is_authorized: bool,
    pub(super) context: Context,
}

/// Whether the caller may use the whole API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GraphQlResponse {
    pub(super) is_authorized: bool,
    pub(super) resolver_context: Context,
    /// In seconds. 0, so that nothing is cached: AppSync's cache key is the token alone, whichever
    /// client sends it.
    pub(super) ttl_override: u32,
}

/// An error of the function instead of an answer. API Gateway does not cache it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizerError {
    /// API Gateway makes a 401 of exactly this text.
    #[error("Unauthorized")]
    Unauthorized,
    /// A 500: an outage prevents the decision.
    #[error("The gate cannot decide at the moment.")]
    Unavailable,
}

impl PolicyResponse {
    pub(super) fn new(
        policy_document: PolicyDocument,
        context: &Context,
        usage_identifier: Option<UsageIdentifier>,
    ) -> Self {
        let member = |name| context.get(name).filter(|value| !value.is_empty()).cloned();
        Self {
            principal_id: member("principal").unwrap_or_else(|| "nobody".to_owned()),
            policy_document,
            context: context.clone(),
            usage_identifier_key: usage_identifier.and_then(|by| member(by.member())),
        }
    }

    /// Returns whether API Gateway takes an answer of this size.
    pub(super) fn fits(&self) -> bool {
        serde_json::to_vec(self).is_ok_and(|json| json.len() <= MAX_RESPONSE_BYTES)
    }
}

/// Empties values that are too long, and adds a notice about each.
pub(super) fn bounded(mut context: Context, notices: &mut Vec<String>) -> Context {
    for (name, value) in &mut context {
        if value.len() > MAX_VALUE {
            notices.push(format!(
                "the context is without `{name}`: it is longer than {MAX_VALUE} bytes"
            ));
            value.clear();
        }
    }
    context
}
