//! An administrator at a gate.

use edge_auth::bootstrap_secret::{BOOTSTRAP_PREFIX, bootstrap_hash};
use edge_auth::certificate::PlatformCertificate;
use edge_auth::endpoints::{GatewayEndpoint, InboundRequest};
use edge_auth::{AuditEvent, Code, Gate, Headers, Reply};
use edge_auth_control::AdminApi;
use edge_auth_testkit::memory::MemoryApiKeys;
use edge_auth_testkit::platform::MemoryPlatform;
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_token::{Secret, Timestamp};
use futures::executor::block_on;
use serde_json::{Value, json};

use crate::openapi;
use edge_auth_testkit::gates::{NOW, fields, gate};

/// Keys of partners, of the staff and of another system; the staff's open the administration.
pub(crate) const BLOCKS: &str = r#"
[[api_key]]
name = "partners"
prefix = "acme"
pepper = "PEPPER"

[[api_key]]
name = "staff"
prefix = "staff"
pepper = "PEPPER"

[[api_key]]
name = "legacy"
pepper = "PEPPER"
imported = { hash = "sha256" }

[[rule]]
path = "/orders"
require = { any = ["key:partners", "key:legacy"] }
scopes = ["orders:read"]
"#;

/// The rule that lets the staff's keys administer.
pub(crate) const STAFF: &str = r#"
[[rule]]
path = "/admin/v1/{*rest}"
require = "key:staff"
scopes = { any_of = ["edge-auth:keys:read", "edge-auth:keys:write"] }
"#;

pub(crate) struct Fixture {
    pub gate: Gate<MemoryPlatform>,
    pub store: MemoryApiKeys,
    pub randomness: SeededRandomness,
    pub now: Timestamp,
}

pub(crate) struct Response {
    pub status: u16,
    /// The body as JSON.
    pub body: Value,
    pub reply: Reply,
    pub audit: AuditEvent,
}

impl Fixture {
    /// With the bootstrap secret and with a rule for the staff.
    pub(crate) fn open() -> Self {
        let admin = format!(
            "[admin]\nbootstrap_hash = \"{}\"\n",
            bootstrap_hash(&Secret::new(bootstrap()))
        );
        Self::of(&format!("{admin}{BLOCKS}{STAFF}"))
    }

    pub(crate) fn of(policy: &str) -> Self {
        let store = MemoryApiKeys::new();
        let gate = gate(policy, &store);
        Self { gate, store, randomness: SeededRandomness::new(2), now: NOW }
    }

    /// Asks with these headers. Every response is as described, and neither its error
    /// nor the audit log has a credential.
    pub(crate) fn ask(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response {
        let sent = fields(headers);
        let incoming = InboundRequest {
            location: edge_auth::ClientLocation::default(),
            peer: Some("192.0.2.1".parse().unwrap()),
            platform_authenticated: false,
            method,
            host: Some("gate.example"),
            authority: None,
            target,
            headers: Headers(&sent),
            certificate: PlatformCertificate::Nothing,
        };
        let api = AdminApi::new(&self.gate, self.gate.platform());
        let asked = api.answer(&incoming, body.as_bytes(), &self.randomness, self.now);
        let (reply, outcome) = block_on(asked);
        let answer = Response {
            status: reply.status,
            body: serde_json::from_slice(&reply.body).unwrap(),
            audit: outcome.audit.unwrap(),
            reply,
        };
        openapi::check(method, target.split('?').next().unwrap(), answer.status, &answer.body);
        answer.keeps_secret(headers);
        answer
    }

    /// Asks with the bootstrap secret.
    pub(crate) fn boot(&self, method: &str, target: &str, body: &str) -> Response {
        self.ask(method, target, &[("authorization", &format!("Bearer {}", bootstrap()))], body)
    }

    pub(crate) fn get(&self, target: &str) -> Response {
        self.boot("GET", target, "")
    }

    pub(crate) fn post(&self, target: &str, body: &str) -> Response {
        self.boot("POST", target, body)
    }

    /// Makes a key with this scope that expires in 90 days: its id and its text.
    pub(crate) fn key(&self, block: &str, scope: &str) -> (String, String) {
        let request = json!({"block": block, "scopes": [scope], "expires": "90d"});
        let made = self.post("/admin/v1/keys", &request.to_string());
        assert_eq!(made.status, 201, "{}", made.body);
        (made.id(), made.secret())
    }

    /// Returns the decision about a request for `/orders` with this key.
    pub(crate) fn orders(&self, key: &str) -> Result<(), Code> {
        let sent = fields(&[("x-api-key", key)]);
        let incoming = InboundRequest {
            location: edge_auth::ClientLocation::default(),
            peer: Some("192.0.2.1".parse().unwrap()),
            platform_authenticated: false,
            method: "GET",
            host: Some("gate.example"),
            authority: None,
            target: "/orders",
            headers: Headers(&sent),
            certificate: PlatformCertificate::Nothing,
        };
        let gateway = GatewayEndpoint::new(&self.gate);
        block_on(gateway.decide(&incoming, self.now)).1.code().map_or(Ok(()), Err)
    }
}

impl Response {
    pub(crate) fn id(&self) -> String {
        self.body["key"]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn secret(&self) -> String {
        self.body["secret"].as_str().unwrap().to_owned()
    }

    pub(crate) fn detail(&self) -> &str {
        self.body["detail"].as_str().unwrap_or_default()
    }

    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// Returns administrator, action and key of the audit event.
    pub(crate) fn logged(&self) -> (Option<&str>, Option<&str>, Option<&str>) {
        let AuditEvent { principal, action, key, .. } = &self.audit;
        (principal.as_deref(), action.as_deref(), key.as_deref())
    }

    fn keeps_secret(&self, headers: &[(&str, &str)]) {
        let audit = serde_json::to_string(&self.audit).unwrap();
        let presented = headers.iter().map(|(_, value)| value.rsplit(' ').next().unwrap());
        for secret in presented.chain(self.body["secret"].as_str()) {
            assert!(!audit.contains(secret), "{audit}");
            assert!(self.status < 400 || !self.body.to_string().contains(secret), "{}", self.body);
        }
    }
}

pub(crate) fn bootstrap() -> String {
    format!("{BOOTSTRAP_PREFIX}0123456789abcdef")
}
