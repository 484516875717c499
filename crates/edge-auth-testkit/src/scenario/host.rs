//! The interface between scenarios and a host.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use edge_auth_token::Timestamp;
use pki_types::CertificateDer;
use serde::Deserialize;
use serde_json::Value;

use super::seed::Seeded;
use super::setup::Setup;
use super::source::{Endpoint, LocationSetup, Store};
use crate::documents::Document;

/// A host of scenarios: a gate in this process, a binary, a Worker, a function.
pub trait ScenarioHost {
    /// Returns the URL under which the host finds issuers' documents, without a trailing slash.
    fn issuers_url(&self) -> String;

    /// Returns the host's time.
    fn now(&self) -> Timestamp;

    /// Returns whether cases that need this can run here. Other cases are reported as skipped.
    fn offers(&self, need: Capability) -> bool;

    /// Returns the endpoint that gets the gateway's cases on a host without a gateway.
    fn gateway_substitute(&self) -> Option<Endpoint> {
        None
    }

    /// Starts a policy and replaces the one before: publishes the setup's documents, creates its
    /// API keys ([`super::seed`]), and starts the gate. The error is the operator's message.
    fn start(&mut self, setup: &Setup<'_>) -> Result<Started, String>;

    /// Makes an event happen between two calls. The events need only what [`Self::offers`] allows.
    fn happen(&mut self, event: HostEvent) -> Result<(), String>;

    /// Makes one call. An error means that the test failed to get an answer.
    fn call(&mut self, call: &Call) -> Result<ObservedResponse, String>;
}

/// A capability that a case needs beyond requests and answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// The time can be moved.
    Clock,
    /// The store of API keys and revocations can be made to fail.
    Outage,
    /// A call can come from any address.
    Peer,
    /// `:authority` can differ from `Host`.
    Authority,
    /// Bytes travel over a connection and are forwarded unchanged.
    Wire,
    /// Values of fields need not be text.
    Bytes,
    /// A target's `#` reaches the gate. Elsewhere an HTTP library cuts it off with the rest of the
    /// target, so the matched path is still the forwarded one.
    Fragment,
    /// A request with an unusual host, method, path or repeated fields reaches the gate unchanged:
    /// the platform neither repairs nor refuses it.
    Unmended,
    /// A decision is about this request alone, including its query. An API Gateway authorizer also
    /// decides about later requests to the same path.
    WholeRequest,
    /// The platform reports the client's country and autonomous system.
    Location,
    /// The client's certificate arrives over TLS.
    Tls,
    /// The client's certificate arrives in an API Gateway event.
    ApiGateway,
    /// The client's certificate arrives in a load balancer's event.
    LoadBalancer,
    /// The client's certificate arrives in a Worker's `request.cf`.
    Cloudflare,
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clock => "a clock that the test sets",
            Self::Outage => "a store that the test can stop",
            Self::Peer => "a choice of the client's address",
            Self::Authority => "an `:authority` beside `Host`",
            Self::Wire => "a real connection",
            Self::Bytes => "fields that are not UTF-8",
            Self::Unmended => "requests that reach the gate unchanged",
            Self::WholeRequest => "decisions about one request alone",
            Self::Location => "a platform that reports the client's location",
            Self::Tls => "a client's certificate over TLS",
            Self::ApiGateway => "an API Gateway event",
            Self::LoadBalancer => "a load balancer's event",
            Self::Cloudflare => "`request.cf`",
            Self::Fragment => "an HTTP library that keeps fragments",
        })
    }
}

/// A host that has started.
#[derive(Debug, Default)]
pub struct Started {
    /// The API keys that the host created.
    pub seeded: Seeded,
    /// The messages to the operator at the start.
    pub notices: Vec<String>,
}

/// An event between two calls.
#[derive(Debug)]
pub enum HostEvent {
    /// Time passes.
    Passes(Duration),
    /// A document is published under a path.
    Publishes(String, Document),
    /// The store of API keys stops answering, or answers again.
    Store(Store),
}

/// One call, as it is sent.
#[derive(Debug, Clone)]
pub struct Call {
    /// The endpoint, for hosts without a listener.
    pub endpoint: Endpoint,
    /// The method.
    pub method: String,
    /// The request target, which is not always UTF-8.
    pub target: Vec<u8>,
    /// The value of `Host`.
    pub host: String,
    /// HTTP/2's `:authority`.
    pub authority: Option<String>,
    /// The fields in order, without `Host`.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
    /// The client's certificate as the platform hands it over.
    pub handover: Option<PlatformCredentials>,
    /// The address at the other end of the connection.
    pub from: IpAddr,
    /// The location of that address as the platform reports it.
    pub location: Option<LocationSetup>,
}

/// A client's certificate on a platform.
#[derive(Debug, Clone)]
pub enum PlatformCredentials {
    /// The chain sent over TLS, the client's own certificate first.
    Tls(Vec<CertificateDer<'static>>),
    /// PEM in an API Gateway event.
    ApiGateway(String),
    /// Fields of a load balancer's event.
    LoadBalancer,
    /// Members of `request.cf.tlsClientAuth`.
    Cloudflare(BTreeMap<String, String>),
}

impl PlatformCredentials {
    /// Returns the capability that it needs.
    pub(super) fn need(&self) -> Capability {
        match self {
            Self::Tls(_) => Capability::Tls,
            Self::ApiGateway(_) => Capability::ApiGateway,
            Self::LoadBalancer => Capability::LoadBalancer,
            Self::Cloudflare(_) => Capability::Cloudflare,
        }
    }
}

/// The outcome of a call.
#[derive(Debug, Clone, Default)]
pub struct ObservedResponse {
    /// The status.
    pub status: u16,
    /// The fields, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The request that arrived upstream, if it did.
    pub upstream: Option<SeenRequest>,
    /// The audit event, if the host exposes it.
    pub audit: Option<Value>,
    /// The number of reads of the API-key store, if the host counts them.
    pub reads: Option<u64>,
    /// The number of fetches of issuers' documents, if the host counts them.
    pub fetches: Option<u64>,
}

/// A request that a server received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRequest {
    /// The method.
    pub method: String,
    /// The request target.
    pub target: String,
    /// The fields, in order. Bytes that are not UTF-8 are replaced.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}
