//! The gate as a Lambda authorizer.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is a failed test"
)]

mod iam_soundness;
mod responses;
#[path = "../support/mod.rs"]
mod support;

use std::sync::Arc;

use edge_auth::Policy;
use edge_auth::aws::{ApiGatewayAuthorizer, ApiType, AuthorizerResult, iam_inexpressible};
use edge_auth::certificate::PlatformCertificate;
use edge_auth::endpoints::InboundRequest;
use edge_auth::policy::Format;
use edge_auth::{Gate, Headers};
use edge_auth_testkit::iam::allows as iam_allows;
use edge_auth_testkit::memory::MemoryApiKeys;
use edge_auth_testkit::mint::{Signer, compact};
use edge_auth_token::Algorithm;
use futures::executor::block_on;
use serde_json::{Value, json};
use support::{NOW, TRUST, TestPlatform};

/// What every ARN of these tests begins with.
const STAGE: &str = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/";

/// A gate without API keys.
fn gate(policy: &str) -> Arc<Gate<TestPlatform>> {
    gate_with(policy, &MemoryApiKeys::new())
}

/// A gate whose API keys are in this store.
fn gate_with(policy: &str, store: &MemoryApiKeys) -> Arc<Gate<TestPlatform>> {
    Arc::new(support::gate(policy, store))
}

fn authorizer(gate: &Arc<Gate<TestPlatform>>) -> ApiGatewayAuthorizer<TestPlatform> {
    ApiGatewayAuthorizer::new(Arc::clone(gate))
}

/// The same, unless the policy has mistakes.
fn try_gate(policy: &str) -> Option<Arc<Gate<TestPlatform>>> {
    Policy::parse(policy, Format::Toml, "policy.toml").ok().map(|_| gate(policy))
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
    let header = json!({ "alg": "HS256", "typ": "at+jwt" });
    let now = NOW.seconds();
    let claims = json!({
        "iss": format!("https://{issuer}.example/"), "aud": "api", "sub": "alice", "scope": scopes,
        "iat": now, "exp": now + 600,
    });
    let signer = Signer::Secret(TRUST.as_bytes(), Algorithm::Hs256);
    compact(header.to_string().as_bytes(), claims.to_string().as_bytes(), &signer)
}

/// Asks about a call with these fields.
fn ask(
    gate: &Arc<Gate<TestPlatform>>,
    api: ApiType,
    arn: &str,
    fields: &[(&str, &str)],
) -> AuthorizerResult {
    let fields: Vec<(&str, &[u8])> =
        fields.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    let incoming = InboundRequest {
        location: edge_auth::ClientLocation::default(),
        peer: None,
        platform_authenticated: false,
        method: "",
        host: Some("api.example.com"),
        authority: None,
        target: "",
        headers: Headers(&fields),
        certificate: PlatformCertificate::Nothing,
    };
    block_on(authorizer(gate).authorize_method(api, arn, &incoming, NOW))
}

/// The answer, as API Gateway reads it.
fn json(answered: &AuthorizerResult) -> Value {
    serde_json::to_value(answered.0.as_ref().unwrap()).unwrap()
}
