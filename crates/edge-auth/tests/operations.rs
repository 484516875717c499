//! The costs of decisions: reads of the store, and fetches from issuers. These counts repeat exactly.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is a failed test"
)]

use std::time::Duration;

use edge_auth::certificate::PlatformCertificate;
use edge_auth::policy::Format;
use edge_auth::{AuthRequest, Code, Gate, Headers, Policy};
use edge_auth_control::{CreateKeyRequest, KeyService};
use edge_auth_testkit::documents::{Document, Documents};
use edge_auth_testkit::mint::{Signer, TestKey, compact};
use edge_auth_testkit::platform::{MapSecretProvider, MemoryPlatform};
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_token::{AwsLcRs, Timestamp};
use futures::executor::block_on;
use serde_json::json;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const ISSUER: &str = "http://127.0.0.1:1";

const POLICY: &str = r#"
[[issuer]]
name = "corp"
issuer = "https://login.example.com/"
audience = "https://api.example.com"
keys = { jwks_url = "http://127.0.0.1:1/jwks" }

[[api_key]]
name = "partners"
prefix = "acme"
pepper = "PEPPER"

[[rule]]
path = "/orders"
require = { any = ["jwt:corp", "key:partners"] }
"#;

struct Fixture {
    gate: Gate<MemoryPlatform>,
    platform: MemoryPlatform,
    documents: Documents,
    key: String,
}

/// Reads of the store, and fetches.
type Costs = (u64, u64);

impl Fixture {
    fn new() -> Self {
        let documents = Documents::default();
        documents.publish("/jwks", Document::ok(jwks(&["p256"])));
        let platform = MemoryPlatform::new(documents.clone(), ISSUER);
        let (secret_provider, randomness) = (secret_provider(), SeededRandomness::new(1));
        let policy = Policy::parse(POLICY, Format::Toml, "policy.toml").unwrap();
        let key_service = KeyService::new(&policy, &secret_provider, &platform.api_keys).unwrap();
        let request = CreateKeyRequest {
            block: "partners".to_owned(),
            all_scopes: true,
            never_expires: true,
            ..CreateKeyRequest::default()
        };
        let (_, text) = block_on(key_service.create(request, &randomness, NOW)).unwrap();
        Self { gate: gate(POLICY, &platform), platform, documents, key: text.expose().to_owned() }
    }

    fn costs(&self) -> Costs {
        (self.platform.api_keys.operations().finds, self.documents.fetches())
    }

    /// Returns the decision at `now` and its costs.
    fn ask(&self, field: (&str, &str), now: Timestamp) -> (Option<Code>, Costs) {
        let before = self.costs();
        let fields = [(field.0, field.1.as_bytes())];
        let request = AuthRequest {
            location: edge_auth::ClientLocation::default(),
            method: "GET",
            host: None,
            authority: None,
            target: "/orders",
            headers: Headers(&fields),
            client_ip: None,
            certificate: PlatformCertificate::Nothing,
            path_rewritten: true,
            proxy_trusted: false,
        };
        let outcome = block_on(self.gate.authorize(&request, now));
        let after = self.costs();
        (outcome.code(), (after.0 - before.0, after.1 - before.1))
    }

    fn with_key(&self, key: &str, now: Timestamp) -> (Option<Code>, Costs) {
        self.ask(("x-api-key", key), now)
    }

    fn with_token(&self, token: &str, now: Timestamp) -> (Option<Code>, Costs) {
        self.ask(("authorization", &format!("Bearer {token}")), now)
    }
}

fn secret_provider() -> MapSecretProvider {
    let mut secret_provider = MapSecretProvider::default();
    secret_provider
        .secrets
        .insert("PEPPER".to_owned(), "a pepper of at least thirty-two bytes".to_owned());
    secret_provider
}

fn gate(policy: &str, platform: &MemoryPlatform) -> Gate<MemoryPlatform> {
    let policy = Policy::parse(policy, Format::Toml, "policy.toml").unwrap();
    let randomness = SeededRandomness::new(2);
    Gate::new(policy, &secret_provider(), Box::new(AwsLcRs), platform.clone(), &randomness)
        .unwrap()
        .0
}

fn jwks(keys: &[&str]) -> String {
    let keys: Vec<_> = keys.iter().map(|name| TestKey::named(name).unwrap().jwk()).collect();
    json!({ "keys": keys }).to_string()
}

fn token(subject: &str, kid: Option<&str>) -> String {
    let key = TestKey::named("p256").unwrap();
    let mut header = json!({ "alg": "ES256", "typ": "at+jwt" });
    if let Some(kid) = kid {
        header["kid"] = kid.into();
    }
    let claims = json!({
        "iss": "https://login.example.com/",
        "aud": "https://api.example.com",
        "sub": subject,
        "exp": NOW.seconds() + 3600,
    });
    compact(
        header.to_string().as_bytes(),
        claims.to_string().as_bytes(),
        &Signer::Key(key, key.algorithm),
    )
}

fn later(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

#[test]
fn a_cold_key_costs_one_read_and_a_warm_one_none() {
    let fixture = Fixture::new();
    assert_eq!(fixture.with_key(&fixture.key, NOW), (None, (1, 0)));
    assert_eq!(fixture.with_key(&fixture.key, NOW), (None, (0, 0)));
    assert_eq!(fixture.with_key(&fixture.key, later(9)), (None, (0, 0)));
    assert_eq!(
        fixture.with_key(&fixture.key, later(10)),
        (None, (1, 0)),
        "it is believed for ten seconds"
    );
}

#[test]
fn a_key_that_was_rotated_elsewhere_is_good_at_once() {
    let fixture = Fixture::new();
    let policy = Policy::parse(POLICY, Format::Toml, "policy.toml").unwrap();
    let secret_provider = secret_provider();
    let key_service =
        KeyService::new(&policy, &secret_provider, &fixture.platform.api_keys).unwrap();
    let id = fixture.key.split('_').nth(2).unwrap();
    assert_eq!(fixture.with_key(&fixture.key, NOW), (None, (1, 0)));
    let day = Duration::from_secs(86_400);
    let (_, text) = block_on(key_service.rotate(id, day, &SeededRandomness::new(3), NOW)).unwrap();
    assert_eq!(
        fixture.with_key(text.expose(), NOW),
        (None, (1, 0)),
        "in the very second of the copy"
    );
    assert_eq!(fixture.with_key(&fixture.key, NOW), (None, (0, 0)), "the old text, in its overlap");
    block_on(key_service.disable(id, NOW)).unwrap();
    assert_eq!(fixture.with_key(text.expose(), later(10)), (Some(Code::KeyDisabled), (1, 0)));
    block_on(key_service.enable(id, later(10))).unwrap();
    assert_eq!(fixture.with_key(text.expose(), later(10)), (None, (1, 0)));
}

#[test]
fn wrong_secrets_for_a_known_id_cost_at_most_one_read_a_second() {
    let fixture = Fixture::new();
    let policy = Policy::parse(POLICY, Format::Toml, "policy.toml").unwrap();
    let secret_provider = secret_provider();
    let key_service =
        KeyService::new(&policy, &secret_provider, &fixture.platform.api_keys).unwrap();
    let id = fixture.key.split('_').nth(2).unwrap();
    assert_eq!(fixture.with_key(&fixture.key, NOW).1, (1, 0));
    // After the rotation, the old text is wrong, but has the right form.
    let (_, text) =
        block_on(key_service.rotate(id, Duration::ZERO, &SeededRandomness::new(3), NOW)).unwrap();
    assert_eq!(fixture.with_key(text.expose(), NOW).0, None);
    let before = fixture.costs().0;
    for tenth in 0..50 {
        let now = later(1).plus(Duration::from_millis(tenth * 100));
        assert_eq!(fixture.with_key(&fixture.key, now).0, Some(Code::KeyInvalid), "{tenth}");
    }
    assert!(fixture.costs().0 - before <= 6, "{} reads in 5 seconds", fixture.costs().0 - before);
}

#[test]
fn forged_and_mistyped_keys_cost_nothing() {
    let fixture = Fixture::new();
    let lead = "acme_live_".len();
    for at in lead..lead + 18 {
        let mut bytes = fixture.key.clone().into_bytes();
        bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
        let mistyped = String::from_utf8(bytes).unwrap();
        let found = fixture.with_key(&mistyped, NOW);
        assert_eq!(found, (Some(Code::KeyInvalid), (0, 0)), "id, at {at}");
    }
    let (mut short, long) = (fixture.key.clone(), format!("{}0", fixture.key));
    short.pop();
    for text in ["acme_live_", "junk", "other_live_x", &short, &long] {
        assert_eq!(fixture.with_key(text, NOW), (Some(Code::KeyInvalid), (0, 0)), "{text}");
    }
}

#[test]
fn only_the_first_token_of_an_issuer_costs_a_fetch() {
    let fixture = Fixture::new();
    assert_eq!(fixture.with_token(&token("alice", Some("p256")), NOW), (None, (0, 1)));
    assert_eq!(fixture.with_token(&token("alice", Some("p256")), NOW), (None, (0, 0)), "warm");
    assert_eq!(
        fixture.with_token(&token("bob", Some("p256")), NOW),
        (None, (0, 0)),
        "another token"
    );
    assert_eq!(fixture.with_token(&token("carol", None), NOW), (None, (0, 0)), "without `kid`");
}

#[test]
fn a_flood_of_unknown_key_ids_costs_one_fetch_every_thirty_seconds() {
    let fixture = Fixture::new();
    assert_eq!(fixture.with_token(&token("alice", Some("p256")), NOW).1, (0, 1));
    let before = fixture.costs().1;
    for second in 31..=90 {
        for number in 0..20 {
            let forged = token("mallory", Some(&format!("kid-{second}-{number}")));
            assert_eq!(fixture.with_token(&forged, later(second)).0, Some(Code::SigningKeyUnknown));
        }
    }
    assert_eq!(fixture.costs().1 - before, 2, "1200 tokens in 60 seconds");
    assert_eq!(fixture.with_token(&token("alice", Some("p256")), later(90)), (None, (0, 0)));
}

#[test]
fn during_an_outage_the_last_set_serves_every_token_without_waiting() {
    let fixture = Fixture::new();
    assert_eq!(fixture.with_token(&token("alice", Some("p256")), NOW), (None, (0, 1)));
    fixture.documents.publish("/jwks", Document { status: 503, ..Document::ok("") });
    // After a quarter of an hour without requests, this one waits for the fetch, which fails.
    assert_eq!(fixture.with_token(&token("bob", Some("p256")), later(900)), (None, (0, 1)));
    for second in (901..1000).step_by(9) {
        let fresh = token(&format!("carol-{second}"), Some("p256"));
        assert_eq!(fixture.with_token(&fresh, later(second)), (None, (0, 0)), "{second}");
    }
    let gone = later(900 + 4 * 3600);
    assert_eq!(
        fixture.with_token(&token("dave", Some("p256")), gone).0,
        Some(Code::IssuerKeysUnavailable)
    );
}

#[test]
fn a_new_signing_key_is_picked_up_by_the_token_that_names_it() {
    let fixture = Fixture::new();
    fixture.documents.publish("/jwks", Document::ok(jwks(&["p384"])));
    assert_eq!(
        fixture.with_token(&token("alice", Some("p256")), NOW).0,
        Some(Code::SigningKeyUnknown)
    );
    fixture.documents.publish("/jwks", Document::ok(jwks(&["p384", "p256"])));
    assert_eq!(
        fixture.with_token(&token("alice", Some("p256")), later(29)).1,
        (0, 0),
        "within the cool-down"
    );
    assert_eq!(fixture.with_token(&token("alice", Some("p256")), later(30)), (None, (0, 1)));
}

#[test]
fn a_new_policy_keeps_the_key_sets_of_issuers_that_are_the_same() {
    let mut fixture = Fixture::new();
    assert_eq!(fixture.with_token(&token("alice", Some("p256")), NOW), (None, (0, 1)));
    for (policy, fetches) in [
        (POLICY.to_owned(), 0),
        (POLICY.replace("path = \"/orders\"", "path = \"/{*rest}\""), 0),
        (POLICY.replace("1/jwks", "1/jwks2"), 1),
        (POLICY.replace("name = \"corp\"", "name = \"other\"").replace("jwt:corp", "jwt:other"), 1),
    ] {
        fixture.documents.publish("/jwks2", Document::ok(jwks(&["p256"])));
        let next = gate(&policy, &fixture.platform);
        next.take_issuer_keys_from(&fixture.gate);
        let before = std::mem::replace(&mut fixture.gate, next);
        assert_eq!(
            fixture.with_token(&token("alice", Some("p256")), later(1)),
            (None, (0, fetches)),
            "{policy}"
        );
        fixture.gate = before;
    }
}
