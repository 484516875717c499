//! Instances of a gate on one store, and an administrator.

use std::collections::BTreeMap;
use std::time::Duration;

use edge_auth::certificate::PlatformCertificate;
use edge_auth::platform::{NoRevocations, Platform};
use edge_auth::policy::Format;
use edge_auth::revocation::{Entry, Event, Identifier, RevocationSecrets, Target};
use edge_auth::{AuthRequest, Code, Gate, Headers, Outcome, Policy};
use edge_auth_control::RevocationLedger;
use edge_auth_control::store::RevocationLog;
use edge_auth_control::{
    CreateKeyRequest, KeyService, RevocationKind, RevocationRequest, Revocations,
};
use edge_auth_testkit::certificates::{Authority, AuthorityPlan, Client};
use edge_auth_testkit::documents::{Document, Documents};
use edge_auth_testkit::memory::MemoryApiKeys;
use edge_auth_testkit::mint::{Signer, TestKey, base64url, compact};
use edge_auth_testkit::platform::{MapSecretProvider, MemoryPlatform};
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_testkit::revocations::MemoryRevocations;
use edge_auth_token::{AwsLcRs, Timestamp};
use futures::executor::block_on;
use serde_json::{Value, json};

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
pub(crate) const ISS: &str = "https://login.example.com/";

/// Each test replaces `KEYS`, `REVOCATION` and `BLOCK`.
const POLICY: &str = r#"
[revocation]
bound = "10s"
REVOCATION

[[issuer]]
name = "corp"
issuer = "https://login.example.com/"
audience = "https://api.example.com"
keys = { KEYS }
max_lifetime = "1h"

[[api_key]]
name = "partners"
prefix = "acme"
pepper = "PEPPER"

[[client_cert]]
name = "devices"
source = "rfc9440"
ca_file = "ca.pem"
identity = { san_uri = "spiffe://example.com/*" }
BLOCK

[admin]

[[rule]]
path = "/admin/v1/{*rest}"
require = "key:partners"
scopes = { any_of = [
    "edge-auth:keys:read", "edge-auth:keys:write", "edge-auth:revocations:read", "edge-auth:revocations:write",
] }

[[rule]]
path = "/stale"
require = "jwt:corp"
insecure_allow_stale_revocation = true

[[rule]]
path = "/tokens"
require = "jwt:corp"

[[rule]]
path = "/orders"
require = { any = ["jwt:corp", "key:partners", "cert:devices"] }
"#;

/// A store, on which a test starts instances.
pub(crate) struct Fixture {
    pub(crate) platform: MemoryPlatform,
    pub(crate) authority: Authority,
    pub(crate) policy: Policy,
    secret_provider: MapSecretProvider,
}

pub(crate) struct Instance<P: Platform = MemoryPlatform>(pub(crate) Gate<P>);

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::with("secret = \"CURRENT\"", "")
    }

    /// Makes a fixture with these lines of `[revocation]` and of the block of certificates.
    pub(crate) fn with(revocation: &str, block: &str) -> Self {
        Self::of("jwks_file = \"jwks.json\"", revocation, block)
    }

    /// Makes a fixture whose issuer's keys are fetched.
    pub(crate) fn fetching() -> Self {
        let fixture =
            Self::of("jwks_url = \"http://127.0.0.1:1/jwks\"", "secret = \"CURRENT\"", "");
        let jwks = fixture.secret_provider.files["jwks.json"].clone();
        fixture.platform.key_source.documents.publish("/jwks", Document::ok(jwks));
        fixture
    }

    fn of(keys: &str, revocation: &str, block: &str) -> Self {
        let authority = Authority::root(&AuthorityPlan::named("Devices CA"));
        let text =
            POLICY.replace("KEYS", keys).replace("REVOCATION", revocation).replace("BLOCK", block);
        let mut secrets = BTreeMap::new();
        for name in ["PEPPER", "CURRENT", "NEXT"] {
            let secret = format!("the secret {name}, of at least thirty-two bytes");
            secrets.insert(name.to_owned(), secret);
        }
        let jwks = json!({ "keys": [TestKey::named("p256").unwrap().jwk()] }).to_string();
        let secret_provider = MapSecretProvider {
            secrets,
            files: BTreeMap::from([
                ("ca.pem".to_owned(), authority.pem().into_bytes()),
                ("jwks.json".to_owned(), jwks.into_bytes()),
            ]),
        };
        let platform = MemoryPlatform::new(Documents::default(), "http://127.0.0.1:1");
        let policy = Policy::parse(&text, Format::Toml, "policy.toml").unwrap();
        Self { platform, authority, policy, secret_provider }
    }

    /// Makes a fixture on the same store with other lines of `[revocation]`.
    pub(crate) fn under(&self, revocation: &str) -> Self {
        let mut other = Self::with(revocation, "");
        other.platform = self.platform.clone();
        other
    }

    /// Replaces the trusted authorities by these (PEM).
    pub(crate) fn trust(&mut self, authorities: &[u8]) {
        self.secret_provider.files.insert("ca.pem".to_owned(), authorities.to_vec());
    }

    pub(crate) fn start(&self) -> Instance {
        Instance(self.start_on(self.platform.clone()))
    }

    /// Starts a gate on another platform.
    pub(crate) fn start_on<P: Platform>(&self, platform: P) -> Gate<P> {
        let randomness = SeededRandomness::new(2);
        let built = Gate::new(
            self.policy.clone(),
            &self.secret_provider,
            Box::new(AwsLcRs),
            platform,
            &randomness,
        );
        built.unwrap().0
    }

    pub(crate) fn feed(&self) -> &MemoryRevocations {
        &self.platform.revocations
    }

    pub(crate) fn revocations(&self) -> Revocations<'_, MemoryApiKeys, MemoryRevocations> {
        self.revocations_on(&self.platform.revocations)
    }

    /// Makes the service on another handle of its log.
    pub(crate) fn revocations_on<'a, L: RevocationLog>(
        &'a self,
        log: &'a L,
    ) -> Revocations<'a, MemoryApiKeys, L> {
        Revocations::new(
            &self.policy,
            &self.secret_provider,
            (&self.platform.api_keys, log),
            "test",
        )
        .unwrap()
    }

    pub(crate) fn secrets(&self) -> RevocationSecrets {
        self.policy.revocation_secrets(&self.secret_provider).unwrap().unwrap()
    }

    pub(crate) fn ledger(&self) -> RevocationLedger<'_, MemoryRevocations> {
        RevocationLedger::new(self.secrets(), &self.platform.revocations)
    }

    /// Makes the service for keys that publishes no changes.
    pub(crate) fn silent_keys(&self) -> KeyService<'_, MemoryApiKeys, NoRevocations> {
        KeyService::new(&self.policy, &self.secret_provider, &self.platform.api_keys).unwrap()
    }

    /// Makes the service for keys that publishes its changes.
    pub(crate) fn keys(&self) -> KeyService<'_, MemoryApiKeys, MemoryRevocations> {
        self.silent_keys().publishing(Some(self.ledger()), "test")
    }

    /// Makes an API key, and returns its id and its text.
    pub(crate) fn key(&self) -> (String, String) {
        let request = CreateKeyRequest {
            block: "partners".to_owned(),
            scopes: vec![
                "edge-auth:keys:write".to_owned(),
                "edge-auth:revocations:write".to_owned(),
            ],
            never_expires: true,
            ..CreateKeyRequest::default()
        };
        let (key, text) =
            block_on(self.silent_keys().create(request, &SeededRandomness::new(1), NOW)).unwrap();
        (key.id().to_owned(), text.expose().to_owned())
    }

    /// Revokes the token of this `jti`.
    pub(crate) fn revoke(&self, id: &str, now: Timestamp) -> Entry {
        self.enter(
            RevocationRequest { id: Some(id.to_owned()), ..request(RevocationKind::Token) },
            now,
        )
    }

    pub(crate) fn enter(&self, request: RevocationRequest, now: Timestamp) -> Entry {
        block_on(self.revocations().create(request, now)).unwrap()
    }
}

/// A request about tokens of the issuer.
pub(crate) fn request(kind: RevocationKind) -> RevocationRequest {
    RevocationRequest { issuer: Some("corp".to_owned()), ..RevocationRequest::new(kind, "a test") }
}

/// Revocations of `count` tokens `m0`, `m1`, …
pub(crate) fn many_events(count: usize) -> Vec<(Event, Option<Timestamp>)> {
    let mut events = Vec::new();
    for number in 0..count {
        let issuer = Identifier::try_from(ISS.to_owned()).unwrap();
        let id = Identifier::try_from(format!("m{number}")).unwrap();
        events.push((Event::Revoked(Target::Token { issuer, id }), Some(later(3600.0))));
    }
    events
}

impl<P: Platform> Instance<P> {
    /// Returns the decision about a token, after the deferred tasks.
    pub(crate) fn token(&self, token: &str, now: Timestamp) -> Option<Code> {
        self.outcome("/orders", ("authorization", &format!("Bearer {token}")), now).code()
    }

    pub(crate) fn key(&self, key: &str, now: Timestamp) -> Option<Code> {
        self.outcome("/orders", ("x-api-key", key), now).code()
    }

    pub(crate) fn certificate(&self, client: &Client, now: Timestamp) -> Option<Code> {
        self.certificate_outcome(client, now).code()
    }

    pub(crate) fn certificate_outcome(&self, client: &Client, now: Timestamp) -> Outcome {
        use base64::Engine;
        let der = base64::engine::general_purpose::STANDARD.encode(client.certificate());
        self.outcome("/orders", ("client-cert", &format!(":{der}:")), now)
    }

    /// Returns the decision about a certificate, sent with its intermediates.
    pub(crate) fn chain(&self, client: &Client, now: Timestamp) -> Option<Code> {
        self.with_certificate("/orders", client, None, now)
    }

    /// Returns the decision about a token that is bound to the certificate (RFC 8705), sent with
    /// it.
    pub(crate) fn bound_token(&self, client: &Client, now: Timestamp) -> Option<Code> {
        let token = signed(&json!({
            "iss": ISS,
            "aud": "https://api.example.com",
            "sub": "alice",
            "iat": NOW.seconds(),
            "exp": NOW.seconds() + 3600,
            "cnf": { "x5t#S256": base64url(&client.thumbprint()) },
        }));
        self.with_certificate("/tokens", client, Some(&format!("Bearer {token}")), now)
    }

    fn with_certificate(
        &self,
        target: &str,
        client: &Client,
        authorization: Option<&str>,
        now: Timestamp,
    ) -> Option<Code> {
        use base64::Engine;
        let encode =
            |der: &[u8]| format!(":{}:", base64::engine::general_purpose::STANDARD.encode(der));
        let own = encode(client.certificate());
        let above: Vec<_> = client.chain.iter().skip(1).map(|der| encode(der)).collect();
        let mut fields = vec![("client-cert", own)];
        fields.extend(above.into_iter().map(|der| ("client-cert-chain", der)));
        fields.extend(authorization.map(|value| ("authorization", value.to_owned())));
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.with_fields(target, &fields, now).code()
    }

    pub(crate) fn outcome(
        &self,
        target: &str,
        (name, value): (&str, &str),
        now: Timestamp,
    ) -> Outcome {
        let mut outcome = self.unfollowed(target, (name, value), now);
        for work in std::mem::take(&mut outcome.deferred_tasks) {
            outcome.notices.extend(block_on(self.0.run_deferred(work, now)));
        }
        outcome
    }

    /// As [`Self::outcome`], with the follow-up work left undone.
    pub(crate) fn unfollowed(&self, target: &str, field: (&str, &str), now: Timestamp) -> Outcome {
        self.with_fields(target, &[field], now)
    }

    /// A request that may wait.
    pub(crate) async fn ask(&self, (name, value): (&str, &str), now: Timestamp) -> Outcome {
        self.authorize("/orders", &[(name, value.as_bytes())], now).await
    }

    pub(crate) fn with_fields(
        &self,
        target: &str,
        fields: &[(&str, &str)],
        now: Timestamp,
    ) -> Outcome {
        let fields: Vec<(&str, &[u8])> =
            fields.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        block_on(self.authorize(target, &fields, now))
    }

    async fn authorize(&self, target: &str, fields: &[(&str, &[u8])], now: Timestamp) -> Outcome {
        let request = AuthRequest {
            location: edge_auth::ClientLocation::default(),
            method: "GET",
            host: None,
            authority: None,
            target,
            headers: Headers(fields),
            client_ip: None,
            certificate: PlatformCertificate::Nothing,
            proxy_trusted: true,
            path_rewritten: false,
        };
        self.0.authorize(&request, now).await
    }
}

/// A token of this subject and `jti`, issued at [`NOW`].
pub(crate) fn token(subject: &str, id: &str) -> String {
    signed(&json!({
        "iss": ISS,
        "aud": "https://api.example.com",
        "sub": subject,
        "jti": id,
        "iat": NOW.seconds(),
        "exp": NOW.seconds() + 3600,
    }))
}

fn signed(claims: &Value) -> String {
    let key = TestKey::named("p256").unwrap();
    let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": "p256" });
    compact(
        header.to_string().as_bytes(),
        claims.to_string().as_bytes(),
        &Signer::Key(key, key.algorithm),
    )
}

/// So many seconds after [`NOW`].
pub(crate) fn later(seconds: f64) -> Timestamp {
    NOW.plus(Duration::from_secs_f64(seconds))
}
