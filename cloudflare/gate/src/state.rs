//! The gate of this isolate, which its first request builds from the deployment.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use edge_auth::Gate;
use edge_auth_cloudflare::store::Stores;
use edge_auth_cloudflare::{
    Deployment, IssuerDocuments, NodeCrypto, RuntimeRandomness, WorkerPlatform, capabilities,
    takes_certificates,
};

use crate::reader::{self, Reader};
use crate::upstream;

/// The gate, and the facts about the deployment that answering needs.
pub(crate) struct GateState {
    pub(crate) gate: Rc<Gate<WorkerPlatform<Stores<Reader>>>>,
    /// Whether granted requests go on to an origin.
    pub(crate) has_upstream: bool,
    /// Whether a certificate may come from `request.cf`.
    pub(crate) takes_certificates: bool,
    /// Whether a rule asks for the client's country or autonomous system.
    pub(crate) needs_location: bool,
    /// Warnings for the operator, which the first answer takes along.
    notices: Cell<Vec<String>>,
}

impl GateState {
    /// Returns this isolate's state, and builds it first if need be. The error lists everything
    /// that is wrong with the deployment; it stays until the isolate ends.
    pub(crate) fn of(deployment: impl FnOnce() -> Deployment) -> Result<Rc<Self>, String> {
        thread_local! {
            static STATE: OnceCell<Result<Rc<GateState>, String>> = const { OnceCell::new() };
        }
        STATE.with(|state| state.get_or_init(|| Self::start(&deployment()).map(Rc::new)).clone())
    }

    fn start(deployment: &Deployment) -> Result<Self, String> {
        let policy = deployment.policy()?;
        let stores = Stores::new(Reader::bound(&deployment.env));
        let has_upstream = upstream::has_upstream(deployment)?;
        let offered = capabilities(stores.ledger().is_bound(), reader::HELP, has_upstream);
        let unreachable = policy.check_host(&offered)?;
        let takes_certificates = takes_certificates(&policy);
        let mut notices = policy.weaknesses();
        notices.extend(unreachable);
        let needs_location = policy.needs_client_location();
        let platform = WorkerPlatform { stores, documents: IssuerDocuments::default() };
        let (gate, more) =
            Gate::new(policy, deployment, Box::new(NodeCrypto), platform, &RuntimeRandomness)
                .map_err(|errors| errors.to_string())?;
        notices.extend(more);
        Ok(Self {
            gate: Rc::new(gate),
            has_upstream,
            takes_certificates,
            needs_location,
            notices: Cell::new(notices),
        })
    }

    /// Takes the warnings found at the start: the first caller gets them.
    pub(crate) fn take_notices(&self) -> Vec<String> {
        self.notices.take()
    }
}
