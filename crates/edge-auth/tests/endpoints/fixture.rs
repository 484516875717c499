//! A gate with a public path and one that requires a key, with all its endpoints.

use edge_auth::certificate::PlatformCertificate;
use edge_auth::endpoints::{ForwardAuth, GatewayEndpoint, InboundRequest, VerifyEndpoint};
use edge_auth::{Gate, Headers, Outcome, Reply};
use edge_auth_testkit::memory::MemoryApiKeys;
use edge_auth_testkit::platform::MemoryPlatform;
use edge_auth_testkit::randomness::SeededRandomness;
use futures::executor::block_on;

use edge_auth_testkit::gates::{NOW, gate, key_service};

/// An address that [`TRUSTED`] trusts.
pub(crate) const PROXY: &str = "10.1.2.3";
pub(crate) const TRUSTED: &str = "[trust]\nnetworks = [\"10.0.0.0/8\"]\n";

const RULES: &str = r#"
[[api_key]]
name = "partners"
prefix = "acme"
pepper = "PEPPER"

[[rule]]
path = "/open"
public = true

[[rule]]
path = "/orders/{id}"
methods = ["GET"]
require = "key:partners"
scopes = ["orders:read"]
"#;

/// Header fields as they were sent.
pub(crate) type Sent<'a> = &'a [(&'a str, &'a [u8])];

/// The `[forward_auth]` of a proxy.
pub(crate) fn forward_auth(proxy: &str) -> String {
    format!("[forward_auth]\nproxy = \"{proxy}\"\n")
}

pub(crate) struct Fixture {
    gate: Gate<MemoryPlatform>,
    pub store: MemoryApiKeys,
    /// A key for `/orders/…`.
    pub key: String,
    /// Its id.
    pub id: String,
}

impl Fixture {
    /// Makes a gate with `before` in front of the rules, and `after` behind them.
    pub(crate) fn of(before: &str, after: &str) -> Self {
        let policy = format!("{before}{RULES}{after}");
        let store = MemoryApiKeys::new();
        let request = edge_auth_control::CreateKeyRequest {
            block: "partners".to_owned(),
            owner: Some("team data".to_owned()),
            scopes: vec!["orders:read".to_owned()],
            never_expires: true,
            ..Default::default()
        };
        let key_service = key_service(&policy, &store);
        let (key, text) =
            block_on(key_service.create(request, &SeededRandomness::new(2), NOW)).unwrap();
        let (id, key) = (key.id().to_owned(), text.expose().to_owned());
        Self { gate: gate(&policy, &store), store, key, id }
    }

    pub(crate) fn gate(&self) -> &Gate<MemoryPlatform> {
        &self.gate
    }

    /// Asks the forward-auth endpoint, at `/authorize`.
    pub(crate) fn forward(
        &self,
        peer: &str,
        method: &str,
        target: &str,
        headers: Sent<'_>,
    ) -> (Reply, Outcome) {
        let incoming = incoming(peer, method, target, headers);
        block_on(ForwardAuth::new(&self.gate).answer(&incoming, "/authorize", NOW))
    }

    pub(crate) fn gateway(&self, incoming: &InboundRequest<'_>) -> (Option<Reply>, Outcome) {
        block_on(GatewayEndpoint::new(&self.gate).decide(incoming, NOW))
    }

    pub(crate) fn verify(&self, peer: &str, headers: Sent<'_>, body: &str) -> (Reply, Outcome) {
        let incoming = incoming(peer, "POST", "/v1/verify", headers);
        block_on(VerifyEndpoint::new(&self.gate).answer(&incoming, body.as_bytes(), NOW))
    }
}

/// A request. The peer is unknown if `peer` is not an address.
pub(crate) fn incoming<'a>(
    peer: &str,
    method: &'a str,
    target: &'a str,
    headers: &'a [(&'a str, &'a [u8])],
) -> InboundRequest<'a> {
    let peer = peer.parse().ok();
    InboundRequest {
        location: edge_auth::ClientLocation::default(),
        peer,
        method,
        host: Some("gate.example"),
        authority: None,
        target,
        headers: Headers(headers),
        certificate: PlatformCertificate::Nothing,
        platform_authenticated: false,
    }
}

/// Returns the code in a problem's body.
pub(crate) fn code(reply: &Reply) -> String {
    let problem: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    problem["code"].as_str().unwrap().to_owned()
}
