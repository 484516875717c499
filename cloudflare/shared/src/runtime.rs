//! The host of one request.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use edge_auth::endpoints::{HostRuntime, Unrecorded};
use edge_auth::platform::{Platform, Randomness};
use edge_auth::{AuditEvent, DeferredTask, Gate};
use edge_auth_token::Timestamp;

use crate::event::Event;
use crate::platform::{RuntimeRandomness, now};

/// The host of one request. JavaScript gets the audit event and the notices with the answer, and
/// writes them.
pub struct WorkerRuntime<'a, P: Platform> {
    gate: &'a Rc<Gate<P>>,
    event: &'a Event,
    audit: Cell<Option<AuditEvent>>,
    notices: RefCell<Vec<String>>,
}

impl<'a, P: Platform> WorkerRuntime<'a, P> {
    /// Makes the host of a request, with warnings for the operator that are due.
    pub fn new(gate: &'a Rc<Gate<P>>, event: &'a Event, notices: Vec<String>) -> Self {
        Self { gate, event, audit: Cell::new(None), notices: RefCell::new(notices) }
    }

    /// Returns the audit event, if there is one, and the warnings for the operator.
    pub fn into_parts(self) -> (Option<AuditEvent>, Vec<String>) {
        (self.audit.into_inner(), self.notices.into_inner())
    }
}

impl<P: Platform + 'static> HostRuntime for WorkerRuntime<'_, P> {
    fn now(&self) -> Timestamp {
        now()
    }

    fn randomness(&self) -> &dyn Randomness {
        &RuntimeRandomness
    }

    fn warn(&self, notice: String) {
        self.notices.borrow_mut().push(notice);
    }

    async fn defer(&self, task: DeferredTask) {
        let gate = Rc::clone(self.gate);
        self.event.after_the_answer(async move {
            for notice in gate.run_deferred(task, now()).await {
                worker::console_warn!("edge-auth: {notice}");
            }
        });
    }

    async fn record(&self, event: AuditEvent) -> Result<(), Unrecorded> {
        self.audit.set(Some(event));
        Ok(())
    }
}
