//! The gate as a Lambda authorizer, for API Gateway and AppSync.
//!
//! [`ApiGatewayAuthorizer`] takes what an event says, and returns what the function answers.
//! Nothing here knows the events themselves, or AWS's SDK.

mod api_type;
mod arn;
mod authorizer;
mod call;
mod document;
mod glob;
mod inexpressible;
mod path_overlap;
mod plan;
mod resource_lists;
mod resource_planner;
mod response;
mod rule_resources;

pub use api_type::ApiType;
pub use authorizer::{ApiGatewayAuthorizer, AuthorizerResult};
pub use document::PolicyDocument;
pub use edge_auth::policy::HttpApiResponse;
pub use inexpressible::{InexpressibleRule, denies_encoded_paths, iam_inexpressible};
pub use response::{
    AuthorizerError, AuthorizerResponse, GraphQlResponse, PolicyResponse, SimpleResponse,
};
