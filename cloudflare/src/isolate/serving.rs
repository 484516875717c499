//! The gate of this isolate: built by its first request, from what was deployed.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use edge_auth::certificate::CertificateSource;
use edge_auth::policy::Proxy;
use edge_auth::{Gate, Policy};

use crate::isolate::crypto::NodeCrypto;
use crate::isolate::deployment::Deployment;
use crate::isolate::key_source::IssuerDocuments;
use crate::isolate::platform::{RuntimeRandomness, WorkerPlatform};
use crate::isolate::store::Stores;

/// What answers.
pub(crate) struct Serving {
    pub(crate) gate: Gate<WorkerPlatform>,
    /// Whether granted requests go to an origin.
    pub(crate) has_upstream: bool,
    /// Whether a certificate may come from `request.cf`.
    pub(crate) takes_certificates: bool,
    /// What the operator is told with the first answer.
    notices: Cell<Vec<String>>,
}

/// Envoy hands the path over as the path: `/authorize/../healthz` would be answered as `/healthz`.
const ENVOY: &str = "`[forward_auth] proxy = \"envoy\"` is not for this host: the runtime resolves dot segments before \
     the Worker sees them, and Envoy forwards them as they came. Have Envoy ask the native host";

thread_local! {
    static SERVING: OnceCell<Result<Rc<Serving>, String>> = const { OnceCell::new() };
}

impl Serving {
    /// The one of this isolate. An error is everything that stands in its way.
    pub(crate) fn of(deployment: impl FnOnce() -> Deployment) -> Result<Rc<Self>, String> {
        SERVING.with(|serving| serving.get_or_init(|| Self::start(&deployment()).map(Rc::new)).clone())
    }

    fn start(deployment: &Deployment) -> Result<Self, String> {
        let policy = deployment.policy()?;
        let stores = Stores::bound(&deployment.env);
        // The feed says which records have changed, and a copy may not know it yet.
        let stores = if policy.has_revocation_feed() { stores.read_in_ledger() } else { stores };
        stores_for(&policy, &stores)?;
        if policy.forward_auth() == Some(Proxy::Envoy) {
            return Err(ENVOY.to_owned());
        }
        let has_upstream = deployment.has_upstream()?;
        let sources: Vec<_> = policy.client_cert_blocks().map(|(_, source, _)| source).collect();
        let mut notices = policy.weaknesses();
        notices.extend(unreachable(&policy));
        if !has_upstream {
            notices.extend(policy.answers_not_ended());
        }
        if policy.api_key_blocks().next().is_some() && stores.has_copies() {
            notices.push(
                "API keys are read from KV, which promises no time by which a change is seen: a revoked key \
                 may be honoured for a minute or more. Leave out the binding KEYS to read the ledger itself"
                    .to_owned(),
            );
        }
        let platform = WorkerPlatform { stores, documents: IssuerDocuments::default() };
        let (gate, more) = Gate::new(policy, deployment, Box::new(NodeCrypto), platform, &RuntimeRandomness)
            .map_err(|errors| errors.to_string())?;
        notices.extend(more);
        let takes_certificates = sources.contains(&CertificateSource::Cloudflare);
        Ok(Self { gate, has_upstream, takes_certificates, notices: Cell::new(notices) })
    }

    /// What was found at the start; once.
    pub(crate) fn take_notices(&self) -> Vec<String> {
        self.notices.take()
    }
}

fn stores_for(policy: &Policy, stores: &Stores) -> Result<(), String> {
    let has_keys = policy.api_key_blocks().next().is_some();
    let needs_ledger = [
        (policy.has_revocation_feed(), "a revocation feed"),
        (has_keys && policy.administers(), "`[admin]`, which writes keys"),
        (has_keys && !stores.has_copies(), "API keys"),
    ];
    match needs_ledger.into_iter().find(|(needed, _)| *needed && !stores.has_ledger()) {
        Some((_, what)) => Err(format!("the policy has {what}: bind the Durable Object LEDGER")),
        None => Ok(()),
    }
}

/// The certificates that can never come to this host, though a policy may be for several hosts.
fn unreachable(policy: &Policy) -> Vec<String> {
    use CertificateSource::{Cloudflare, CloudflareHeaders, Rfc9440};
    let here = [Cloudflare, CloudflareHeaders, Rfc9440];
    let elsewhere = policy.client_cert_blocks().filter(|(_, source, _)| !here.contains(source));
    let notice = |(name, source, _): (&str, CertificateSource, _)| {
        format!(
            "client_cert `{name}`: nothing comes to this host by source `{source}`, so nobody passes by it"
        )
    };
    elsewhere.map(notice).collect()
}
