//! The native host: from a request on the wire to a face of the gate, and back.

use std::sync::{Arc, PoisonError, RwLock};

use edge_auth::admin::MAX_ADMIN_BYTES;
use edge_auth::certificate::Handover;
use edge_auth::faces::{AUTHORIZE, Face, Incoming, MAX_VERIFY_BYTES, Mode};
use edge_auth::{Decision, Gate, Headers, Outcome, Reply, Resources};
use edge_auth_token::AwsLcRs;
use hyper::body::Incoming as RequestBody;
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};

use super::audit_log::{AuditLog, Stuck};
use super::body::{self, Body};
use super::notices::{Notices, tell};
use super::peer::Peer;
use super::platform::NativePlatform;
use super::problem;
use super::proxy::{Client, Upstream};
use super::unreachable;
use crate::failure::Failure;
use crate::host::{PolicyFile, SystemRandomness, now};

const UNREADABLE: &str = "The body is too large, too slow, or cannot be read.";

/// All that a server has: the gate of the day, and where requests go.
pub(crate) struct Host {
    policy: PolicyFile,
    resources: Box<dyn Resources + Send + Sync>,
    platform: NativePlatform,
    gate: RwLock<Arc<Gate<NativePlatform>>>,
    upstream: Option<Upstream>,
    log: AuditLog,
    notices: Notices,
}

impl Host {
    /// Reads the policy, and stands ready to answer.
    pub(crate) fn start(
        policy: PolicyFile,
        resources: Box<dyn Resources + Send + Sync>,
        platform: NativePlatform,
        upstream: Option<Upstream>,
        (log, notices): (AuditLog, Notices),
    ) -> Result<Arc<Self>, Failure> {
        let Prepared { gate, told } = gate(&policy, &*resources, &platform, upstream.is_some())?;
        // Nothing is held up yet: the operator reads these before the address.
        told.iter().for_each(|text| tell(&format!("edge-auth: {text}")));
        let gate = RwLock::new(Arc::new(gate));
        Ok(Arc::new(Self { policy, resources, platform, gate, upstream, log, notices }))
    }

    /// The gate that decides now.
    pub(crate) fn gate(&self) -> Arc<Gate<NativePlatform>> {
        Arc::clone(&self.gate.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the policy again, and changes nothing.
    pub(crate) fn prepare(&self) -> Result<Prepared, Failure> {
        gate(&self.policy, &*self.resources, &self.platform, self.upstream.is_some())
    }

    /// Decides by what was read. What the operator should know of it is returned.
    pub(crate) fn take_over(&self, Prepared { mut gate, told }: Prepared) -> Vec<String> {
        gate.keep_issuer_keys_of(&self.gate());
        gate.keep_revocations_of(&self.gate());
        *self.gate.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(gate);
        told
    }

    /// Answers one request.
    pub(crate) async fn answer(self: Arc<Self>, request: Request<RequestBody>, peer: Peer) -> Response<Body> {
        let target = request.uri().path_and_query().map_or("", |target| target.as_str());
        let mode = Mode { gateway: self.upstream.is_some(), administers: self.gate().policy().administers() };
        match Face::of(target, mode) {
            Some(Face::Health) => body::response(Reply::health(request.method().as_str())),
            Some(Face::Admin) => self.admin(request, peer).await,
            Some(Face::Gateway) => self.gateway(request, peer).await,
            Some(Face::ForwardAuth) => self.forward_auth(request, peer).await,
            Some(Face::Verify) => self.verify(request, peer).await,
            None => problem(
                StatusCode::NOT_FOUND,
                "Here are /authorize, /v1/verify, /admin/v1 and /healthz; with --upstream, every path is proxied.",
            ),
        }
    }

    async fn gateway(&self, request: Request<RequestBody>, peer: Peer) -> Response<Body> {
        let Some(upstream) = &self.upstream else {
            return problem(StatusCode::NOT_FOUND, "There is no upstream.");
        };
        let gate = self.gate();
        let (parts, body) = request.into_parts();
        let fields = Fields::of(&parts);
        let incoming = fields.incoming(&parts, &peer);
        let (reply, outcome) = gate.gateway(&incoming, now()).await;
        let client =
            Client { peer: peer.address, secure: peer.secure, trusted_proxy: gate.trusts_proxy(&incoming) };
        drop(fields);
        match (reply, self.settle(&gate, outcome).await) {
            (_, Err(unlogged)) => unlogged,
            (Some(reply), Ok(_)) => body::response(reply),
            (None, Ok(Decision::Deny(denial))) => body::response(Reply::denied(&denial)),
            (None, Ok(Decision::Allow(grant))) => {
                let request = Request::from_parts(parts, body);
                let forwarded = upstream.forward(request, &grant, client).await;
                if let Some(trouble) = forwarded.trouble {
                    self.notices.tell(trouble);
                }
                forwarded.response
            }
        }
    }

    async fn forward_auth(&self, request: Request<RequestBody>, peer: Peer) -> Response<Body> {
        let gate = self.gate();
        let (parts, _) = request.into_parts();
        let fields = Fields::of(&parts);
        let asked = gate.forward_auth(&fields.incoming(&parts, &peer), AUTHORIZE, now()).await;
        self.reply(&gate, asked).await
    }

    async fn verify(&self, request: Request<RequestBody>, peer: Peer) -> Response<Body> {
        if request.method() != hyper::Method::POST {
            return body::response(Reply::method_not_allowed("POST"));
        }
        let gate = self.gate();
        let (parts, body) = request.into_parts();
        let fields = Fields::of(&parts);
        let incoming = fields.incoming(&parts, &peer);
        // Of strangers no body is read: it would be held in memory.
        if let Some(refused) = gate.refuse_verify(&incoming, now()) {
            return self.reply(&gate, refused).await;
        }
        match body::read(body, MAX_VERIFY_BYTES, parts.extensions.get()).await {
            Ok(body) => {
                let asked = gate.verify_json(&incoming, &body, now()).await;
                self.reply(&gate, asked).await
            }
            Err(status) => problem(status, UNREADABLE),
        }
    }

    async fn admin(&self, request: Request<RequestBody>, peer: Peer) -> Response<Body> {
        let gate = self.gate();
        let (parts, body) = request.into_parts();
        let fields = Fields::of(&parts);
        let incoming = fields.incoming(&parts, &peer);
        let admission = match gate.admit_admin(&incoming, now()).await {
            Ok(admission) => admission,
            Err(refused) => return self.reply(&gate, refused).await,
        };
        match body::read(body, MAX_ADMIN_BYTES, parts.extensions.get()).await {
            Ok(body) => {
                let done = gate.administer(admission, &incoming, &body, &SystemRandomness, now()).await;
                self.reply(&gate, done).await
            }
            Err(status) => {
                let outcome = admission.abandon("body_unreadable");
                let refused = problem(status, UNREADABLE);
                self.settle(&gate, outcome).await.map_or_else(|unlogged| unlogged, |_| refused)
            }
        }
    }

    /// The answer, once its decision is written down.
    async fn reply(
        &self,
        gate: &Arc<Gate<NativePlatform>>,
        (reply, outcome): (Reply, Outcome),
    ) -> Response<Body> {
        self.settle(gate, outcome).await.map_or_else(|unlogged| unlogged, |_| body::response(reply))
    }

    /// Starts what an outcome left for later, and writes it down. What cannot be written down is
    /// not let through.
    async fn settle(
        &self,
        gate: &Arc<Gate<NativePlatform>>,
        outcome: Outcome,
    ) -> Result<Decision, Response<Body>> {
        let Outcome { decision, audit, notices, follow_up, .. } = outcome;
        notices.into_iter().for_each(|text| self.notices.tell(text));
        for work in follow_up {
            let (gate, notices) = (Arc::clone(gate), self.notices.clone());
            tokio::spawn(async move {
                gate.follow_up(work, now()).await.into_iter().for_each(|text| notices.tell(text));
            });
        }
        match self.log.write(audit).await {
            Ok(()) => Ok(decision),
            Err(Stuck) => {
                self.notices.tell("the audit log takes no events: requests are refused".to_owned());
                Err(problem(StatusCode::SERVICE_UNAVAILABLE, "The gate cannot decide at the moment."))
            }
        }
    }
}

/// A gate, and what its operator should know.
pub(crate) struct Prepared {
    gate: Gate<NativePlatform>,
    told: Vec<String>,
}

fn gate(
    policy: &PolicyFile,
    resources: &dyn Resources,
    platform: &NativePlatform,
    gateway: bool,
) -> Result<Prepared, Failure> {
    let compiled = policy.read()?;
    if compiled.api_key_blocks().next().is_some() && !platform.has_store() {
        return Err(Failure::Usage(
            "the policy has API keys: say where they are kept with --store sqlite:PATH".to_owned(),
        ));
    }
    if compiled.has_revocation_feed() && !platform.has_store() {
        return Err(Failure::Usage(
            "the policy has a revocation feed: say where it is kept with --store sqlite:PATH".to_owned(),
        ));
    }
    let mut told = compiled.weaknesses();
    told.extend(unreachable::notices(&compiled, resources, gateway)?);
    let (gate, more) =
        Gate::new(compiled, resources, Box::new(AwsLcRs), platform.clone(), &SystemRandomness)?;
    told.extend(more);
    told.extend(gate.authority_notices(now()));
    Ok(Prepared { gate, told })
}

/// The header fields in the core's shape.
struct Fields<'a>(Vec<(&'a str, &'a [u8])>);

impl<'a> Fields<'a> {
    fn of(parts: &'a Parts) -> Self {
        Self(parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect())
    }

    fn incoming(&'a self, parts: &'a Parts, peer: &'a Peer) -> Incoming<'a> {
        let host = parts.headers.get(hyper::header::HOST);
        Incoming {
            peer: Some(peer.address),
            vouched: false,
            method: parts.method.as_str(),
            // A host that is no text is none that the core accepts.
            host: host.map(|value| value.to_str().unwrap_or("\u{FFFD}")),
            authority: parts.uri.authority().map(|authority| authority.as_str()),
            target: parts.uri.path_and_query().map_or("", |target| target.as_str()),
            headers: Headers(&self.0),
            certificate: Handover::Tls(&peer.certificates),
        }
    }
}
