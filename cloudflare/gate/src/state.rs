//! The gate of this isolate, which its first request builds from the deployment.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use edge_auth::Gate;
use edge_auth::certificate::CertificateSource;
use edge_auth::policy::HostCapabilities;
use edge_auth_cloudflare::store::Stores;
use edge_auth_cloudflare::{
    Deployment, IssuerDocuments, NodeCrypto, RuntimeRandomness, WorkerPlatform,
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
        let capabilities = HostCapabilities {
            store: stores.ledger().is_bound(),
            key_copies: false,
            store_help: reader::HELP,
            fetch_files: false,
            gateway: has_upstream,
            // The runtime resolves dot segments.
            raw_path: false,
            own_certificate_sources: &[CertificateSource::Cloudflare],
            knows_location: true,
            listener_asks_for_certificates: false,
        };
        let unreachable = policy.check_host(&capabilities)?;
        let takes_certificates = policy
            .client_cert_blocks()
            .any(|(_, source, _)| source == CertificateSource::Cloudflare);
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
