//! The native host: carries requests from the wire to the gate, and replies back.

use std::sync::{Arc, PoisonError, RwLock};

use edge_auth::certificate::{CertificateSource, PlatformCertificate};
use edge_auth::endpoints::{BodyError, Dispatched, HostRuntime, InboundRequest, Unrecorded};
use edge_auth::platform::Randomness;
use edge_auth::policy::HostCapabilities;
use edge_auth::{AuditEvent, DeferredTask, Gate, Headers, SecretProvider};
use edge_auth_token::{AwsLcRs, Timestamp};
use hyper::body::Incoming as RequestBody;
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};

use super::active_request::ActiveRequest;
use super::audit_log::{AuditLog, Backpressure};
use super::body::{self, Body};
use super::connection::Connection;
use super::operator_log::{OperatorLog, tell};
use super::planes::Planes;
use super::platform::NativePlatform;
use super::problem;
use super::proxy::{Client, Upstream};
use crate::error::CommandError;
use crate::native::{PolicyFile, SystemRandomness, now};

/// The current gate, and everything around it.
pub(crate) struct Server {
    policy: PolicyFile,
    secret_provider: Box<dyn SecretProvider + Send + Sync>,
    platform: NativePlatform,
    planes: Planes,
    gate: RwLock<Arc<Gate<NativePlatform>>>,
    upstream: Option<Upstream>,
    log: AuditLog,
    notices: OperatorLog,
}

impl Server {
    /// Reads the policy, and builds the gate.
    pub(crate) fn start(
        policy: PolicyFile,
        secret_provider: Box<dyn SecretProvider + Send + Sync>,
        (platform, planes): (NativePlatform, Planes),
        upstream: Option<Upstream>,
        (log, notices): (AuditLog, OperatorLog),
    ) -> Result<Arc<Self>, CommandError> {
        let Candidate { gate, warnings, .. } =
            gate(&policy, &*secret_provider, &platform, upstream.is_some())?;
        // Written without the queue: the operator reads these before the address.
        warnings.iter().for_each(|text| tell(&format!("edge-auth: {text}")));
        let gate = RwLock::new(Arc::new(gate));
        Ok(Arc::new(Self {
            policy,
            secret_provider,
            platform,
            planes,
            gate,
            upstream,
            log,
            notices,
        }))
    }

    /// Returns the current gate.
    pub(crate) fn gate(&self) -> Arc<Gate<NativePlatform>> {
        Arc::clone(&self.gate.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the policy again, and builds a gate of it that is not used yet.
    pub(crate) fn prepare(&self) -> Result<Candidate, CommandError> {
        gate(&self.policy, &*self.secret_provider, &self.platform, self.upstream.is_some())
    }

    /// Makes a new gate the current one. Returns the warnings for the operator.
    pub(crate) fn take_over(&self, Candidate { mut gate, warnings, .. }: Candidate) -> Vec<String> {
        gate.take_issuer_keys_from(&self.gate());
        gate.take_revocations_from(&self.gate());
        *self.gate.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(gate);
        warnings
    }

    /// Answers one request.
    pub(crate) async fn answer(
        self: Arc<Self>,
        request: Request<RequestBody>,
        peer: Connection,
    ) -> Response<Body> {
        let gate = self.gate();
        let (parts, body) = request.into_parts();
        let mut body =
            NativeBody { body: Some(body), request: parts.extensions.get().map(Arc::clone) };
        let fields = Fields::of(&parts);
        let incoming = fields.incoming(&parts, &peer);
        let runtime = NativeRuntime { gate: &gate, log: &self.log, notices: &self.notices };
        let has_upstream = self.upstream.is_some();
        let dispatched =
            self.planes.dispatch(&gate, has_upstream, &incoming, &mut body, &runtime).await;
        let trusted_proxy = gate.trusts_proxy(&incoming);
        drop(fields);
        let grant = match dispatched {
            Dispatched::Reply(reply) => return body::response(reply),
            Dispatched::Forward(grant) => grant,
        };
        let (Some(upstream), Some(body)) = (&self.upstream, body.body) else {
            return problem(StatusCode::NOT_FOUND, "There is no upstream.");
        };
        let client = Client { peer: peer.address, secure: peer.secure, trusted_proxy };
        let forwarded = upstream.forward(Request::from_parts(parts, body), &grant, client).await;
        if let Some(trouble) = forwarded.trouble {
            self.notices.tell(trouble);
        }
        forwarded.response
    }
}

/// The body of a request; `None` once it was read.
struct NativeBody {
    body: Option<RequestBody>,
    request: Option<Arc<ActiveRequest>>,
}

impl edge_auth::endpoints::RequestBody for NativeBody {
    async fn read(&mut self, limit: usize) -> Result<Vec<u8>, BodyError> {
        let body = self.body.take().ok_or(BodyError::Unreadable)?;
        body::read(body, limit, self.request.as_ref()).await
    }
}

/// The handling of one request.
struct NativeRuntime<'a> {
    gate: &'a Arc<Gate<NativePlatform>>,
    log: &'a AuditLog,
    notices: &'a OperatorLog,
}

impl HostRuntime for NativeRuntime<'_> {
    fn now(&self) -> Timestamp {
        now()
    }

    fn randomness(&self) -> &dyn Randomness {
        &SystemRandomness
    }

    fn warn(&self, notice: String) {
        self.notices.tell(notice);
    }

    async fn defer(&self, task: DeferredTask) {
        let (gate, notices) = (Arc::clone(self.gate), self.notices.clone());
        tokio::spawn(async move {
            for notice in gate.run_deferred(task, now()).await {
                notices.tell(notice);
            }
        });
    }

    async fn record(&self, event: AuditEvent) -> Result<(), Unrecorded> {
        self.log.write(event).await.map_err(|Backpressure| {
            self.notices
                .tell("the audit log's reader stopped reading: requests are refused".to_owned());
            Unrecorded
        })
    }
}

/// A new gate, with the warnings for the operator.
pub(crate) struct Candidate {
    gate: Gate<NativePlatform>,
    warnings: Vec<String>,
    /// Whether the listener must ask for certificates of any issuer, since the policy pins some.
    pub(super) asks_anyone: bool,
}

fn gate(
    policy: &PolicyFile,
    secret_provider: &dyn SecretProvider,
    platform: &NativePlatform,
    gateway: bool,
) -> Result<Candidate, CommandError> {
    let compiled = policy.read()?;
    let asks_anyone = compiled.pins_listener_certificates();
    let capabilities = HostCapabilities {
        store: platform.has_store(),
        key_copies: false,
        store_help: "name one with --store sqlite:PATH",
        fetch_files: true,
        gateway,
        raw_path: true,
        own_certificate_sources: &[CertificateSource::Tls],
        knows_location: false,
        listener_asks_for_certificates: asks_anyone || secret_provider.client_ca().is_some(),
    };
    let unreachable = compiled.check_host(&capabilities).map_err(CommandError::Usage)?;
    let mut warnings = compiled.weaknesses();
    warnings.extend(unreachable);
    let (gate, more) = Gate::new(
        compiled,
        secret_provider,
        Box::new(AwsLcRs),
        platform.clone(),
        &SystemRandomness,
    )?;
    warnings.extend(more);
    warnings.extend(gate.authority_notices(now()));
    Ok(Candidate { gate, warnings, asks_anyone })
}

/// The header fields as the core takes them.
struct Fields<'a>(Vec<(&'a str, &'a [u8])>);

impl<'a> Fields<'a> {
    fn of(parts: &'a Parts) -> Self {
        Self(parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect())
    }

    fn incoming(&'a self, parts: &'a Parts, peer: &'a Connection) -> InboundRequest<'a> {
        let host = parts.headers.get(hyper::header::HOST);
        InboundRequest {
            location: edge_auth::ClientLocation::default(),
            peer: Some(peer.address),
            platform_authenticated: false,
            method: parts.method.as_str(),
            // The core refuses this replacement for a host that is not text.
            host: host.map(|value| value.to_str().unwrap_or("\u{FFFD}")),
            authority: parts.uri.authority().map(|authority| authority.as_str()),
            target: parts.uri.path_and_query().map_or("", |target| target.as_str()),
            headers: Headers(&self.0),
            certificate: PlatformCertificate::Tls(&peer.certificates),
        }
    }
}
