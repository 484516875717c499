//! Decisions about requests, and the answers that clients get.

use edge_auth_e2e::Gate;
use serde_json::{Value, json};

use crate::caller::{bearer, now, signed_by, token};
use crate::front::Front;

const ORDER: &str = "/orders/42";

pub(crate) fn are_the_gates(front: &Front) {
    let gate = front.gate.as_ref().expect("a gate");

    let good = bearer(&token(json!({})));
    passes(front, ORDER, &[("Authorization", &good)]);
    passes(
        front,
        "/orders/42?page=2&next=/admin/x",
        &[("authorization", &good), ("Accept", "*/*")],
    );
    let (key, _) = create(gate, &["--scope", "orders:read"]);
    passes(front, ORDER, &[("X-API-Key", &key)]);
    passes(front, ORDER, &[("Authorization", &format!("ApiKey {key}"))]);
    passes(front, "/public/page", &[]);
    let many: String = (0..400).map(|number| format!(" other:{number}")).collect();
    passes(
        front,
        ORDER,
        &[("Authorization", &bearer(&token(json!({ "scope": format!("orders:read{many}") }))))],
    );

    refused(front, ORDER, &[], 401, "credential_missing");
    let header = json!({ "alg": "ES256", "typ": "JWT", "kid": "p256" });
    let mistyped = signed_by("p256", header, json!({}));
    let forged = signed_by(
        "other-p256",
        json!({ "alg": "ES256", "typ": "at+jwt", "kid": "p256" }),
        json!({}),
    );
    for (authorization, status, code) in [
        (with(json!({ "exp": now() - 60 })), 401, "token_expired"),
        (with(json!({ "nbf": now() + 300 })), 401, "token_not_yet_valid"),
        (with(json!({ "aud": "https://other.example.com" })), 401, "audience_mismatch"),
        (with(json!({ "iss": "https://evil.example.com/" })), 401, "issuer_unknown"),
        (with(json!({ "iss": "https://away.example.com/" })), 503, "issuer_keys_unavailable"),
        (with(json!({ "scope": "orders:write" })), 403, "scope_insufficient"),
        (bearer(&mistyped), 401, "token_type_mismatch"),
        (bearer(&forged), 401, "signature_invalid"),
        ("Bearer junk".to_owned(), 401, "token_malformed"),
    ] {
        refused(front, ORDER, &[("Authorization", &authorization)], status, code);
    }

    refused(front, ORDER, &[("X-API-Key", "acme_live_junk")], 401, "key_invalid");
    let (narrow, _) = create(gate, &["--scope", "orders:write"]);
    refused(front, ORDER, &[("X-API-Key", &narrow)], 403, "scope_insufficient");
    let (elsewhere, _) = create(gate, &["--scope", "orders:read", "--network", "203.0.113.0/24"]);
    refused(front, ORDER, &[("X-API-Key", &elsewhere)], 403, "key_network_not_allowed");
    for claim in
        ["X-Forwarded-For", "X-Edge-Auth-Client-Address", "X-Real-IP", "X-Envoy-External-Address"]
    {
        let claiming = [("X-API-Key", elsewhere.as_str()), (claim, "203.0.113.9")];
        refused(front, ORDER, &claiming, 403, "key_network_not_allowed");
    }
    let (here, _) = create(gate, &["--scope", "orders:read", "--network", "127.0.0.0/8"]);
    assert_eq!(front.get(ORDER, &[("X-API-Key", &here)]).status, 200);
    let (revoked, revoked_id) = create(gate, &["--scope", "orders:read"]);
    gate.keys(&["revoke", &revoked_id, "--reason", "left in a repository"]);
    refused(front, ORDER, &[("X-API-Key", &revoked)], 401, "key_revoked");
    let (disabled, disabled_id) = create(gate, &["--scope", "orders:read"]);
    gate.keys(&["disable", &disabled_id]);
    refused(front, ORDER, &[("X-API-Key", &disabled)], 401, "key_disabled");

    refused(front, "/nowhere", &[("Authorization", &good)], 403, "no_rule");
    let posted = front.call("POST", ORDER, &[("Authorization", &good), ("Content-Length", "0")]);
    assert_eq!(posted.code.as_deref(), Some("no_rule"), "{posted:?}");
    assert!(posted.arrived.is_empty(), "{posted:?}");
    refused(front, "/admin/users", &[("Authorization", &good)], 403, "scope_insufficient");
    passes(front, "/admin/users", &[("Authorization", &with(json!({ "scope": "admin" })))]);
    // The method on the request line decides, and not an override in a header.
    let meant = [
        ("X-Original-Method", "GET"),
        ("X-Forwarded-Method", "GET"),
        ("X-HTTP-Method-Override", "GET"),
    ];
    for name in meant {
        let deleted = front.call("DELETE", ORDER, &[name, ("Authorization", &good)]);
        assert_eq!(deleted.code.as_deref(), Some("no_rule"), "{name:?}: {deleted:?}");
        assert!(deleted.arrived.is_empty(), "{deleted:?}");
    }
    // Two credentials of a kind are refused. A proxy may refuse the two fields itself.
    let twice = front.get(ORDER, &[("Authorization", &good), ("Authorization", &good)]);
    assert!(twice.arrived.is_empty() && twice.status != 200, "{twice:?}");
}

/// Creates a key and returns its secret and its id.
fn create(gate: &Gate, more: &[&str]) -> (String, String) {
    let created = gate.keys(&[&["create", "--expires", "1d", "--owner", "acme"], more].concat());
    let secret = created["secret"].as_str().expect("a secret");
    (secret.to_owned(), created["key"]["id"].as_str().expect("an id").to_owned())
}

fn with(changes: Value) -> String {
    bearer(&token(changes))
}

pub(crate) fn fail_closed(mut front: Front) {
    let good = bearer(&token(json!({})));
    passes(&front, ORDER, &[("Authorization", &good)]);
    front.gate = None;
    for (target, headers) in
        [(ORDER, vec![("Authorization", good.as_str())]), ("/public/page", vec![])]
    {
        let came = front.get(target, &headers);
        assert!(came.arrived.is_empty(), "{target}: {came:?}");
        assert!(came.status >= 400, "{target}: {came:?}");
    }
}

fn passes(front: &Front, target: &str, headers: &[(&str, &str)]) {
    let came = front.get(target, headers);
    assert_eq!((came.status, came.arrived.len()), (200, 1), "{target} {headers:?}: {came:?}");
    assert_eq!((came.arrived[0].method.as_str(), came.arrived[0].target.as_str()), ("GET", target));
}

fn refused(front: &Front, target: &str, headers: &[(&str, &str)], status: u16, code: &str) {
    let came = front.get(target, headers);
    let answer = (came.status, came.code.as_deref());
    assert_eq!(answer, front.proxy.tells(status, code), "{target} {headers:?}: {came:?}");
    assert!(came.arrived.is_empty(), "{target} {headers:?}: {came:?}");
}
