//! The control plane of this isolate, which its first request builds from the deployment.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;
use std::time::Duration;

use edge_auth::Gate;
use edge_auth_cloudflare::store::Stores;
use edge_auth_cloudflare::{
    Deployment, IssuerDocuments, NodeCrypto, RuntimeRandomness, WorkerPlatform, capabilities,
    takes_certificates,
};

use crate::store::{self, LedgerObject, LedgerStore};

/// The gate that admits administrators, and the store that they change.
pub(crate) struct ControlState {
    pub(crate) gate: Rc<Gate<WorkerPlatform<Stores<LedgerObject>>>>,
    pub(crate) store: LedgerStore,
    /// Whether a certificate may come from `request.cf`.
    pub(crate) takes_certificates: bool,
    /// Whether a rule asks for the client's country or autonomous system.
    pub(crate) needs_location: bool,
    /// Whether the policy has a feed.
    pub(crate) has_feed: bool,
    /// The interval at which gates read it.
    pub(crate) feed_interval: Duration,
    /// Warnings for the operator, which the first answer takes along.
    notices: Cell<Vec<String>>,
}

impl ControlState {
    /// Returns this isolate's state, and builds it first if need be. The error lists everything
    /// that is wrong with the deployment; it stays until the isolate ends.
    pub(crate) fn of(deployment: impl FnOnce() -> Deployment) -> Result<Rc<Self>, String> {
        thread_local! {
            static STATE: OnceCell<Result<Rc<ControlState>, String>> = const { OnceCell::new() };
        }
        STATE.with(|state| state.get_or_init(|| Self::start(&deployment()).map(Rc::new)).clone())
    }

    fn start(deployment: &Deployment) -> Result<Self, String> {
        let policy = deployment.policy()?;
        let object = LedgerObject::bound(&deployment.env);
        let is_bound = object.is_bound();
        let store = LedgerStore::new(object, &deployment.env);
        policy.check_host(&capabilities(is_bound, store::HELP, false))?;
        let takes_certificates = takes_certificates(&policy);
        let needs_location = policy.needs_client_location();
        let has_feed = policy.has_revocation_feed();
        let feed_interval = policy.revocation_limits().interval;
        let platform =
            WorkerPlatform { stores: store.reads(), documents: IssuerDocuments::default() };
        // The policy's weaknesses are the gate's to report.
        let (gate, notices) =
            Gate::new(policy, deployment, Box::new(NodeCrypto), platform, &RuntimeRandomness)
                .map_err(|errors| errors.to_string())?;
        let notices = Cell::new(notices);
        Ok(Self {
            gate: Rc::new(gate),
            store,
            takes_certificates,
            needs_location,
            has_feed,
            feed_interval,
            notices,
        })
    }

    /// Takes the warnings found at the start: the first caller gets them.
    pub(crate) fn take_notices(&self) -> Vec<String> {
        self.notices.take()
    }
}
