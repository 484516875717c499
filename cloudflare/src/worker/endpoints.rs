//! Passes a request to the gate's endpoints, and turns the outcome into an answer.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use edge_auth_control::ControlDispatcher;
use edge_auth::certificate::PlatformCertificate;
use edge_auth::endpoints::{
    BodyError, Client, Dispatched, Dispatcher, ForwardedHeaders, HostRuntime, RequestBody,
    Unrecorded,
};
use edge_auth::platform::Randomness;
use edge_auth::{AuditEvent, ClientLocation, DeferredTask, Reply};
use edge_auth_token::Timestamp;

use crate::head::{Caller, Head};
use crate::worker::certificate::ClientCertificate;
use crate::worker::event::Event;
use crate::worker::location;
use crate::worker::platform::RuntimeRandomness;
use crate::worker::response::WorkerResponse;
use crate::worker::state::WorkerState;

/// Answers a request with this head.
pub(crate) async fn answer(
    state: Rc<WorkerState>,
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
        Caller::Internet if state.needs_location => location::of(&event.request()),
        Caller::Internet | Caller::Bound => ClientLocation::default(),
    };
    let incoming = head.incoming(caller, location, certificate);
    // A bound Worker asks about its own requests. Its answers do not come from our origin.
    let gateway = state.has_upstream && caller == Caller::Internet;
    let runtime = WorkerRuntime {
        state: &state,
        event: &event,
        audit: Cell::new(None),
        notices: RefCell::new(state.take_notices()),
    };
    let dispatcher = Dispatcher::new(&state.gate, gateway);
    let dispatched = if dispatcher.is_for_control(&incoming) {
        let control = ControlDispatcher::new(&state.gate, &state.gate.platform().stores);
        Dispatched::Reply(control.dispatch(&incoming, &mut EventBody(&event), &runtime).await)
    } else {
        dispatcher.dispatch(&incoming, &mut EventBody(&event), &runtime).await
    };
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
    answer.audit = runtime.audit.into_inner();
    answer.notices = runtime.notices.into_inner();
    answer
}

/// The host of one request. JavaScript gets the audit event and the notices with the answer, and
/// writes them.
struct WorkerRuntime<'a> {
    state: &'a Rc<WorkerState>,
    event: &'a Event,
    audit: Cell<Option<AuditEvent>>,
    notices: RefCell<Vec<String>>,
}

impl HostRuntime for WorkerRuntime<'_> {
    fn now(&self) -> Timestamp {
        crate::worker::now()
    }

    fn randomness(&self) -> &dyn Randomness {
        &RuntimeRandomness
    }

    fn warn(&self, notice: String) {
        self.notices.borrow_mut().push(notice);
    }

    async fn defer(&self, task: DeferredTask) {
        let state = Rc::clone(self.state);
        self.event.after_the_answer(async move {
            for notice in state.gate.run_deferred(task, crate::worker::now()).await {
                worker::console_warn!("edge-auth: {notice}");
            }
        });
    }

    async fn record(&self, event: AuditEvent) -> Result<(), Unrecorded> {
        self.audit.set(Some(event));
        Ok(())
    }
}

/// The body of a request, which JavaScript reads.
struct EventBody<'a>(&'a Event);

impl RequestBody for EventBody<'_> {
    async fn read(&mut self, limit: usize) -> Result<Vec<u8>, BodyError> {
        self.0.body(limit).await
    }
}
