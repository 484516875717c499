//! The control plane's dispatcher: a host that has this plane gives it every request for
//! administration.

use edge_auth::endpoints::{
    HostRuntime, InboundRequest, RequestBody, asks_for_administration, asks_for_health, in_time,
    settled,
};
use edge_auth::platform::Platform;
use edge_auth::{Gate, Reply};

use crate::api::AdminApi;
use crate::store::ControlStore;

/// The largest body that is read, in bytes. A larger one is answered with 413.
const MAX_BODY_BYTES: usize = 64 * 1024;

const NOT_FOUND: &str = "The endpoints of a control plane are /admin/v1 and /healthz.";

/// Answers `/admin/v1/…` and `/healthz`, and settles each outcome.
///
/// A gate admits the administrators, and tells what is written to the instance that wrote it at
/// once.
pub struct ControlDispatcher<'g, P: Platform, S> {
    gate: &'g Gate<P>,
    api: AdminApi<'g, P, S>,
}

impl<'g, P: Platform, S: ControlStore> ControlDispatcher<'g, P, S> {
    /// Makes a dispatcher. The gate reads what is written to `store`.
    pub fn new(gate: &'g Gate<P>, store: &'g S) -> Self {
        Self { gate, api: AdminApi::new(gate, store) }
    }

    /// Answers one request. Reads a body only after its head was admitted.
    pub async fn dispatch(
        &self,
        inbound: &InboundRequest<'_>,
        body: &mut impl RequestBody,
        host: &impl HostRuntime,
    ) -> Reply {
        if asks_for_health(inbound.target) {
            return Reply::health(inbound.method);
        }
        if !asks_for_administration(inbound.target) {
            return Reply::host_error(404, NOT_FOUND);
        }
        // Only the admission has a deadline: an operation that is under way when time runs out may
        // still be written.
        let admission = Box::pin(self.api.admit(inbound, host.now()));
        let operation = match in_time(self.gate, inbound, host, admission).await.flatten() {
            Ok(operation) => operation,
            Err(refused) => return settled(host, refused).await,
        };
        let body = match body.read(MAX_BODY_BYTES).await {
            Ok(body) => body,
            Err(error) => {
                let outcome = self.api.abandon(operation, "body_unreadable");
                return settled(host, (error.reply(), outcome)).await;
            }
        };
        let (randomness, now) = (host.randomness(), host.now());
        let done = self.api.perform(operation, inbound, &body, randomness, now).await;
        settled(host, done).await
    }
}
