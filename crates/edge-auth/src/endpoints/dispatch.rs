//! One dispatch for every host: which endpoint answers, which bodies are read and how far, and what
//! is settled with each answer.
//!
//! A host turns what it received into an [`InboundRequest`] and a [`RequestBody`], and carries out
//! the
//! [`Dispatched`] that comes back.

use std::future::Future;

use edge_auth_token::MaybeSend;

use super::InboundRequest;
use super::endpoint::{AUTHORIZE, Endpoint, EndpointConfig};
use super::settle::{HostRuntime, Unrecorded, settle};
use super::verify::MAX_VERIFY_BYTES;
use crate::admin::MAX_ADMIN_BYTES;
use crate::denial::{Code, Denial};
use crate::gate::{Decision, Gate, Grant, Outcome};
use crate::platform::{ApiKeyAdmin, Platform, RevocationLog};
use crate::reply::Reply;

const NOT_FOUND: &str = "Here are /authorize, /v1/verify, /admin/v1 and /healthz; \
     a gateway, which has an upstream, proxies every path.";

/// The body of a request, which most requests are decided without.
pub trait RequestBody: MaybeSend {
    /// Reads the whole body.
    ///
    /// # Errors
    /// It has more than `limit` bytes, takes too long, or cannot be read.
    fn read(
        &mut self,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<u8>, BodyError>> + MaybeSend;
}

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    /// It has more bytes than the endpoint reads: 413 (RFC 9110, section 15.5.14).
    TooLarge,
    /// The client took too long to send it: 408 (RFC 9110, section 15.5.9).
    TooSlow,
    /// It is not what its framing or encoding promises: 400.
    Unreadable,
}

/// What a host does with a request.
#[derive(Debug)]
#[must_use]
pub enum Dispatched {
    /// It sends this reply.
    Reply(Reply),
    /// It sends the request to the upstream, as the grant says.
    Forward(Box<Grant>),
}

impl<P: Platform<ApiKeys: ApiKeyAdmin, Revocations: RevocationLog>> Gate<P> {
    /// Answers one request, of whatever endpoint it is for. `gateway` says whether granted requests
    /// go to an upstream.
    pub async fn dispatch(
        &self,
        incoming: &InboundRequest<'_>,
        gateway: bool,
        body: &mut impl RequestBody,
        host: &impl HostRuntime,
    ) -> Dispatched {
        let mode = EndpointConfig { gateway, administers: self.policy.administers() };
        let reply = match Endpoint::of(incoming.target, mode) {
            None => Reply::host_error(404, NOT_FOUND),
            Some(Endpoint::Health) => Reply::health(incoming.method),
            Some(Endpoint::Gateway) => return self.dispatch_gateway(incoming, host).await,
            Some(Endpoint::ForwardAuth) => {
                let decision = Box::pin(self.forward_auth(incoming, AUTHORIZE, host.now()));
                match self.in_time(incoming, host, decision).await {
                    Ok(answered) | Err(answered) => settled(host, answered).await,
                }
            }
            Some(Endpoint::Verify) => self.dispatch_verify(incoming, body, host).await,
            Some(Endpoint::Admin) => Box::pin(self.dispatch_admin(incoming, body, host)).await,
        };
        Dispatched::Reply(reply)
    }

    /// Refuses a request that the host cannot hand over as it was sent.
    pub async fn refuse_dispatch(
        &self,
        incoming: &InboundRequest<'_>,
        denial: Denial,
        host: &impl HostRuntime,
    ) -> Dispatched {
        let refused = self.refuse(incoming, denial, host.now());
        Dispatched::Reply(settled(host, refused).await)
    }

    async fn dispatch_gateway(
        &self,
        incoming: &InboundRequest<'_>,
        host: &impl HostRuntime,
    ) -> Dispatched {
        let decision = Box::pin(self.gateway(incoming, host.now()));
        let (reply, outcome) = match self.in_time(incoming, host, decision).await {
            Ok(decided) => decided,
            Err((late, outcome)) => (Some(late), outcome),
        };
        match (settle(host, outcome).await, reply) {
            (Err(Unrecorded), _) => Dispatched::Reply(undecided()),
            (Ok(_), Some(reply)) => Dispatched::Reply(reply),
            (Ok(Decision::Allow(grant)), None) => Dispatched::Forward(grant),
            (Ok(Decision::Deny(denial)), None) => Dispatched::Reply(Reply::denied(&denial)),
        }
    }

    /// Of strangers no body is read: it would be held in memory.
    async fn dispatch_verify(
        &self,
        incoming: &InboundRequest<'_>,
        body: &mut impl RequestBody,
        host: &impl HostRuntime,
    ) -> Reply {
        if incoming.method != "POST" {
            return Reply::method_not_allowed("POST");
        }
        if let Some(refused) = self.refuse_verify(incoming, host.now()) {
            return settled(host, refused).await;
        }
        match body.read(MAX_VERIFY_BYTES).await {
            Err(error) => error.reply(),
            Ok(body) => {
                let decision = Box::pin(self.verify_json(incoming, &body, host.now()));
                match self.in_time(incoming, host, decision).await {
                    Ok(answered) | Err(answered) => settled(host, answered).await,
                }
            }
        }
    }

    /// What is under way when time runs out may be written all the same, so only the admission has
    /// a deadline.
    async fn dispatch_admin(
        &self,
        incoming: &InboundRequest<'_>,
        body: &mut impl RequestBody,
        host: &impl HostRuntime,
    ) -> Reply {
        let admission = Box::pin(self.admit_admin(incoming, host.now()));
        let admission = match self.in_time(incoming, host, admission).await.flatten() {
            Ok(admission) => admission,
            Err(refused) => return settled(host, refused).await,
        };
        match body.read(MAX_ADMIN_BYTES).await {
            Err(error) => {
                settled(host, (error.reply(), admission.abandon("body_unreadable"))).await
            }
            Ok(body) => {
                let done = self
                    .administer(admission, incoming, &body, host.randomness(), host.now())
                    .await;
                settled(host, done).await
            }
        }
    }

    /// The decision, or the refusal of one that takes too long. Decisions come in boxes: their
    /// futures are large, and are moved through several others.
    async fn in_time<T: MaybeSend>(
        &self,
        incoming: &InboundRequest<'_>,
        host: &impl HostRuntime,
        decision: impl Future<Output = T> + MaybeSend,
    ) -> Result<T, (Reply, Outcome)> {
        match host.in_time(decision).await {
            Ok(decided) => Ok(decided),
            Err(late) => {
                let denial = Denial::new(Code::StoreUnavailable, late);
                Err(self.refuse(incoming, denial, host.now()))
            }
        }
    }
}

/// The reply, once its decision is on record.
async fn settled(host: &impl HostRuntime, (reply, outcome): (Reply, Outcome)) -> Reply {
    match settle(host, outcome).await {
        Ok(_) => reply,
        Err(Unrecorded) => undecided(),
    }
}

fn undecided() -> Reply {
    Reply::host_error(503, "The gate cannot decide at the moment.")
}

impl BodyError {
    fn reply(self) -> Reply {
        match self {
            Self::TooLarge => Reply::host_error(413, "The body is too large."),
            Self::TooSlow => Reply::host_error(408, "The body came too slowly."),
            Self::Unreadable => Reply::host_error(400, "The body cannot be read."),
        }
    }
}
