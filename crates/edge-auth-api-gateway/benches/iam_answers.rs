//! The cost of an authorizer's IAM policy by the number of the policy's rules: `cargo bench -p
//! edge-auth-api-gateway`.
//!
//! The first answer includes what an authorizer works out once about its rules.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic ends the measurement"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use divan::Bencher;
use edge_auth::certificate::PlatformCertificate;
use edge_auth::endpoints::InboundRequest;
use edge_auth::policy::Format;
use edge_auth::{Gate, Headers, Policy};
use edge_auth_api_gateway::{ApiGatewayAuthorizer, ApiType};
use edge_auth_testkit::documents::Documents;
use edge_auth_testkit::mint::{Signer, TestKey, compact};
use edge_auth_testkit::platform::{MapSecretProvider, MemoryPlatform};
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_token::{AwsLcRs, Timestamp};
use futures::executor::block_on;
use serde_json::json;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const RULES: [usize; 3] = [10, 100, 300];
const ARN: &str =
    "arn:aws:execute-api:eu-west-1:123456789012:abcdef123/prod/GET/v1/tenant-7/resource-7/42";
const POLICY: &str = r#"
[[issuer]]
name = "corp"
issuer = "https://login.example.com/"
audience = "https://api.example.com"
keys = { jwks_file = "jwks.json" }
"#;

fn main() {
    divan::main();
}

#[divan::bench(args = RULES, sample_count = 20, sample_size = 1)]
fn first_answer(bencher: Bencher<'_, '_>, rules: usize) {
    let gate = gate(rules);
    let token = token();
    bencher.bench_local(|| ask(&ApiGatewayAuthorizer::new(Arc::clone(&gate)), &token));
}

#[divan::bench(args = RULES, sample_count = 20, sample_size = 10)]
fn next_answer(bencher: Bencher<'_, '_>, rules: usize) {
    let authorizer = ApiGatewayAuthorizer::new(gate(rules));
    let token = token();
    ask(&authorizer, &token);
    bencher.bench_local(|| ask(&authorizer, &token));
}

/// Makes a gate with rules that differ in the third segment, so that no comparison ends early.
fn gate(rules: usize) -> Arc<Gate<MemoryPlatform>> {
    let mut text = POLICY.to_owned();
    for n in 0..rules {
        let methods = if n % 2 == 0 { "" } else { "methods = [\"GET\", \"POST\"]\n" };
        let path = format!("/v1/{{tenant}}/resource-{n}/{{id}}");
        writeln!(text, "[[rule]]\npath = \"{path}\"\n{methods}require = \"jwt:corp\"").unwrap();
    }
    let policy = Policy::parse(&text, Format::Toml, "policy.toml").unwrap();
    let jwks = json!({ "keys": [TestKey::named("p256").unwrap().jwk()] }).to_string();
    let secrets = MapSecretProvider {
        secrets: BTreeMap::new(),
        files: BTreeMap::from([("jwks.json".to_owned(), jwks.into_bytes())]),
    };
    let platform = MemoryPlatform::new(Documents::default(), "http://127.0.0.1:1");
    let randomness = SeededRandomness::new(1);
    Arc::new(Gate::new(policy, &secrets, Box::new(AwsLcRs), platform, &randomness).unwrap().0)
}

fn token() -> String {
    let key = TestKey::named("p256").unwrap();
    let claims = json!({
        "iss": "https://login.example.com/",
        "aud": "https://api.example.com",
        "sub": "alice",
        "exp": NOW.seconds() + 3600,
    });
    let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": "p256" });
    let signer = Signer::Key(key, key.algorithm);
    let token = compact(header.to_string().as_bytes(), claims.to_string().as_bytes(), &signer);
    format!("Bearer {token}")
}

/// Asks about one call, which is allowed.
fn ask(authorizer: &ApiGatewayAuthorizer<MemoryPlatform>, token: &str) {
    let fields = [("authorization", token.as_bytes())];
    let event = InboundRequest {
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
    let answering = authorizer.authorize_method(ApiType::Rest, ARN, &event, NOW);
    let (answer, outcome) = block_on(answering);
    assert!(answer.is_ok() && outcome.code().is_none(), "{:?}", outcome.code());
}
