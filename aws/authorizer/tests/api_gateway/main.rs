//! An API behind a local API Gateway (MiniStack), which asks the real program and keeps its
//! answers.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is a failed test"
)]

mod apis;
mod ministack;

use edge_auth_testkit::mint::{Signer, compact};
use edge_auth_token::Algorithm;
use serde_json::json;

use apis::{Authorizer, Rest};
use ministack::MiniStack;

const SECRET: &str = "a secret of at least thirty-two bytes";

const POLICY: &str = r#"
[[issuer]]
name = "corp"
issuer = "https://corp.example/"
audience = "api"
keys = { secret = "HMAC" }

[[rule]]
path = "/orders/{id}"
methods = ["GET"]
require = "jwt:corp"

[[rule]]
path = "/files/{*rest}"
methods = ["GET"]
require = "jwt:corp"

[[rule]]
path = "/secret"
require = "jwt:corp"
scopes = ["root"]
"#;

fn bearer(subject: &str) -> String {
    let header = json!({ "alg": "HS256", "typ": "at+jwt" });
    let claims = json!({
        "iss": "https://corp.example/", "aud": "api", "sub": subject, "exp": 4_000_000_000_u64, "scope": "some",
    });
    let signer = Signer::Secret(SECRET.as_bytes(), Algorithm::Hs256);
    format!(
        "Bearer {}",
        compact(header.to_string().as_bytes(), claims.to_string().as_bytes(), &signer)
    )
}

/// Checks that the answer to one route allows another one, and nothing that the gate refuses.
fn one_answer_is_right_for_all_routes(authorizer: Authorizer) {
    let cloud = MiniStack::start();
    cloud.deploy(POLICY, &[("HMAC", SECRET)]);
    let api = Rest::with(&cloud, authorizer, 300, &["/orders/{id}", "/files/{proxy+}", "/secret"]);
    let token = bearer("alice");
    let get = |path: &str, token: &str| api.get(path, &[("Authorization", token)]).status;
    assert_eq!(get("/orders/1", &token), 200);
    assert_eq!(cloud.invocations(), 1);
    assert_eq!(get("/orders/2", &token), 200);
    assert_eq!(get("/files/a/b", &token), 200);
    assert_eq!(get("/secret", &token), 403);
    assert_eq!(get("/files/%2e%2e/secret", &token), 403);
    assert_eq!(cloud.invocations(), 1, "the answer is kept");
    // A refused first call is refused on its route only.
    let other = bearer("bob");
    assert_eq!(get("/secret", &other), 403);
    assert_eq!(get("/orders/1", &other), 200);
    assert_eq!(cloud.invocations(), 2);
    // An error is not kept.
    assert_eq!(get("/orders/1", "Bearer a.b.c"), 401);
    assert_eq!(get("/orders/1", "Bearer a.b.c"), 401);
    assert_eq!(cloud.invocations(), 4);
    assert_eq!(api.get("/orders/1", &[]).status, 401);
    assert_eq!(cloud.invocations(), 4);
}

#[test]
fn a_rest_api_with_a_token_authorizer_keeps_one_answer_for_all_routes() {
    one_answer_is_right_for_all_routes(Authorizer::Token);
}

#[test]
fn a_rest_api_with_a_request_authorizer_keeps_one_answer_for_all_routes() {
    one_answer_is_right_for_all_routes(Authorizer::Request);
}

#[test]
fn an_http_api_with_simple_responses_keeps_one_answer_for_each_route() {
    let cloud = MiniStack::start();
    cloud.deploy(POLICY, &[("HMAC", SECRET)]);
    let api =
        apis::Http::with(&cloud, true, &["GET /orders/{id}", "GET /files/{proxy+}", "GET /secret"]);
    let token = bearer("alice");
    let get = |path: &str, token: &str| api.get(path, &[("authorization", token)]).status;
    assert_eq!(get("/orders/1", &token), 200);
    assert_eq!(get("/orders/2", &token), 200);
    assert_eq!(cloud.invocations(), 1);
    assert_eq!(get("/files/a", &token), 200);
    assert_eq!(get("/secret", &token), 403);
    assert_eq!(cloud.invocations(), 3);
    assert_eq!(get("/orders/1", "Bearer a.b.c"), 403);
}

#[test]
fn an_http_api_with_policies_keeps_one_answer_for_all_routes() {
    let cloud = MiniStack::start();
    // Rules without wildcards: answers by rules with wildcards are not kept for decoded paths.
    let exact = POLICY.replace("{id}", "1").replace("{*rest}", "a");
    cloud.deploy(&format!("{exact}\n[aws]\nhttp_api = \"iam\"\n"), &[("HMAC", SECRET)]);
    let api = apis::Http::with(
        &cloud,
        false,
        &["GET /orders/{id}", "GET /files/{proxy+}", "GET /secret"],
    );
    let token = bearer("alice");
    let get = |path: &str| api.get(path, &[("authorization", &token)]).status;
    assert_eq!((get("/orders/1"), get("/files/a"), get("/secret")), (200, 200, 403));
    assert_eq!(cloud.invocations(), 1);
}
