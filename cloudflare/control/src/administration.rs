//! Passes a request to the control plane's dispatcher.

use std::rc::Rc;

use edge_auth::certificate::PlatformCertificate;
use edge_auth::{ClientLocation, Reply};
use edge_auth_cloudflare::{
    Caller, ClientCertificate, Event, EventBody, Head, WorkerRuntime, client_location,
};
use edge_auth_control::ControlDispatcher;

use crate::response::ControlResponse;
use crate::state::ControlState;

/// Answers a request with this head.
pub(crate) async fn answer(state: Rc<ControlState>, event: Event, head: String) -> ControlResponse {
    let Some(head) = Head::parse(&head) else {
        return ControlResponse::of(Reply::host_error(400, "The request cannot be read."));
    };
    let client_certificate;
    let mut certificate = PlatformCertificate::Nothing;
    if state.takes_certificates {
        client_certificate = ClientCertificate::of(&event.request());
        certificate = client_certificate.handover();
    }
    let location = if state.needs_location {
        client_location(&event.request())
    } else {
        ClientLocation::default()
    };
    let incoming = head.incoming(Caller::Internet, location, certificate);
    let runtime = WorkerRuntime::new(&state.gate, &event, state.take_notices());
    let dispatcher = ControlDispatcher::new(&state.gate, &state.store);
    let reply = dispatcher.dispatch(&incoming, &mut EventBody(&event), &runtime).await;
    let mut response = ControlResponse::of(reply);
    (response.audit, response.notices) = runtime.into_parts();
    response
}
