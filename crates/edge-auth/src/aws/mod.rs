//! The gate as a Lambda authorizer, for API Gateway and AppSync.
//!
//! [`Gate::authorize_method`](crate::Gate::authorize_method) and its siblings take what an event says
//! and answer what is to be returned. Nothing here knows the events themselves, or AWS's SDK.

mod answer;
mod arn;
mod authorizer;
mod document;
mod glob;
mod ground;
mod place;
mod settings;
mod unsaid;

pub(crate) use ground::Ground;
pub(crate) use settings::AwsPolicy;

pub use answer::{AuthorizerAnswer, GraphQlAnswer, PolicyAnswer, Raised, SimpleAnswer};
pub use authorizer::{Answered, Api};
pub use document::PolicyDocument;
pub use settings::HttpApiResponse;
pub use unsaid::Unsaid;

use crate::policy::Policy;

impl Policy {
    /// Whether an authorizer's answer may be kept for the caller's next calls. `aws lint` holds the
    /// authorizer's TTL to the same: no answer that depends on a certificate, and none for longer than
    /// the feed's budget has room for.
    pub(crate) fn answers_may_be_kept(&self) -> bool {
        let none_budgeted = self.has_revocation_feed() && self.revocation_limits().gateway_cache.is_zero();
        self.client_certs.is_empty() && !none_budgeted
    }

    /// What authorizers of HTTP APIs answer.
    pub fn http_api_response(&self) -> HttpApiResponse {
        self.aws.http_api
    }
}
