//! Fuzzes header fields with certificates, one on each line, with a gate for each source that reads
//! fields. The gate allows only certificates of the authority, and none in fields of an untrusted
//! caller. A certificate in other bytes never has another identity, and never escapes a revocation.

#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use edge_auth_control::{RevocationKind, RevocationRequest, Revocations};
use edge_auth::certificate::{CertificateNames, PlatformCertificate};
use edge_auth::policy::Format;
use edge_auth::{AuthRequest, Decision, Gate, Headers, Outcome, Policy};
use edge_auth_testkit::certificates::{misencoded, other_signature};
use edge_auth_testkit::documents::Documents;
use edge_auth_testkit::platform::{MapSecretProvider, MemoryPlatform};
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_token::{AwsLcRs, Timestamp};
use futures::executor::block_on;
use libfuzzer_sys::fuzz_target;

const NOW: u64 = 1_800_000_000;
/// A time at which all certificates of the seeds have expired.
const LATER: u64 = 4_000_000_001;

/// The identities of the client certificates in the seeds.
const ISSUED: [&str; 2] =
    ["cert:devices:spiffe://example.com/agent", "cert:devices:spiffe://example.com/robot"];

type Fixture = Gate<MemoryPlatform>;

/// The seeds with those certificates.
const SEEDS: [&[u8]; 2] = [
    include_bytes!("../seeds/client_certificate/rfc9440"),
    include_bytes!("../seeds/client_certificate/rfc9440-chain"),
];

const PROXIED: &str = "source = \"rfc9440\"\nca_file = \"ca.pem\"";
const SPIFFE: &str = "identity = { san_uri = \"spiffe://example.com/*\" }";

static RFC_9440: LazyLock<Fixture> = LazyLock::new(|| fixture(PROXIED, SPIFFE));
static PASSTHROUGH: LazyLock<Fixture> =
    LazyLock::new(|| fixture("source = \"alb-passthrough\"\nca_file = \"ca.pem\"", SPIFFE));
static VERIFY: LazyLock<Fixture> = LazyLock::new(|| {
    fixture("source = \"alb-verify\"\nissuer_dn = \"CN=Devices CA,O=Example\"", SPIFFE)
});
static CLOUDFLARE: LazyLock<Fixture> = LazyLock::new(|| {
    fixture("source = \"cloudflare-headers\"\nissuer_dn = \"CN=Devices CA,O=Example\"", SPIFFE)
});
static BY_FINGERPRINT: LazyLock<Fixture> =
    LazyLock::new(|| fixture(PROXIED, "identity = \"fingerprint\""));
/// Revokes all certificates of the seeds, by their original fingerprints.
static REVOKED: LazyLock<Fixture> = LazyLock::new(all_revoked);

fuzz_target!(|bytes: &[u8]| {
    let fields = fields(bytes);
    has_one_identity_and_is_revoked_once(&fields);
    for (fixture, handover) in [
        (&*RFC_9440, PlatformCertificate::Nothing),
        (&*PASSTHROUGH, PlatformCertificate::LoadBalancer),
    ] {
        let who = decided_twice(fixture, &fields, handover);
        assert!(who.is_none_or(|who| ISSUED.contains(&who.as_str())), "a forgery");
        assert_eq!(principal(&ask(fixture, &fields, handover, true, LATER)), None, "long expired");
    }
    // The gate trusts the platform's verification, but accepts one well-formed name only.
    for (fixture, handover) in [
        (&*VERIFY, PlatformCertificate::LoadBalancer),
        (&*CLOUDFLARE, PlatformCertificate::Nothing),
    ] {
        if let Some(who) = decided_twice(fixture, &fields, handover) {
            let path = who
                .strip_prefix("cert:devices:spiffe://example.com/")
                .expect("as the policy wants it");
            assert!(path.split('/').all(|segment| !["", ".", ".."].contains(&segment)), "{who}");
            assert!(
                path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte)),
                "{who}"
            );
        }
    }
    if principal(&ask(&CLOUDFLARE, &fields, PlatformCertificate::Nothing, true, NOW)).is_some() {
        for (name, said) in [("presented", "true"), ("verified", "true"), ("revoked", "false")] {
            let name = format!("cf-cert-{name}");
            let values: Vec<_> = Headers(&fields).all(&name).collect();
            assert_eq!(values, [said.as_bytes()], "{name}");
        }
    }
    for fixture in [&*RFC_9440, &*PASSTHROUGH, &*VERIFY, &*CLOUDFLARE] {
        assert_eq!(
            principal(&ask(fixture, &fields, PlatformCertificate::Nothing, false, NOW)),
            None,
            "the caller is not trusted"
        );
    }
});

/// Asks with the original certificate, with the other signature of ECDSA, and with bytes that are
/// not DER.
fn has_one_identity_and_is_revoked_once(fields: &[(&str, &[u8])]) {
    let who = [proxied(&RFC_9440, fields), proxied(&BY_FINGERPRINT, fields)];
    assert_eq!(proxied(&REVOKED, fields), None, "it was revoked");
    let Some(der) = client_certificate(fields) else { return };
    let mut others: Vec<_> = other_signature(&der).map(|other| (true, other)).into_iter().collect();
    others.extend(misencoded(&der).into_iter().map(|(_, other)| (false, other)));
    for (as_good, other) in others {
        let sequence = format!(":{}:", STANDARD.encode(other)).into_bytes();
        let mut changed: Vec<(&str, &[u8])> = fields.to_vec();
        for (name, value) in &mut changed {
            if name.eq_ignore_ascii_case("client-cert") {
                *value = &sequence;
            }
        }
        let now = [proxied(&RFC_9440, &changed), proxied(&BY_FINGERPRINT, &changed)];
        assert_eq!(now, if as_good { who.clone() } else { [None, None] });
        assert_eq!(proxied(&REVOKED, &changed), None, "it was revoked");
    }
}

/// Returns the principal of a trusted proxy's fields.
fn proxied(fixture: &Fixture, fields: &[(&str, &[u8])]) -> Option<String> {
    principal(&ask(fixture, fields, PlatformCertificate::Nothing, true, NOW))
}

/// Returns the certificate in `Client-Cert`, if the gate would parse it.
fn client_certificate(fields: &[(&str, &[u8])]) -> Option<Vec<u8>> {
    let value = Headers(fields).single("client-cert").ok()??;
    let der = STANDARD.decode(value.strip_prefix(b":")?.strip_suffix(b":")?).ok()?;
    // The test kit can re-encode valid certificates only.
    CertificateNames::read(&der.clone().into()).ok()?;
    Some(der)
}

/// Reads lines of `Name: value`.
fn fields(bytes: &[u8]) -> Vec<(&str, &[u8])> {
    let lines = bytes.split(|byte| *byte == b'\n');
    let fields = lines.filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        Some((std::str::from_utf8(line.get(..colon)?).ok()?, line.get(colon + 1..)?.trim_ascii()))
    });
    fields.collect()
}

/// Returns the principal, which must be the same with a cached certificate. Bad input must never be
/// a server error.
fn decided_twice(
    fixture: &Fixture,
    fields: &[(&str, &[u8])],
    handover: PlatformCertificate<'_>,
) -> Option<String> {
    let first = ask(fixture, fields, handover, true, NOW);
    let again = ask(fixture, fields, handover, true, NOW);
    assert_eq!(first.code(), again.code());
    assert_eq!(principal(&first), principal(&again));
    assert!(first.code().is_none_or(|code| code.status() < 500), "{:?}", first.code());
    principal(&first)
}

fn ask(
    fixture: &Fixture,
    fields: &[(&str, &[u8])],
    handover: PlatformCertificate<'_>,
    proxy_trusted: bool,
    now: u64,
) -> Outcome {
    let request = AuthRequest {
        location: edge_auth::ClientLocation::default(),
        method: "GET",
        host: None,
        authority: None,
        target: "/",
        headers: Headers(fields),
        client_ip: None,
        certificate: handover,
        path_rewritten: true,
        proxy_trusted,
    };
    block_on(fixture.authorize(&request, Timestamp::from_seconds(now)))
}

fn principal(outcome: &Outcome) -> Option<String> {
    match &outcome.decision {
        Decision::Allow(grant) => {
            Some(grant.principal.as_ref().expect("no rule is public").id.clone())
        }
        Decision::Deny(_) => None,
    }
}

fn fixture(source: &str, identity: &str) -> Fixture {
    let policy = Policy::parse(&policy(source, identity), Format::Toml, "policy.toml")
        .expect("a good policy");
    let platform = MemoryPlatform::new(Documents::default(), "http://issuers");
    let built = Gate::new(
        policy,
        &secret_provider(),
        Box::new(AwsLcRs),
        platform,
        &SeededRandomness::new(1),
    );
    built.expect("a good authority").0
}

fn all_revoked() -> Fixture {
    let text = format!("[revocation]\nsecret = \"REVOCATION\"\n\n{}", policy(PROXIED, SPIFFE));
    let policy = Policy::parse(&text, Format::Toml, "policy.toml").expect("a good policy");
    let (secret_provider, platform) =
        (secret_provider(), MemoryPlatform::new(Documents::default(), "http://issuers"));
    let stores = (&platform.api_keys, &platform.revocations);
    let revocations =
        Revocations::new(&policy, &secret_provider, stores, "fuzz").expect("a secret");
    for seed in SEEDS {
        let der = client_certificate(&fields(seed)).expect("a certificate");
        let names = CertificateNames::read(&der.into()).expect("a certificate");
        let request = RevocationRequest {
            fingerprint: Some(names.fingerprint),
            ..RevocationRequest::new(RevocationKind::Certificate, "fuzz")
        };
        block_on(revocations.create(request, Timestamp::from_seconds(NOW))).expect("memory");
    }
    let built = Gate::new(
        policy.clone(),
        &secret_provider,
        Box::new(AwsLcRs),
        platform.clone(),
        &SeededRandomness::new(1),
    );
    built.expect("a good authority").0
}

fn policy(source: &str, identity: &str) -> String {
    format!(
        "[[client_cert]]\nname = \"devices\"\n{source}\n{identity}\n\n\
         [[rule]]\npath = \"/\"\nrequire = \"cert:devices\"\n"
    )
}

fn secret_provider() -> MapSecretProvider {
    let authority = include_bytes!("../seeds/client_certificate.ca.pem").to_vec();
    let secret = "a secret of at least thirty-two bytes".to_owned();
    MapSecretProvider {
        secrets: BTreeMap::from([("REVOCATION".to_owned(), secret)]),
        files: BTreeMap::from([("ca.pem".to_owned(), authority)]),
    }
}
