//! What an authorizer answers, in the shapes of API Gateway and AppSync.

use std::collections::BTreeMap;

use serde::Serialize;

use super::document::PolicyDocument;

/// The largest answer that API Gateway takes, in bytes.
pub(super) const MAX_RESPONSE: usize = 8 * 1024;
/// The longest value of a context: longer ones would leave no room for the policy.
const MAX_VALUE: usize = 2 * 1024;

/// Who is asking, for mapping templates, parameter mappings and resolvers.
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

/// A principal, and what it may reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyResponse {
    pub(super) principal_id: String,
    pub(super) policy_document: PolicyDocument,
    pub(super) context: Context,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) usage_identifier_key: Option<String>,
}

/// Yes or no, for the one route that was asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SimpleResponse {
    pub(super) is_authorized: bool,
    pub(super) context: Context,
}

/// Yes or no, for the whole API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GraphQlResponse {
    pub(super) is_authorized: bool,
    pub(super) resolver_context: Context,
    /// Seconds. Nothing is kept: what AppSync keeps is for the token alone, wherever it comes from.
    pub(super) ttl_override: u32,
}

/// Not an answer but an error of the function: API Gateway keeps none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizerError {
    /// API Gateway makes a 401 of this very text.
    #[error("Unauthorized")]
    Unauthorized,
    /// A 500: whether the caller may pass is not known.
    #[error("The gate cannot decide at the moment.")]
    Unavailable,
}

impl PolicyResponse {
    /// Whether API Gateway takes it.
    pub(super) fn fits(&self) -> bool {
        serde_json::to_vec(self).is_ok_and(|json| json.len() <= MAX_RESPONSE)
    }
}

/// The values, without what is too long. The notice says what was left out.
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
