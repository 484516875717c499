//! `/admin/v1/…` as the dispatcher sees it: [`AdminApi`](crate::admin::AdminApi) implements it.

use std::future::Future;

use edge_auth_token::{MaybeSend, MaybeSync, Timestamp};

use crate::gate::Outcome;
use crate::platform::Randomness;
use crate::reply::Reply;
use crate::request::InboundRequest;

/// Answers requests for administration, in two steps: a body is read only after its head was
/// admitted.
pub trait AdminEndpoint: MaybeSync {
    /// The largest body that is read, in bytes. A larger one is answered with 413.
    const MAX_BODY_BYTES: usize;

    /// The permission to carry out one request.
    type Operation: MaybeSend;

    /// Decides by a request's head alone whether the caller may make it.
    fn admit(
        &self,
        inbound: &InboundRequest<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Self::Operation, (Reply, Outcome)>> + MaybeSend;

    /// Returns the outcome of an admitted request that cannot be carried out, for the audit log.
    fn abandon(&self, operation: Self::Operation, error: &str) -> Outcome;

    /// Carries out an admitted request.
    fn perform(
        &self,
        operation: Self::Operation,
        inbound: &InboundRequest<'_>,
        body: &[u8],
        randomness: &dyn Randomness,
        now: Timestamp,
    ) -> impl Future<Output = (Reply, Outcome)> + MaybeSend;
}
