//! The cost of a decision in time and allocations: `cargo bench -p edge-auth`.
//!
//! A cold credential is new to the gate; a warm one is in its memory.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic ends the measurement"
)]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};

use divan::{AllocProfiler, Bencher};
use edge_auth::certificate::PlatformCertificate;
use edge_auth::policy::Format;
use edge_auth::{AuthRequest, Decision, Gate, Headers, Policy};
use edge_auth_control::{CreateKeyRequest, KeyService};
use edge_auth_testkit::documents::Documents;
use edge_auth_testkit::mint::{Signer, TestKey, compact};
use edge_auth_testkit::platform::{MapSecretProvider, MemoryPlatform};
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_token::{Algorithm, AwsLcRs, Timestamp};
use futures::executor::block_on;
use serde_json::json;

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const POLICY: &str = include_str!("policy.toml");
const SECRET: &str = "a secret of at least 32 bytes, shared with the issuer";

const SAMPLES: u32 = 20;
const CALLS: u32 = 50;
/// One for each call, and some for divan's first calls.
const CREDENTIALS: usize = 2 * (SAMPLES * CALLS) as usize;

const KINDS: [&str; 5] = ["RS256", "ES256", "EdDSA", "HS256", "API key"];

fn main() {
    divan::main();
}

#[divan::bench(args = KINDS, sample_count = SAMPLES, sample_size = CALLS)]
fn cold(bencher: Bencher<'_, '_>, kind: &str) {
    let fixture = Fixture::new(kind);
    let next = AtomicUsize::new(0);
    bencher.bench(|| fixture.allows(next.fetch_add(1, Ordering::Relaxed)));
}

#[divan::bench(args = KINDS, sample_count = SAMPLES, sample_size = CALLS)]
fn warm(bencher: Bencher<'_, '_>, kind: &str) {
    let fixture = Fixture::new(kind);
    fixture.allows(0);
    bencher.bench(|| fixture.allows(0));
}

/// A gate, and credentials of one kind that it allows.
struct Fixture {
    gate: Gate<MemoryPlatform>,
    field: &'static str,
    credentials: Vec<String>,
}

impl Fixture {
    fn new(kind: &str) -> Self {
        let platform = MemoryPlatform::new(Documents::default(), "http://127.0.0.1:1");
        let policy = Policy::parse(POLICY, Format::Toml, "policy.toml").unwrap();
        let secrets = secrets();
        let (field, credentials) = match kind {
            "API key" => ("x-api-key", api_keys(&policy, &secrets, &platform)),
            algorithm => ("authorization", tokens(algorithm.parse().unwrap())),
        };
        let randomness = SeededRandomness::new(1);
        let gate = Gate::new(policy, &secrets, Box::new(AwsLcRs), platform, &randomness).unwrap().0;
        Self { gate, field, credentials }
    }

    /// Decides about a request of a browser with a credential.
    fn allows(&self, number: usize) {
        let credential = &self.credentials[number];
        let fields: [(&str, &[u8]); 6] = [
            ("host", b"api.example.com"),
            (
                "user-agent",
                b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            ),
            ("accept", b"application/json"),
            ("accept-encoding", b"gzip, deflate, br, zstd"),
            (self.field, credential.as_bytes()),
            ("x-request-id", b"5f1f3b1e-8f0a-4b60-9d5c-0f6f7d7a2f11"),
        ];
        let request = AuthRequest {
            location: edge_auth::ClientLocation::default(),
            method: "GET",
            host: Some("api.example.com"),
            authority: None,
            target: "/v1/orders/42?expand=lines",
            headers: Headers(&fields),
            client_ip: Some(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7))),
            certificate: PlatformCertificate::Nothing,
            path_rewritten: true,
            proxy_trusted: false,
        };
        let outcome = block_on(self.gate.authorize(&request, NOW));
        assert!(matches!(outcome.decision, Decision::Allow(_)), "{:?}", outcome.decision);
    }
}

fn secrets() -> MapSecretProvider {
    let mut secrets = MapSecretProvider::default();
    secrets.secrets.insert("HMAC".to_owned(), SECRET.to_owned());
    let pepper = "a pepper of at least thirty-two bytes".to_owned();
    secrets.secrets.insert("PEPPER".to_owned(), pepper);
    let keys = ["rsa", "p256", "ed25519"].map(|name| TestKey::named(name).unwrap().jwk());
    let jwks = json!({ "keys": keys }).to_string();
    secrets.files.insert("jwks.json".to_owned(), jwks.into_bytes());
    secrets
}

fn api_keys(policy: &Policy, secrets: &MapSecretProvider, host: &MemoryPlatform) -> Vec<String> {
    let key_service = KeyService::new(policy, secrets, &host.api_keys).unwrap();
    let randomness = SeededRandomness::new(2);
    let mut keys = Vec::new();
    for _ in 0..CREDENTIALS {
        let request = CreateKeyRequest {
            block: "partners".to_owned(),
            scopes: vec!["orders:read".to_owned()],
            never_expires: true,
            ..CreateKeyRequest::default()
        };
        let (_, key) = block_on(key_service.create(request, &randomness, NOW)).unwrap();
        keys.push(key.expose().to_owned());
    }
    keys
}

fn tokens(algorithm: Algorithm) -> Vec<String> {
    let key = match algorithm {
        Algorithm::Rs256 => "rsa",
        Algorithm::Es256 => "p256",
        Algorithm::EdDsa => "ed25519",
        _ => "",
    };
    let (signer, issuer, header) = match TestKey::named(key) {
        Some(test_key) => (
            Signer::Key(test_key, algorithm),
            "https://login.example.com/",
            json!({ "alg": algorithm, "typ": "at+jwt", "kid": key }),
        ),
        None => (
            Signer::Secret(SECRET.as_bytes(), algorithm),
            "https://hmac.example.com/",
            json!({ "alg": algorithm, "typ": "at+jwt" }),
        ),
    };
    let header = header.to_string();
    let mut tokens = Vec::new();
    for number in 0..CREDENTIALS {
        let claims = json!({
            "iss": issuer,
            "aud": "https://api.example.com",
            "sub": format!("00u{number:017}"),
            "client_id": "0oa1example2client3",
            "scope": "openid profile orders:read orders:write",
            "iat": NOW.seconds(),
            "exp": NOW.seconds() + 3600,
            "jti": format!("AT.{number:027}"),
        });
        let token = compact(header.as_bytes(), claims.to_string().as_bytes(), &signer);
        tokens.push(format!("Bearer {token}"));
    }
    tokens
}
