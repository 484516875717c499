//! The measured gate, on a host in memory, and its request.

use std::net::{IpAddr, Ipv4Addr};

use edge_auth::certificate::PlatformCertificate;
use edge_auth::policy::Format;
use edge_auth::{AuthRequest, Gate, Headers, Outcome, Policy};
use edge_auth_control::{CreateKeyRequest, KeyService};
use edge_auth_testkit::documents::Documents;
use edge_auth_testkit::platform::{MapSecretProvider, MemoryPlatform};
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_token::{AwsLcRs, Timestamp};
use futures::executor::block_on;

use crate::Result;
use crate::pool::{POLICY, SECRET, jwks};

const NOT_LOGGING: &str = "[audit]\nallowed = 0.0\n\n";

/// A gate that has cached only its policy and the issuers' keys.
pub(crate) struct Target {
    gate: Gate<MemoryPlatform>,
    pub(crate) platform: MemoryPlatform,
    now: Timestamp,
}

impl Target {
    pub(crate) fn new(platform: &MemoryPlatform) -> Result<Self> {
        Self::of(platform, policy(POLICY)?)
    }

    /// Makes a gate that logs no allowed decision.
    pub(crate) fn not_logging(platform: &MemoryPlatform) -> Result<Self> {
        Self::of(platform, policy(&format!("{NOT_LOGGING}{POLICY}"))?)
    }

    fn of(platform: &MemoryPlatform, policy: Policy) -> Result<Self> {
        let (gate, _) = Gate::new(
            policy,
            &secret_provider(),
            Box::new(AwsLcRs),
            platform.clone(),
            &SeededRandomness::new(1),
        )?;
        Ok(Self { gate, platform: platform.clone(), now: now() })
    }

    /// Decides about `GET /v1/orders/42` with this credential and the usual fields of a client.
    pub(crate) fn ask(&self, name: &str, credential: &str) -> Outcome {
        let fields: [(&str, &[u8]); 8] = [
            ("host", b"api.example.com"),
            (
                "user-agent",
                b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            ),
            ("accept", b"application/json"),
            ("accept-language", b"en-GB,en;q=0.5"),
            ("accept-encoding", b"gzip, deflate, br, zstd"),
            (name, credential.as_bytes()),
            ("x-request-id", b"5f1f3b1e-8f0a-4b60-9d5c-0f6f7d7a2f11"),
            ("cache-control", b"no-cache"),
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
        block_on(self.gate.authorize(&request, self.now))
    }

    /// Returns the reads of the store and fetches of keys so far.
    pub(crate) fn operations(&self) -> u64 {
        self.platform.api_keys.operations().finds + self.platform.key_source.documents.fetches()
    }
}

/// Creates a host without records.
pub(crate) fn platform() -> MemoryPlatform {
    MemoryPlatform::new(Documents::default(), "http://127.0.0.1:1")
}

/// Creates API keys in a host's store and returns their texts.
pub(crate) fn api_keys(platform: &MemoryPlatform, count: usize) -> Result<Vec<String>> {
    let (policy, secret_provider, randomness) =
        (policy(POLICY)?, secret_provider(), SeededRandomness::new(2));
    let key_service = KeyService::new(&policy, &secret_provider, &platform.api_keys)?;
    let mut texts = Vec::new();
    for _ in 0..count {
        let request = CreateKeyRequest {
            block: "partners".to_owned(),
            scopes: vec!["orders:read".to_owned()],
            owner: Some("acme".to_owned()),
            never_expires: true,
            ..CreateKeyRequest::default()
        };
        let (_, text) = block_on(key_service.create(request, &randomness, now()))?;
        texts.push(text.expose().to_owned());
    }
    Ok(texts)
}

fn policy(text: &str) -> Result<Policy> {
    Ok(Policy::parse(text, Format::Toml, "policy.toml")?)
}

fn secret_provider() -> MapSecretProvider {
    let mut secret_provider = MapSecretProvider::default();
    secret_provider.secrets.insert("HMAC".to_owned(), SECRET.to_owned());
    secret_provider
        .secrets
        .insert("PEPPER".to_owned(), "a pepper of at least thirty-two bytes".to_owned());
    secret_provider.files.insert("jwks.json".to_owned(), jwks().into_bytes());
    secret_provider
}

fn now() -> Timestamp {
    let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH);
    Timestamp::from_seconds(now.map_or(0, |time| time.as_secs()))
}
