//! Passes a request to the gate's endpoints, and turns the outcome into an answer.

use std::rc::Rc;

use edge_auth::certificate::PlatformCertificate;
use edge_auth::endpoints::{Client, Dispatched, Dispatcher, ForwardedHeaders};
use edge_auth::{ClientLocation, Reply};
use edge_auth_cloudflare::{
    Caller, ClientCertificate, Event, EventBody, Head, WorkerRuntime, client_location,
};

use crate::response::WorkerResponse;
use crate::state::GateState;

/// Answers a request with this head.
pub(crate) async fn answer(
    state: Rc<GateState>,
    event: Event,
    caller: Caller,
    head: String,
) -> WorkerResponse {
    let Some(head) = Head::parse(&head) else {
        return WorkerResponse::reply(Reply::host_error(400, "The request cannot be read."));
    };
    let client_certificate;
    let mut certificate = PlatformCertificate::Nothing;
    if state.takes_certificates && caller == Caller::Internet {
        client_certificate = ClientCertificate::of(&event.request());
        certificate = client_certificate.handover();
    }
    // A bound Worker asks about its own client: its `request.cf` does not describe that client.
    let location = match caller {
        Caller::Internet if state.needs_location => client_location(&event.request()),
        Caller::Internet | Caller::Bound => ClientLocation::default(),
    };
    let incoming = head.incoming(caller, location, certificate);
    // A bound Worker asks about its own requests. Its answers do not come from our origin.
    let gateway = state.has_upstream && caller == Caller::Internet;
    let runtime = WorkerRuntime::new(&state.gate, &event, state.take_notices());
    let dispatcher = Dispatcher::new(&state.gate, gateway);
    let dispatched = dispatcher.dispatch(&incoming, &mut EventBody(&event), &runtime).await;
    let mut answer = match dispatched {
        Dispatched::Reply(reply) => WorkerResponse::reply(reply),
        Dispatched::Forward(grant) => {
            let client = Client {
                peer: incoming.peer,
                secure: head.is_secure(),
                host: incoming.host,
                trusted_proxy: state.gate.trusts_proxy(&incoming),
            };
            WorkerResponse::forward(*grant, ForwardedHeaders::of(incoming.headers, client))
        }
    };
    (answer.audit, answer.notices) = runtime.into_parts();
    answer
}
