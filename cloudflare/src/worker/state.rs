//! The gate of this isolate: built by its first request, from what was deployed.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use edge_auth::Gate;
use edge_auth::certificate::CertificateSource;
use edge_auth::policy::HostCapabilities;

use crate::worker::crypto::NodeCrypto;
use crate::worker::deployment::Deployment;
use crate::worker::key_source::IssuerDocuments;
use crate::worker::platform::{RuntimeRandomness, WorkerPlatform};
use crate::worker::store::Stores;

/// What answers.
pub(crate) struct WorkerState {
    pub(crate) gate: Gate<WorkerPlatform>,
    /// Whether granted requests go to an origin.
    pub(crate) has_upstream: bool,
    /// Whether a certificate may come from `request.cf`.
    pub(crate) takes_certificates: bool,
    /// Whether a rule asks for the client's country or autonomous system.
    pub(crate) needs_location: bool,
    /// What the operator is told with the first answer.
    notices: Cell<Vec<String>>,
}

thread_local! {
    static STATE: OnceCell<Result<Rc<WorkerState>, String>> = const { OnceCell::new() };
}

impl WorkerState {
    /// The one of this isolate. An error is everything that stands in its way.
    pub(crate) fn of(deployment: impl FnOnce() -> Deployment) -> Result<Rc<Self>, String> {
        STATE.with(|state| state.get_or_init(|| Self::start(&deployment()).map(Rc::new)).clone())
    }

    fn start(deployment: &Deployment) -> Result<Self, String> {
        let policy = deployment.policy()?;
        let stores = Stores::bound(&deployment.env);
        // The feed says which records have changed, and a copy may not know it yet.
        let stores = if policy.has_revocation_feed() { stores.without_cache() } else { stores };
        let has_upstream = deployment.has_upstream()?;
        let capabilities = HostCapabilities {
            store: stores.has_durable_object(),
            key_copies: stores.has_cache(),
            store_help: "bind the Durable Object LEDGER",
            fetch_files: false,
            gateway: has_upstream,
            // The runtime resolves dot segments.
            raw_path: false,
            own_certificate_sources: &[CertificateSource::Cloudflare],
            knows_location: true,
            listener_asks_for_certificates: false,
        };
        let unreachable = policy.check_host(&capabilities)?;
        let sources: Vec<_> = policy.client_cert_blocks().map(|(_, source, _)| source).collect();
        let mut notices = policy.weaknesses();
        notices.extend(unreachable);
        if policy.api_key_blocks().next().is_some() && stores.has_cache() {
            notices.push(
                "API keys are read from KV, which promises no time by which a change is seen: a revoked key \
                 may be honoured for a minute or more. Leave out the binding KEYS to read the ledger itself"
                    .to_owned(),
            );
        }
        let needs_location = policy.needs_client_location();
        let platform = WorkerPlatform { stores, documents: IssuerDocuments::default() };
        let (gate, more) =
            Gate::new(policy, deployment, Box::new(NodeCrypto), platform, &RuntimeRandomness)
                .map_err(|errors| errors.to_string())?;
        notices.extend(more);
        let takes_certificates = sources.contains(&CertificateSource::Cloudflare);
        Ok(Self { gate, has_upstream, takes_certificates, needs_location, notices: Cell::new(notices) })
    }

    /// What was found at the start; once.
    pub(crate) fn take_notices(&self) -> Vec<String> {
        self.notices.take()
    }
}
