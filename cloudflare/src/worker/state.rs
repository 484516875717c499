//! The gate of this isolate, which its first request builds from the deployment.

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

/// The gate, and the facts about the deployment that answering needs.
pub(crate) struct WorkerState {
    pub(crate) gate: Gate<WorkerPlatform>,
    /// Whether granted requests go on to an origin.
    pub(crate) has_upstream: bool,
    /// Whether a certificate may come from `request.cf`.
    pub(crate) takes_certificates: bool,
    /// Whether a rule asks for the client's country or autonomous system.
    pub(crate) needs_location: bool,
    /// Warnings for the operator, which the first answer takes along.
    notices: Cell<Vec<String>>,
}

thread_local! {
    static STATE: OnceCell<Result<Rc<WorkerState>, String>> = const { OnceCell::new() };
}

impl WorkerState {
    /// Returns this isolate's state, and builds it first if need be. The error lists everything
    /// that is wrong with the deployment; it stays until the isolate ends.
    pub(crate) fn of(deployment: impl FnOnce() -> Deployment) -> Result<Rc<Self>, String> {
        STATE.with(|state| state.get_or_init(|| Self::start(&deployment()).map(Rc::new)).clone())
    }

    fn start(deployment: &Deployment) -> Result<Self, String> {
        let policy = deployment.policy()?;
        let stores = Stores::bound(&deployment.env);
        // The feed announces changed records at once; a copy in KV may be older.
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
                "API keys are read from KV, which does not bound the time until a change is seen: a \
                 revoked key may still be accepted for a minute or more. Remove the binding KEYS to \
                 read the ledger itself"
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
        Ok(Self {
            gate,
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
