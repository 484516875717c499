//! The gateway: decides about every request of a client, which is then forwarded or refused.

use edge_auth_token::Timestamp;

use super::preflight::preflight;
use super::refusal::refusal;
use crate::cors::response_fields;
use crate::denial::{Code, Denial};
use crate::gate::{Gate, Outcome};
use crate::platform::Platform;
use crate::reply::Reply;
use crate::request::{AuthRequest, InboundRequest};

/// The endpoint in front of an upstream.
pub struct GatewayEndpoint<'g, P: Platform>(&'g Gate<P>);

impl<'g, P: Platform> GatewayEndpoint<'g, P> {
    /// Makes the endpoint of a gate.
    pub fn new(gate: &'g Gate<P>) -> Self {
        Self(gate)
    }

    /// Decides about a client's own request. A reply is the answer to it; without one, the request
    /// goes upstream as the outcome's grant says.
    pub async fn decide(
        &self,
        inbound: &InboundRequest<'_>,
        now: Timestamp,
    ) -> (Option<Reply>, Outcome) {
        let gate = self.0;
        let client = gate.trusted_proxies().client(inbound.peer, inbound.headers);
        let request = AuthRequest {
            path_rewritten: true,
            proxy_trusted: gate.trusts_proxy(inbound),
            location: gate.client_location(inbound),
            ..inbound.as_request(client)
        };
        if let Some((reply, outcome)) = preflight(gate, &request, now) {
            return (Some(reply), outcome);
        }
        let outcome = match (request.host, request.authority) {
            (None, None) => {
                // RFC 9112, section 3.2: the host is not ours to guess.
                let denial = Denial::new(Code::RequestMalformed, "there is no `Host` field");
                gate.refuse(&request, denial, now)
            }
            _ => gate.authorize(&request, now).await,
        };
        let mut reply = refusal(gate, &outcome);
        if let Some(reply) = &mut reply
            && let Some(rule) = gate.rule_of(&outcome)
        {
            // Without these a browser hides the refusal from the page that asked.
            reply.headers.extend(response_fields(rule, inbound.headers));
        }
        (reply, outcome)
    }
}
