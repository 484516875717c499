//! The gateway: every request of a client is decided about, then forwarded or refused.

use edge_auth_token::Timestamp;

use super::{InboundRequest, cors};
use crate::client_location::ClientLocation;
use crate::denial::{Code, Denial};
use crate::gate::{Gate, Outcome};
use crate::platform::Platform;
use crate::reply::Reply;
use crate::request::AuthRequest;

impl<P: Platform> Gate<P> {
    /// Whether what the peer says about its own client may be passed on: it is a proxy that the
    /// policy names.
    pub fn trusts_proxy(&self, incoming: &InboundRequest<'_>) -> bool {
        self.trust.admits_proxy(incoming.peer, incoming.headers)
    }

    /// Returns where the client is, as the platform says. The platform sees its own peer: where
    /// that is a proxy which the policy names, it says nothing of the proxy's client.
    pub(crate) fn client_location(&self, incoming: &InboundRequest<'_>) -> ClientLocation {
        if self.trusts_proxy(incoming) { ClientLocation::default() } else { incoming.location }
    }

    /// Decides about a client's own request. With a reply, that is the answer; without one, the
    /// request goes upstream as the outcome's grant says.
    pub async fn gateway(
        &self,
        incoming: &InboundRequest<'_>,
        now: Timestamp,
    ) -> (Option<Reply>, Outcome) {
        let client = self.trust.client(incoming.peer, incoming.headers);
        let request = AuthRequest {
            path_rewritten: true,
            proxy_trusted: self.trusts_proxy(incoming),
            location: self.client_location(incoming),
            ..incoming.as_request(client)
        };
        if let Some((reply, outcome)) = self.preflight(&request, now) {
            return (Some(reply), outcome);
        }
        let outcome = match (request.host, request.authority) {
            (None, None) => {
                // RFC 9112, section 3.2: what has no host is not for us to guess about.
                let denial = Denial::new(Code::RequestMalformed, "there is no `Host` field");
                self.refuse_unread(&request, denial, now)
            }
            _ => self.authorize(&request, now).await,
        };
        let reply = self.refusal(&outcome).map(|mut reply| {
            // Without these a browser hides the refusal from the page that asked.
            reply.headers.extend(cors::response_fields(self.rule_of(&outcome), incoming.headers));
            reply
        });
        (reply, outcome)
    }
}
