//! The shape of a scenario file. `tests/scenarios/README.md` describes it for those who write one.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::expectation::Expectation;
use super::host::Capability;

/// One file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioFile {
    /// The policy, as TOML.
    pub policy: String,
    /// The proxies that the file is about: it is run once for each, whose name stands for `{proxy}`
    /// in the policy.
    #[serde(default)]
    pub proxies: Vec<String>,
    /// The policy under which the keys were made, if it was another one.
    pub policy_before: Option<String>,
    /// What the host says at its start: fragments, each of which must be there.
    #[serde(default)]
    pub notices: Vec<String>,
    /// Endpoints that the cases of the gateway are sent to as well.
    #[serde(default)]
    pub also: Vec<Endpoint>,
    /// What all of the file's cases need.
    #[serde(default)]
    pub needs: Vec<Capability>,
    /// The secrets that the policy names.
    #[serde(default)]
    pub secret: BTreeMap<String, String>,
    /// The key sets that issuers publish.
    #[serde(default)]
    pub jwks: BTreeMap<String, Jwks>,
    /// The issuers that have a discovery document.
    #[serde(default)]
    pub issuer: BTreeMap<String, IssuerSetup>,
    /// The files beside the policy, as text.
    #[serde(default)]
    pub file: BTreeMap<String, String>,
    /// What tokens have in their header and claims unless they say otherwise.
    #[serde(default)]
    pub every_token: EveryToken,
    /// The authorities that issue client certificates.
    #[serde(default)]
    pub authority: BTreeMap<String, Authority>,
    /// The client certificates.
    #[serde(default)]
    pub certificate: BTreeMap<String, Certificate>,
    /// The tokens.
    #[serde(default)]
    pub token: BTreeMap<String, Token>,
    /// The API keys.
    #[serde(default)]
    pub key: BTreeMap<String, Key>,
    /// Tokens and keys that were tampered with.
    #[serde(default)]
    pub altered: BTreeMap<String, Tampering>,
    /// Policies that no host may start with.
    #[serde(default)]
    pub refused: Vec<Refused>,
    /// The requests, in order.
    #[serde(default)]
    pub case: Vec<Case>,
}

/// One key set: how it is served, and what is in it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Jwks {
    /// The keys: a test key's name, or a table with members to add or change.
    pub keys: Vec<JwksKey>,
    /// The whole document instead, as text.
    pub text: Option<String>,
    /// The HTTP status, if it is not 200.
    pub status: Option<u16>,
    /// Where a redirect leads.
    pub location: Option<String>,
}

/// One key of a set.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum JwksKey {
    /// A test key, its name as `kid`.
    Named(String),
    /// A test key (`of`), without some members (`without`), and with others.
    Changed {
        /// The test key.
        of: Option<String>,
        /// Members to leave out.
        #[serde(default)]
        without: Vec<String>,
        /// Members to set.
        #[serde(flatten)]
        members: Map<String, Value>,
    },
}

/// An issuer's metadata; its `issuer` is its own URL unless `issuer` says otherwise.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerSetup {
    /// What the document says of its issuer.
    pub issuer: Option<String>,
    /// Where the keys are.
    pub jwks_uri: String,
}

/// An authority. Those above it come before it in the order of names.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Authority {
    /// The one above it; a root has none.
    pub under: Option<String>,
    /// Its common name; its name here if nothing is said.
    pub common_name: Option<String>,
    /// Whether it has expired.
    pub expired: bool,
}

/// A client's certificate.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// The authority that issued it; self-signed if nothing is said.
    pub by: Option<String>,
    /// Its alternative name that is a URI.
    pub san_uri: Option<String>,
    /// Its alternative name that is a host's.
    pub san_dns: Option<String>,
    /// Its subject's common name.
    pub common_name: Option<String>,
    /// Its serial number; the same for all if nothing is said.
    pub serial: Option<u8>,
    /// Whether it has expired.
    #[serde(default)]
    pub expired: bool,
    /// Whether it is not good yet.
    #[serde(default)]
    pub early: bool,
    /// Whether it is a server's.
    #[serde(default)]
    pub server: bool,
    /// Whether its key is too weak.
    #[serde(default)]
    pub weak: bool,
}

/// What tokens have unless they say otherwise.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EveryToken {
    /// Header members.
    pub header: Map<String, Value>,
    /// Claims.
    pub claims: Map<String, Value>,
}

/// One token.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Token {
    /// The test key that signs; `p256` if nothing is said.
    pub key: Option<String>,
    /// A shared secret that signs instead.
    pub secret: Option<String>,
    /// The algorithm that signs, and the header's `alg`.
    pub alg: Option<String>,
    /// Instead of a good signature: `der`, `empty` or hexadecimal digits.
    pub signature: Option<String>,
    /// Header members to set.
    pub header: Map<String, Value>,
    /// Claims to set. Text like `+5m` and `-1h` is a time.
    pub claims: Map<String, Value>,
    /// Header members and claims to leave out.
    pub without: Vec<String>,
    /// The whole header instead, as text.
    pub header_text: Option<String>,
    /// The whole payload instead, as text.
    pub claims_text: Option<String>,
    /// `utf-16` instead of UTF-8 for header and payload.
    pub utf16: bool,
}

/// One API key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// The policy's block.
    pub block: String,
    /// When it was made, relative to now: `-2d`.
    pub made: Option<String>,
    /// Its scopes; none is all of them.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Whose it is.
    pub owner: Option<String>,
    /// When it expires, as an administrator says it; never if nothing is said.
    pub expires: Option<String>,
    /// From where it may be used.
    #[serde(default)]
    pub networks: Vec<String>,
    /// An imported key's text.
    pub text: Option<String>,
    /// An imported key's hash.
    pub hash: Option<String>,
    /// What happened to it since, in order.
    #[serde(default)]
    pub then: Vec<Event>,
}

/// What happened to a key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, tag = "do", rename_all = "kebab-case")]
pub enum Event {
    /// A new secret.
    Rotate {
        /// How long the old one stays good.
        overlap: String,
        /// When, relative to now.
        when: Option<String>,
    },
    /// Switched off.
    Disable,
    /// Switched on.
    Enable,
    /// Ended.
    Revoke {
        /// Why.
        reason: String,
    },
    /// Brought under the current pepper.
    Wrap,
    /// The stored record was changed by someone who can write to the store.
    Edit {
        /// Text in the record.
        from: String,
        /// What stands there now.
        to: String,
    },
    /// The stored record was replaced by another key's, under this key's id.
    Overwrite {
        /// The other key.
        with: String,
    },
}

/// A text that was tampered with; the changes are made in this order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tampering {
    /// The text: `{token:alice}`.
    pub of: String,
    /// Pairs of what stands there, once, and what is put there instead.
    #[serde(default)]
    pub replace: Vec<(String, String)>,
    /// Positions of digits (base62 or base64url) to change into another; negative ones count from
    /// the end.
    #[serde(default)]
    pub change: Vec<i64>,
    /// How many characters to take away from the end.
    #[serde(default)]
    pub cut: usize,
    /// What to put behind.
    #[serde(default)]
    pub append: String,
    /// Whether to make an API key's checksum right again.
    #[serde(default)]
    pub checksum: bool,
}

/// A policy that no host may start with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// A sentence.
    pub name: String,
    /// The policy.
    pub policy: String,
    /// A fragment of what the operator is told.
    pub says: String,
}

/// One request and what must come of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// A sentence.
    pub name: String,
    /// How it is asked.
    pub endpoint: Option<Endpoint>,
    /// Other endpoints than the file's through which it is asked as well.
    pub also: Option<Vec<Endpoint>>,
    /// What it needs beyond the file's needs.
    #[serde(default)]
    pub needs: Vec<Capability>,
    /// What happens before.
    #[serde(default)]
    pub before: Before,
    /// Values for `{each}`: the case is run with each of them.
    pub each: Option<Vec<String>>,
    /// `GET /path?query`: method, one space, and the target as it is sent.
    pub request: String,
    /// The `ScenarioHost`; `api.example.com` if nothing is said.
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
    /// The address at the other end of the connection; this machine if nothing is said.
    pub from: Option<IpAddr>,
    /// Where the platform says that address is.
    pub location: Option<LocationSetup>,
    /// What must come of it.
    pub expect: Expect,
    /// Values of the answer's JSON to keep for later cases, by name: a JSON pointer (RFC 6901).
    #[serde(default)]
    pub keep: BTreeMap<String, String>,
}

/// Where a platform says that a client is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocationSetup {
    /// Its country, as the platform writes it.
    pub country: Option<String>,
    /// The number of its autonomous system.
    pub asn: Option<u32>,
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

/// The ways to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Endpoint {
    /// A client's own request.
    Gateway,
    /// A proxy's question, in Traefik's and Caddy's manner.
    ForwardAuth,
    /// An application's question in JSON.
    Verify,
    /// The administration.
    Admin,
    /// An API gateway's question about its own client's request; asked instead of
    /// [`Self::Gateway`], and never by a file.
    #[serde(skip)]
    Authorizer,
}

/// What happens before a case.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Before {
    /// Time passes.
    pub passes: Option<String>,
    /// A key set is replaced by another.
    pub publish: BTreeMap<String, String>,
    /// The store of API keys stops answering, or answers again.
    pub store: Option<Store>,
}

/// Whether the store of API keys answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Store {
    /// It does.
    Up,
    /// It does not.
    Down,
}

/// What must come of a request. What is not said is not looked at, except that a refused request
/// must not go upstream.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The status.
    pub status: u16,
    /// The code of the refusal; a request without one is allowed.
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
    /// The request as it arrives upstream; `false` if it must not.
    pub upstream: Option<Upstream>,
    /// Members of the audit event.
    #[serde(default)]
    pub audit: BTreeMap<String, Expectation>,
    /// How often the store of API keys is read.
    pub reads: Option<u64>,
    /// How often an issuer's document is fetched.
    pub fetches: Option<u64>,
}

/// The request as it arrives upstream.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Upstream {
    /// Whether it does at all.
    Arrives(bool),
    /// It does, like this.
    Like(Arrived),
}

/// What must be seen of a request that arrived.
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
    /// What must be seen of it, if that is said.
    pub(super) fn like(&self) -> Option<&Arrived> {
        match self {
            Self::Like(arrived) => Some(arrived),
            Self::Arrives(_) => None,
        }
    }
}
