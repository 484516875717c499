//! The smallest host: a gate in this process, a clock that the test sets, and everything in memory.

use std::collections::BTreeMap;

use edge_auth::certificate::{PlatformCertificate, TlsClientAuth};
use edge_auth::endpoints::{
    ForwardAuth, GatewayEndpoint, InboundRequest, RelevantFields, VerifyEndpoint,
};
use edge_auth::policy::{Format, Policy};
use edge_auth::{ClientLocation, Decision, Gate, Grant, Headers, Outcome, Reply};
use edge_auth_control::AdminApi;
use edge_auth_token::{AwsLcRs, Timestamp};
use futures::executor::block_on;

use super::host::{
    Call, Capability, HostEvent, ObservedResponse, PlatformCredentials, ScenarioHost, SeenRequest,
    Started,
};
use super::seed::seed;
use super::setup::Setup;
use super::source::{Endpoint, LocationSetup, Store};
use crate::documents::Documents;
use crate::platform::MemoryPlatform;
use crate::randomness::SeededRandomness;

/// A loopback address, from which the gate fetches without TLS. Nothing listens there.
const ISSUERS_URL: &str = "http://127.0.0.1:1";
/// 2027-01-15T08:00:00Z.
const BEGINNING: Timestamp = Timestamp::from_seconds(1_800_000_000);
/// The path of the endpoint for proxies.
const AUTHORIZE: &str = "/authorize";

/// A gate in this process. The grant determines what goes upstream.
pub struct InProcess {
    now: Timestamp,
    randomness: SeededRandomness,
    running: Option<Running>,
}

struct Running {
    gate: Gate<MemoryPlatform>,
    platform: MemoryPlatform,
}

impl InProcess {
    /// Creates a host without a running gate.
    pub fn new() -> Self {
        Self { now: BEGINNING, randomness: SeededRandomness::new(2), running: None }
    }

    fn answer(
        &self,
        running: &Running,
        call: &Call,
    ) -> Result<(Reply, Outcome, Option<SeenRequest>), String> {
        let target = std::str::from_utf8(&call.target).map_err(|error| error.to_string())?;
        let headers: Vec<(&str, &[u8])> =
            call.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        let incoming = InboundRequest {
            location: call.location.as_ref().map_or_else(ClientLocation::default, location),
            peer: Some(call.from),
            platform_authenticated: false,
            method: &call.method,
            host: Some(&call.host),
            authority: call.authority.as_deref(),
            target,
            headers: Headers(&headers),
            certificate: call.handover.as_ref().map_or(PlatformCertificate::Nothing, handover),
        };
        let (gate, now) = (&running.gate, self.now);
        Ok(match call.endpoint {
            Endpoint::ForwardAuth => {
                // As a host does that hands over only what matters.
                let relevant = RelevantFields::of(gate);
                let is_relevant = |name: &str| relevant.has(&name.to_ascii_lowercase());
                let headers: Vec<_> =
                    headers.iter().copied().filter(|(name, _)| is_relevant(name)).collect();
                let incoming = InboundRequest { headers: Headers(&headers), ..incoming };
                let (reply, outcome) =
                    block_on(ForwardAuth::new(gate).answer(&incoming, AUTHORIZE, now));
                (reply, outcome, None)
            }
            Endpoint::Verify => {
                let (reply, outcome) =
                    block_on(VerifyEndpoint::new(gate).answer(&incoming, &call.body, now));
                (reply, outcome, None)
            }
            Endpoint::Admin => {
                let (reply, outcome) = block_on(AdminApi::new(gate, gate.platform()).answer(
                    &incoming,
                    &call.body,
                    &self.randomness,
                    now,
                ));
                (reply, outcome, None)
            }
            Endpoint::Authorizer => return Err("this host is a gateway itself".to_owned()),
            Endpoint::Gateway => {
                let (reply, outcome) = block_on(GatewayEndpoint::new(gate).decide(&incoming, now));
                match (reply, &outcome.decision) {
                    (Some(reply), _) => (reply, outcome, None),
                    (None, Decision::Allow(grant)) => {
                        let reply = Reply {
                            status: 200,
                            headers: grant.upstream.respond.clone(),
                            body: Vec::new(),
                        };
                        let seen = forwarded(call, grant);
                        (reply, outcome, Some(seen))
                    }
                    (None, Decision::Deny(_)) => return Err("a refusal without a reply".to_owned()),
                }
            }
        })
    }
}

impl Default for InProcess {
    fn default() -> Self {
        Self::new()
    }
}

impl ScenarioHost for InProcess {
    fn issuers_url(&self) -> String {
        ISSUERS_URL.to_owned()
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn offers(&self, need: Capability) -> bool {
        need != Capability::Wire
    }

    fn start(&mut self, setup: &Setup<'_>) -> Result<Started, String> {
        self.running = None;
        let documents = Documents::default();
        for (path, document) in &setup.documents {
            documents.publish(path, document.clone());
        }
        let platform = MemoryPlatform::new(documents, ISSUERS_URL);
        let policy = Policy::parse(&setup.policy, Format::Toml, "policy.toml")
            .map_err(|error| error.to_string())?;
        let mut notices = policy.weaknesses();
        let built = Gate::new(
            policy,
            &setup.secret_provider,
            Box::new(AwsLcRs),
            platform.clone(),
            &self.randomness,
        );
        let (gate, more) = built.map_err(|error| error.to_string())?;
        notices.extend(more);
        let seeded = block_on(seed(setup, &platform.api_keys))?;
        self.running = Some(Running { gate, platform });
        Ok(Started { seeded, notices })
    }

    fn happen(&mut self, event: HostEvent) -> Result<(), String> {
        let running = self.running.as_ref().ok_or("no gate runs")?;
        match event {
            HostEvent::Passes(time) => self.now = self.now.plus(time),
            HostEvent::Publishes(path, document) => {
                running.platform.key_source.documents.publish(path, document);
            }
            HostEvent::Store(Store::Down) => {
                running.platform.api_keys.set_unavailable("switched off");
                running.platform.revocations.set_unavailable("switched off");
            }
            HostEvent::Store(Store::Up) => {
                running.platform.api_keys.set_available();
                running.platform.revocations.set_available();
            }
        }
        Ok(())
    }

    fn call(&mut self, call: &Call) -> Result<ObservedResponse, String> {
        let running = self.running.as_ref().ok_or("no gate runs")?;
        let MemoryPlatform { api_keys, key_source, .. } = &running.platform;
        let reads_before = api_keys.operations().finds;
        let fetches_before = key_source.documents.fetches();
        let (reply, outcome, upstream) = self.answer(running, call)?;
        let audit = outcome.audit.as_ref().map(serde_json::to_value).transpose();
        let answer = ObservedResponse {
            status: reply.status,
            headers: reply.headers,
            body: reply.body,
            upstream,
            audit: audit.map_err(|error| error.to_string())?,
            reads: Some(api_keys.operations().finds - reads_before),
            fetches: Some(key_source.documents.fetches() - fetches_before),
        };
        for work in outcome.deferred_tasks {
            block_on(running.gate.run_deferred(work, self.now));
        }
        Ok(answer)
    }
}

/// Parses a location as a Worker does: an invalid country code means an unknown country.
fn location(said: &LocationSetup) -> ClientLocation {
    let country = said.country.as_deref().and_then(|code| code.parse().ok());
    ClientLocation { country, asn: said.asn }
}

fn handover(handed: &PlatformCredentials) -> PlatformCertificate<'_> {
    match handed {
        PlatformCredentials::Tls(chain) => PlatformCertificate::Tls(chain),
        PlatformCredentials::ApiGateway(pem) => PlatformCertificate::ApiGateway(pem),
        PlatformCredentials::LoadBalancer => PlatformCertificate::LoadBalancer,
        PlatformCredentials::Cloudflare(members) => {
            PlatformCertificate::Cloudflare(TlsClientAuth {
                presented: member(members, "certPresented"),
                verified: member(members, "certVerified"),
                revoked: member(members, "certRevoked"),
                issuer_dn: member(members, "certIssuerDNRFC2253"),
                subject_dn: member(members, "certSubjectDNRFC2253"),
                serial: member(members, "certSerial"),
                fingerprint_sha256: member(members, "certFingerprintSHA256"),
                issuer_key_id: member(members, "certIssuerSKI"),
                not_before: member(members, "certNotBefore"),
                not_after: member(members, "certNotAfter"),
                rfc9440: member(members, "certRFC9440"),
            })
        }
    }
}

/// Builds the request that a gateway forwards: without the fields that the grant removes, with
/// those that it sets.
fn forwarded(call: &Call, grant: &Grant) -> SeenRequest {
    let mut headers = Vec::new();
    for (name, value) in &call.headers {
        if !grant.upstream.remove.iter().any(|removed| removed.eq_ignore_ascii_case(name)) {
            headers.push((name.clone(), String::from_utf8_lossy(value).into_owned()));
        }
    }
    for (name, value) in grant.fields_to_set() {
        headers.push((name.to_owned(), value.to_owned()));
    }
    SeenRequest {
        method: call.method.clone(),
        target: grant.upstream.target.clone(),
        headers,
        body: call.body.clone(),
    }
}

fn member<'m>(members: &'m BTreeMap<String, String>, name: &str) -> Option<&'m str> {
    members.get(name).map(String::as_str)
}
