//! One dispatcher for every host: it chooses the endpoint, reads bodies up to a limit, and settles
//! each outcome.
//!
//! A host turns what it received into an [`InboundRequest`] and a [`RequestBody`], and carries out
//! the [`Dispatched`] that comes back.

use std::future::Future;

use edge_auth_token::MaybeSend;

use super::endpoint::{AUTHORIZE, Endpoint, EndpointConfig};
use super::forward_auth::ForwardAuth;
use super::gateway::GatewayEndpoint;
use super::refusal::refuse;
use super::settle::{HostRuntime, Unrecorded, in_time, settle, settled, undecided};
use super::verify::{MAX_VERIFY_BYTES, VerifyEndpoint};
use crate::denial::{Code, Denial};
use crate::gate::{Decision, Gate, Grant};
use crate::platform::Platform;
use crate::reply::Reply;
use crate::request::InboundRequest;

const NOT_FOUND: &str = "The endpoints here are /authorize, /v1/verify and /healthz; a gateway, \
     which has an upstream, proxies every path.";
const NO_ADMINISTRATION: &str = "This host is a gate, which only decides. Send requests for \
     administration to the control plane.";

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

/// The host's next step with a request.
#[derive(Debug)]
#[must_use]
pub enum Dispatched {
    /// It sends this reply.
    Reply(Reply),
    /// It sends the request to the upstream, as the grant says.
    Forward(Box<Grant>),
}

/// Chooses the endpoint for each request, and settles what the endpoint decided.
pub struct Dispatcher<'g, P: Platform> {
    gate: &'g Gate<P>,
    has_upstream: bool,
}

impl<'g, P: Platform> Dispatcher<'g, P> {
    /// Makes a dispatcher. `has_upstream` says whether granted requests go to an upstream.
    pub fn new(gate: &'g Gate<P>, has_upstream: bool) -> Self {
        Self { gate, has_upstream }
    }

    /// Returns whether a request is for the control plane: a host that has both planes gives it to
    /// the control plane's dispatcher, and not to this one.
    pub fn is_for_control(&self, inbound: &InboundRequest<'_>) -> bool {
        Endpoint::of(inbound.target, self.config()) == Some(Endpoint::Admin)
    }

    fn config(&self) -> EndpointConfig {
        EndpointConfig { gateway: self.has_upstream, administers: self.gate.policy().administers() }
    }

    /// Answers one request, whichever endpoint it is for.
    pub async fn dispatch(
        &self,
        inbound: &InboundRequest<'_>,
        body: &mut impl RequestBody,
        host: &impl HostRuntime,
    ) -> Dispatched {
        let reply = match Endpoint::of(inbound.target, self.config()) {
            None => Reply::host_error(404, NOT_FOUND),
            Some(Endpoint::Health) => Reply::health(inbound.method),
            Some(Endpoint::Gateway) => return self.dispatch_gateway(inbound, host).await,
            Some(Endpoint::ForwardAuth) => self.dispatch_forward_auth(inbound, host).await,
            Some(Endpoint::Verify) => self.dispatch_verify(inbound, body, host).await,
            Some(Endpoint::Admin) => Reply::host_error(404, NO_ADMINISTRATION),
        };
        Dispatched::Reply(reply)
    }

    /// Refuses a request that the host cannot hand over as it was sent.
    pub async fn refuse(
        &self,
        inbound: &InboundRequest<'_>,
        denial: Denial,
        host: &impl HostRuntime,
    ) -> Dispatched {
        let refused = refuse(self.gate, inbound, denial, host.now());
        Dispatched::Reply(settled(host, refused).await)
    }

    async fn dispatch_gateway(
        &self,
        inbound: &InboundRequest<'_>,
        host: &impl HostRuntime,
    ) -> Dispatched {
        let endpoint = GatewayEndpoint::new(self.gate);
        let decision = Box::pin(endpoint.decide(inbound, host.now()));
        let (reply, outcome) = match in_time(self.gate, inbound, host, decision).await {
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

    /// Says in the proxy's manner, too, that the host cannot decide.
    async fn dispatch_forward_auth(
        &self,
        inbound: &InboundRequest<'_>,
        host: &impl HostRuntime,
    ) -> Reply {
        let endpoint = ForwardAuth::new(self.gate);
        let decision = Box::pin(endpoint.answer(inbound, AUTHORIZE, host.now()));
        let (reply, outcome) = match host.in_time(decision).await {
            Ok(answered) => answered,
            Err(late) => {
                let denial = Denial::new(Code::StoreUnavailable, late);
                endpoint.refuse(inbound, denial, host.now())
            }
        };
        match settle(host, outcome).await {
            Ok(_) => reply,
            Err(Unrecorded) => endpoint.undecided(),
        }
    }

    /// Reads no body of an untrusted caller: the host would hold it in memory.
    async fn dispatch_verify(
        &self,
        inbound: &InboundRequest<'_>,
        body: &mut impl RequestBody,
        host: &impl HostRuntime,
    ) -> Reply {
        if inbound.method != "POST" {
            return Reply::method_not_allowed("POST");
        }
        let endpoint = VerifyEndpoint::new(self.gate);
        if let Some(refused) = endpoint.refuse_untrusted(inbound, host.now()) {
            return settled(host, refused).await;
        }
        let body = match body.read(MAX_VERIFY_BYTES).await {
            Ok(body) => body,
            Err(error) => return error.reply(),
        };
        let decision = Box::pin(endpoint.answer(inbound, &body, host.now()));
        match in_time(self.gate, inbound, host, decision).await {
            Ok(answered) | Err(answered) => settled(host, answered).await,
        }
    }
}

impl BodyError {
    /// Returns the answer to a request whose body was not read.
    pub fn reply(self) -> Reply {
        match self {
            Self::TooLarge => Reply::host_error(413, "The body is too large."),
            Self::TooSlow => Reply::host_error(408, "The body came too slowly."),
            Self::Unreadable => Reply::host_error(400, "The body cannot be read."),
        }
    }
}
