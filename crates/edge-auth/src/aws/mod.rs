//! The gate as a Lambda authorizer, for API Gateway and AppSync.
//!
//! [`Gate::authorize_method`](crate::Gate::authorize_method) and its siblings take what an event
//! says and answer what is to be returned. Nothing here knows the events themselves, or AWS's SDK.

mod arn;
mod authorizer;
mod document;
mod glob;
mod inexpressible;
mod resource_planner;
mod response;
mod rule_resources;
mod settings;

pub(crate) use resource_planner::ResourcePlanner;
pub(crate) use settings::AwsPolicy;

pub use authorizer::{ApiType, AuthorizerResult};
pub use document::PolicyDocument;
pub use inexpressible::InexpressibleRule;
pub use response::{
    AuthorizerError, AuthorizerResponse, GraphQlResponse, PolicyResponse, SimpleResponse,
};
pub use settings::HttpApiResponse;

use crate::policy::Policy;

impl Policy {
    /// Whether an authorizer's answer may be kept for the caller's next calls. `aws lint` holds the
    /// authorizer's TTL to the same: no answer that depends on a certificate or on where the client
    /// is, and none for longer than the feed's budget has room for.
    pub(crate) fn responses_may_be_cached(&self) -> bool {
        let none_budgeted =
            self.has_revocation_feed() && self.revocation_limits().gateway_cache.is_zero();
        self.client_certs.is_empty() && !none_budgeted && !self.asks_where_clients_are()
    }

    /// What authorizers of HTTP APIs answer.
    pub fn http_api_response(&self) -> HttpApiResponse {
        self.aws.http_api
    }
}
