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
mod settings;

pub(crate) use ground::Ground;
pub(crate) use settings::AwsPolicy;

pub use answer::{AuthorizerAnswer, GraphQlAnswer, PolicyAnswer, Raised, SimpleAnswer};
pub use authorizer::{Answered, Api};
pub use document::PolicyDocument;
pub use ground::Unsaid;
pub use settings::HttpApiResponse;

use crate::policy::Policy;

impl Policy {
    /// The rules that IAM's resources cannot say for every caller. An authorizer's answer about them
    /// is good for one call, so nothing of it may be kept.
    pub fn unsaid_by_iam(&self) -> Vec<Unsaid> {
        Ground::new(self.router.routes()).unsaid(self)
    }

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
