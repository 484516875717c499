//! Sends every kind of event to the real program.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is a failed test"
)]

mod bad;
mod certificates;
#[path = "../common/mod.rs"]
mod common;
mod kinds;
mod samples;
mod slow;

use edge_auth_testkit::mint::{Signer, compact};
use edge_auth_token::Algorithm;
use serde_json::json;

use common::Running;

/// The beginning of every ARN of these tests.
const STAGE: &str = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/";
const SECRET: &str = "a secret of at least thirty-two bytes";

const POLICY: &str = r#"
[[issuer]]
name = "corp"
issuer = "https://corp.example/"
audience = "api"
keys = { secret = "HMAC" }

[forward_auth]
proxy = "traefik"

[admin]

[[rule]]
path = "/v1/orders/{id}"
methods = ["GET"]
require = "jwt:corp"

[[rule]]
path = "/graphql"
methods = ["POST"]
require = "jwt:corp"

[[rule]]
path = "/$connect"
require = "jwt:corp"
upgrade = true

[[rule]]
path = "/admin/v1/{*rest}"
require = "jwt:corp"
scopes = ["edge-auth:keys:read"]
"#;

/// Starts a function with this policy.
fn running(policy: &str) -> Running {
    Running::with(policy, &[("HMAC", SECRET)])
}

/// Returns a field's value with a good token.
fn bearer() -> String {
    let header = json!({ "alg": "HS256", "typ": "at+jwt" });
    let claims = json!({
        "iss": "https://corp.example/", "aud": "api", "sub": "alice", "exp": 4_000_000_000_u64,
        "scope": "edge-auth:keys:read",
    });
    let signer = Signer::Secret(SECRET.as_bytes(), Algorithm::Hs256);
    format!(
        "Bearer {}",
        compact(header.to_string().as_bytes(), claims.to_string().as_bytes(), &signer)
    )
}
