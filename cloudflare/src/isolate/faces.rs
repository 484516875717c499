//! From a request to an endpoint of the gate, and back.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use edge_auth::certificate::PlatformCertificate;
use edge_auth::endpoints::{
    BodyError, Client, Dispatched, ForwardedHeaders, HostRuntime, RequestBody, Unrecorded,
};
use edge_auth::platform::Randomness;
use edge_auth::{AuditEvent, DeferredTask, Reply};
use edge_auth_token::Timestamp;

use crate::head::{Caller, Head};
use crate::isolate::answer::Answer;
use crate::isolate::certificate::ClientCertificate;
use crate::isolate::event::Event;
use crate::isolate::platform::RuntimeRandomness;
use crate::isolate::serving::Serving;

/// Answers a request with this head.
pub(crate) async fn answer(serving: Rc<Serving>, event: Event, caller: Caller, head: String) -> Answer {
    let Some(head) = Head::parse(&head) else {
        return Answer::reply(Reply::host_error(400, "The request cannot be read."));
    };
    let certificate = (serving.takes_certificates && caller == Caller::Internet)
        .then(|| ClientCertificate::of(&event.request()));
    let handover = certificate.as_ref().map_or(PlatformCertificate::Nothing, ClientCertificate::handover);
    let incoming = head.incoming(caller, handover);
    // A Worker that is bound asks about its own requests: it has no origin here.
    let gateway = serving.has_upstream && caller == Caller::Internet;
    let runtime = WorkerRuntime {
        serving: &serving,
        event: &event,
        audit: Cell::new(None),
        notices: RefCell::new(serving.take_notices()),
    };
    let dispatched = serving.gate.dispatch(&incoming, gateway, &mut EventBody(&event), &runtime).await;
    let mut answer = match dispatched {
        Dispatched::Reply(reply) => Answer::reply(reply),
        Dispatched::Forward(grant) => {
            let client = Client {
                peer: incoming.peer,
                secure: head.is_secure(),
                host: incoming.host,
                trusted_proxy: serving.gate.trusts_proxy(&incoming),
            };
            Answer::forward(*grant, ForwardedHeaders::of(incoming.headers, client))
        }
    };
    answer.audit = runtime.audit.into_inner();
    answer.notices = runtime.notices.into_inner();
    answer
}

/// What the isolate does for one request. The audit event and the notices go to JavaScript with the
/// answer, which writes them.
struct WorkerRuntime<'a> {
    serving: &'a Rc<Serving>,
    event: &'a Event,
    audit: Cell<Option<AuditEvent>>,
    notices: RefCell<Vec<String>>,
}

impl HostRuntime for WorkerRuntime<'_> {
    fn now(&self) -> Timestamp {
        crate::isolate::now()
    }

    fn randomness(&self) -> &dyn Randomness {
        &RuntimeRandomness
    }

    fn warn(&self, notice: String) {
        self.notices.borrow_mut().push(notice);
    }

    async fn defer(&self, task: DeferredTask) {
        let serving = Rc::clone(self.serving);
        self.event.after_the_answer(async move {
            for notice in serving.gate.run_deferred(task, crate::isolate::now()).await {
                worker::console_warn!("edge-auth: {notice}");
            }
        });
    }

    async fn record(&self, event: AuditEvent) -> Result<(), Unrecorded> {
        self.audit.set(Some(event));
        Ok(())
    }
}

/// The body of a request, which JavaScript has.
struct EventBody<'a>(&'a Event);

impl RequestBody for EventBody<'_> {
    async fn read(&mut self, limit: usize) -> Result<Vec<u8>, BodyError> {
        self.0.body(limit).await
    }
}
