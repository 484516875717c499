//! Tokens that PyJWT and joserfc mint, with a key set that joserfc writes.

use std::time::{SystemTime, UNIX_EPOCH};

use edge_auth_testkit::documents::{Document, Documents};
use edge_auth_testkit::wire::Server;
use serde_json::{Value, json};

use crate::issuers::{API, decided, gate, python};

const ISSUER: &str = "https://login.example.com/";

#[test]
fn tokens_of_pyjwt_and_joserfc_are_accepted_in_every_algorithm_unless_their_claims_are_wrong() {
    let mut minter = python("minter.py");
    let jwks = minter.hear()["jwks"].clone();
    let documents = Documents::default();
    documents.publish("/jwks.json", Document::ok(jwks.to_string()));
    let server = Server::of_documents(documents.clone()).expect("a server");
    let gate = gate(ISSUER, &format!("{{ jwks_url = \"{}/jwks.json\" }}", server.url()), "");

    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
    let keys: Vec<&str> = jwks["keys"]
        .as_array()
        .expect("keys")
        .iter()
        .filter_map(|key| key["kid"].as_str())
        .collect();
    assert_eq!(keys, ["RS256", "PS384", "ES256", "ES384", "ES512", "EdDSA"]);
    for library in ["PyJWT", "joserfc"] {
        let mut decide = |kid: &str, changes: &Value| {
            let claims = claims(now, changes);
            let minted = minter.ask(&json!({ "library": library, "kid": kid, "claims": claims }));
            decided(gate.address, minted["token"].as_str().expect("a token"))
        };
        for kid in &keys {
            let alice = Ok("jwt:corp:alice".to_owned());
            assert_eq!(decide(kid, &json!({})), alice, "{library} {kid}");
            let several =
                json!({ "aud": ["https://other.example.com", API], "exp": now as f64 + 600.5 });
            assert_eq!(decide(kid, &several), alice, "{library} {kid}");
        }
        for (changes, refusal) in [
            (json!({ "exp": now - 60 }), "401 token_expired"),
            (json!({ "nbf": now + 300 }), "401 token_not_yet_valid"),
            (json!({ "aud": "https://other.example.com" }), "401 audience_mismatch"),
            (json!({ "scope": "orders:write" }), "403 scope_insufficient"),
            (json!({ "exp": (now + 600).to_string() }), "401 claim_invalid"),
        ] {
            let decision = decide("ES256", &changes);
            assert_eq!(decision, Err(refusal.to_owned()), "{library} {changes}");
        }
    }
    assert_eq!(documents.fetches(), 1, "one fetch is enough");
}

fn claims(now: u64, changes: &Value) -> Value {
    let mut claims = json!({
        "iss": ISSUER, "aud": API, "sub": "alice", "scope": "orders:read", "iat": now, "exp": now + 600,
    });
    for (name, value) in changes.as_object().into_iter().flatten() {
        claims[name] = value.clone();
    }
    claims
}
