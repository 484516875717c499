//! The cases of a scenario file.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::scenario::expectation::Expectation;
use crate::scenario::host::Capability;

/// A request and its expected outcome.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// A sentence for reports.
    pub name: String,
    /// The endpoint that it is sent to.
    pub endpoint: Option<Endpoint>,
    /// Other endpoints that it is sent to as well, instead of the file's.
    pub also: Option<Vec<Endpoint>>,
    /// The capabilities that it needs besides the file's.
    #[serde(default)]
    pub needs: Vec<Capability>,
    /// What happens before.
    #[serde(default)]
    pub before: Before,
    /// Values for `{each}`. The case runs once with each of them.
    pub each: Option<Vec<String>>,
    /// `GET /path?query`: method, one space, and the target as it is sent.
    pub request: String,
    /// The `Host` field; by default `api.example.com`.
    pub host: Option<String>,
    /// HTTP/2's `:authority`.
    pub authority: Option<String>,
    /// Fields in order, as they are sent: `Name: value`.
    #[serde(default)]
    pub headers: Vec<String>,
    /// The body.
    #[serde(default)]
    pub body: String,
    /// The client's certificate, as the platform hands it over.
    pub handover: Option<CertificateSetup>,
    /// The address of the peer; by default loopback.
    pub from: Option<IpAddr>,
    /// The place where that address is, as the platform reports it.
    pub location: Option<LocationSetup>,
    /// The expected outcome.
    pub expect: Expect,
    /// Values of the answer's JSON to keep for later cases, by name: a JSON pointer (RFC 6901).
    #[serde(default)]
    pub keep: BTreeMap<String, String>,
}

/// How a platform hands a certificate over beside the header fields.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateSetup {
    /// The host's own listener: the name of a certificate.
    Tls(String),
    /// An API Gateway event: PEM.
    ApiGateway(String),
    /// A load balancer's event: its fields count.
    LoadBalancer(bool),
    /// `request.cf.tlsClientAuth`, by the names of its members.
    Cloudflare(BTreeMap<String, String>),
}

/// The endpoints of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Endpoint {
    /// A client's own request.
    Gateway,
    /// Forward-auth, as Traefik and Caddy ask.
    ForwardAuth,
    /// `POST /v1/verify`.
    Verify,
    /// The administration.
    Admin,
    /// A Lambda authorizer, which an API gateway calls about its client's request. It replaces
    /// [`Self::Gateway`] on that host; no file names it.
    #[serde(skip)]
    Authorizer,
}

/// Events before a case.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Before {
    /// Lets this much time pass.
    pub passes: Option<String>,
    /// Publishes another key set under the name of the first.
    pub publish: BTreeMap<String, String>,
    /// Makes the store of API keys fail, or answer again.
    pub store: Option<Store>,
}

/// Whether the store of API keys answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Store {
    /// The store answers.
    Up,
    /// The store fails.
    Down,
}

/// The expected outcome. An absent field is not checked, except that a refused request must not go
/// upstream.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The status.
    pub status: u16,
    /// The code of the refusal; absent if the request is allowed.
    pub code: Option<String>,
    /// Fields of the answer.
    #[serde(default)]
    pub headers: BTreeMap<String, Expectation>,
    /// Members of the answer's JSON; others may be there.
    #[serde(default)]
    pub json: Map<String, Value>,
    /// Fragments of the body.
    #[serde(default)]
    pub body: Vec<String>,
    /// Texts that the body does not have.
    #[serde(default)]
    pub lacks: Vec<String>,
    /// The request that arrives upstream; `false` if it must not arrive.
    pub upstream: Option<Upstream>,
    /// Members of the audit event.
    #[serde(default)]
    pub audit: BTreeMap<String, Expectation>,
    /// The number of reads of the API-key store.
    pub reads: Option<u64>,
    /// The number of fetches of issuers' documents.
    pub fetches: Option<u64>,
}

/// The expected request upstream.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Upstream {
    /// Whether it arrives.
    Arrives(bool),
    /// It arrives with these properties.
    Like(Arrived),
}

/// The expected properties of a request that arrived.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrived {
    /// Path and query.
    pub target: Option<String>,
    /// Fields.
    #[serde(default)]
    pub headers: BTreeMap<String, Expectation>,
    /// The whole body.
    pub body: Option<String>,
}

impl Upstream {
    /// Returns the expected properties, if there are any.
    pub(in crate::scenario) fn like(&self) -> Option<&Arrived> {
        match self {
            Self::Like(arrived) => Some(arrived),
            Self::Arrives(_) => None,
        }
    }
}

/// The place of a client, as a platform reports it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocationSetup {
    /// The country.
    pub country: Option<String>,
    /// The number of the autonomous system.
    pub asn: Option<u32>,
}
