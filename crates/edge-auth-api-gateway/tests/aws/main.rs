//! The gate as a Lambda authorizer of API Gateway.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is a failed test"
)]

mod event_kinds;
mod iam_soundness;
mod outages;
mod policies;
mod refusals;
mod size_limits;

use std::sync::Arc;

use edge_auth::Policy;
use edge_auth::certificate::PlatformCertificate;
use edge_auth::endpoints::InboundRequest;
use edge_auth::policy::Format;
use edge_auth::{Gate, Headers};
use edge_auth_api_gateway::{ApiGatewayAuthorizer, ApiType, AuthorizerResult, iam_inexpressible};
use edge_auth_testkit::gates::{self, NOW, TRUST};
use edge_auth_testkit::iam::allows as iam_allows;
use edge_auth_testkit::memory::MemoryApiKeys;
use edge_auth_testkit::mint::{Signer, compact};
use edge_auth_testkit::platform::MemoryPlatform;
use edge_auth_token::Algorithm;
use futures::executor::block_on;
use serde_json::{Value, json};

/// The beginning of every ARN in these tests.
const STAGE: &str = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/";

/// A gate without API keys.
fn gate(policy: &str) -> Arc<Gate<MemoryPlatform>> {
    gate_with(policy, &MemoryApiKeys::new())
}

/// A gate whose API keys are in this store.
fn gate_with(policy: &str, store: &MemoryApiKeys) -> Arc<Gate<MemoryPlatform>> {
    Arc::new(gates::gate(policy, store))
}

/// The authorizer of a gate.
fn authorizer(gate: &Arc<Gate<MemoryPlatform>>) -> ApiGatewayAuthorizer<MemoryPlatform> {
    ApiGatewayAuthorizer::new(Arc::clone(gate))
}

/// A gate without API keys, unless the policy has mistakes.
fn try_gate(policy: &str) -> Option<Arc<Gate<MemoryPlatform>>> {
    Policy::parse(policy, Format::Toml, "policy.toml").ok()?;
    Some(gate(policy))
}

/// A gate with the issuer `corp` and these rules.
fn gate_of(rules: &str) -> Arc<Gate<MemoryPlatform>> {
    gate(&format!("{}{rules}", issuer("corp")))
}

/// A gate with rules of every sort.
fn orders() -> Arc<Gate<MemoryPlatform>> {
    let rules = r#"
[[rule]]
path = "/v1/orders/{id}"
methods = ["GET"]
require = "jwt:corp"
scopes = ["orders:read"]

[[rule]]
path = "/v1/files/secret"
require = "jwt:corp"
scopes = ["root"]

[[rule]]
path = "/v1/files/{*rest}"
methods = ["GET"]
require = "jwt:corp"

[[rule]]
path = "/health"
public = true

[[rule]]
path = "/$connect"
require = "jwt:corp"
upgrade = true
"#;
    gate(&format!("{}{rules}", issuer("corp")))
}

/// An issuer whose tokens are signed with the secret `TRUST`.
fn issuer(name: &str) -> String {
    format!(
        "[[issuer]]\nname = \"{name}\"\nissuer = \"https://{name}.example/\"\naudience = \"api\"\n\
         keys = {{ secret = \"TRUST\" }}\n"
    )
}

/// A token of that issuer.
fn token(issuer: &str, scopes: &str) -> String {
    token_of(&format!("https://{issuer}.example/"), scopes)
}

/// A token with this `iss`.
fn token_of(iss: &str, scopes: &str) -> String {
    let header = json!({ "alg": "HS256", "typ": "at+jwt" });
    let now = NOW.seconds();
    let claims = json!({
        "iss": iss, "aud": "api", "sub": "alice", "scope": scopes,
        "iat": now, "exp": now + 600,
    });
    let signer = Signer::Secret(TRUST.as_bytes(), Algorithm::Hs256);
    compact(header.to_string().as_bytes(), claims.to_string().as_bytes(), &signer)
}

/// An `Authorization` value with a token of `corp`.
fn bearer(scopes: &str) -> String {
    format!("Bearer {}", token("corp", scopes))
}

/// Asks about a call with these fields.
fn ask(
    gate: &Arc<Gate<MemoryPlatform>>,
    api: ApiType,
    arn: &str,
    fields: &[(&str, &str)],
) -> AuthorizerResult {
    let fields: Vec<(&str, &[u8])> =
        fields.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    block_on(authorizer(gate).authorize_method(api, arn, &event(&fields), NOW))
}

/// An event with these fields.
fn event<'a>(fields: &'a [(&'a str, &'a [u8])]) -> InboundRequest<'a> {
    InboundRequest {
        location: edge_auth::ClientLocation::default(),
        peer: None,
        platform_authenticated: false,
        method: "",
        host: Some("api.example.com"),
        authority: None,
        target: "",
        headers: Headers(fields),
        certificate: PlatformCertificate::Nothing,
    }
}

/// The response, as API Gateway reads it.
fn json(answered: &AuthorizerResult) -> Value {
    serde_json::to_value(answered.0.as_ref().unwrap()).unwrap()
}
