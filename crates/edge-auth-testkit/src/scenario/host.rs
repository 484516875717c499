//! What a host provides for scenarios to run on it.

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

/// Where scenarios run: a gate in this process, a binary, a Worker, a function.
pub trait ScenarioHost {
    /// The URL under which the host finds issuers' documents, without a slash at the end.
    fn issuers_url(&self) -> String;

    /// The host's time.
    fn now(&self) -> Timestamp;

    /// Whether cases that need this can run here. Those that cannot are reported as skipped.
    fn offers(&self, need: Capability) -> bool;

    /// The endpoint through which a gateway's cases are asked, on a host that is no gateway.
    fn gateway_substitute(&self) -> Option<Endpoint> {
        None
    }

    /// Brings a policy up, in place of any before: publishes the setup's documents, makes its
    /// API keys ([`super::seed`]), starts. An error is what the operator is told.
    fn start(&mut self, setup: &Setup<'_>) -> Result<Started, String>;

    /// Lets something happen between two calls. Only what [`Self::offers`] allows is asked for.
    fn happen(&mut self, event: HostEvent) -> Result<(), String>;

    /// Makes one call. An error is trouble of the test, not an answer.
    fn call(&mut self, call: &Call) -> Result<ObservedResponse, String>;
}

/// What a case may need beyond requests and answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// The time can be moved.
    Clock,
    /// The store of API keys and revocations can be made to fail.
    Outage,
    /// A call can come from any address.
    Peer,
    /// `:authority` can differ from `ScenarioHost`.
    Authority,
    /// Bytes travel over a connection, and are forwarded as they came.
    Wire,
    /// Values of fields need not be text.
    Bytes,
    /// A target's `#` reaches the gate. An HTTP library may cut it off before, with all after it:
    /// what is matched is then still what is forwarded.
    Fragment,
    /// A request reaches the gate as it was sent, whatever is wrong with its host, method, path or
    /// repeated fields: nothing of the platform's mends it before, or refuses it.
    Unmended,
    /// A decision is about this request alone, its query included. An API Gateway authorizer's is
    /// about later requests to the same path, too.
    WholeRequest,
    /// The platform says in which country and autonomous system a client is.
    Location,
    /// The client's certificate comes as on this platform.
    Tls,
    /// As in an API Gateway event.
    ApiGateway,
    /// As in a load balancer's event.
    LoadBalancer,
    /// As in a Worker's `request.cf`.
    Cloudflare,
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clock => "a clock that can be moved",
            Self::Outage => "a store that can be made to fail",
            Self::Peer => "a choice of the client's address",
            Self::Authority => "an `:authority` beside `Host`",
            Self::Wire => "a real connection",
            Self::Bytes => "fields whose bytes are no text",
            Self::Unmended => "requests that reach the gate as they were sent",
            Self::WholeRequest => "decisions about one request alone",
            Self::Location => "a platform that says where a client is",
            Self::Tls => "a client's certificate on TLS",
            Self::ApiGateway => "an API Gateway event",
            Self::LoadBalancer => "a load balancer's event",
            Self::Cloudflare => "`request.cf`",
            Self::Fragment => "an HTTP library that leaves fragments alone",
        })
    }
}

/// A host that has started.
#[derive(Debug, Default)]
pub struct Started {
    /// The API keys that were made.
    pub seeded: Seeded,
    /// What the operator was told at the start.
    pub notices: Vec<String>,
}

/// What may happen between two calls.
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
    /// For hosts that have no listener: which endpoint it is for.
    pub endpoint: Endpoint,
    /// The method.
    pub method: String,
    /// The request target; of most calls UTF-8.
    pub target: Vec<u8>,
    /// The `ScenarioHost`.
    pub host: String,
    /// HTTP/2's `:authority`.
    pub authority: Option<String>,
    /// The fields, in order, `ScenarioHost` not among them.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
    /// The client's certificate, as the platform hands it over.
    pub handover: Option<PlatformCredentials>,
    /// The address at the other end of the connection.
    pub from: IpAddr,
    /// Where the platform says that address is.
    pub location: Option<LocationSetup>,
}

/// A client's certificate on a platform.
#[derive(Debug, Clone)]
pub enum PlatformCredentials {
    /// On TLS: the client's own certificate first.
    Tls(Vec<CertificateDer<'static>>),
    /// PEM in an API Gateway event.
    ApiGateway(String),
    /// Fields of a load balancer's event.
    LoadBalancer,
    /// Members of `request.cf.tlsClientAuth`.
    Cloudflare(BTreeMap<String, String>),
}

impl PlatformCredentials {
    /// What a host must offer for it.
    pub(super) fn need(&self) -> Capability {
        match self {
            Self::Tls(_) => Capability::Tls,
            Self::ApiGateway(_) => Capability::ApiGateway,
            Self::LoadBalancer => Capability::LoadBalancer,
            Self::Cloudflare(_) => Capability::Cloudflare,
        }
    }
}

/// What came of a call.
#[derive(Debug, Clone, Default)]
pub struct ObservedResponse {
    /// The status.
    pub status: u16,
    /// The fields, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The request as it arrived upstream, if it did.
    pub upstream: Option<SeenRequest>,
    /// The audit event, if the host shows it.
    pub audit: Option<Value>,
    /// How often the store of API keys was read for it, if the host counts.
    pub reads: Option<u64>,
    /// How often an issuer's document was fetched for it, if the host counts.
    pub fetches: Option<u64>,
}

/// A request as it arrived somewhere.
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
