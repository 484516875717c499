//! The gate under test.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use edge_auth::certificate::PlatformCertificate;
use edge_auth::endpoints::InboundRequest;
use edge_auth::policy::Format;
use edge_auth::{Gate, Headers, Policy};
use edge_auth_api_gateway::ApiGatewayAuthorizer;
use edge_auth_testkit::certificates::{Authority, AuthorityPlan};
use edge_auth_testkit::documents::Documents;
use edge_auth_testkit::platform::{MapSecretProvider, MemoryPlatform};
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_token::{AwsLcRs, Timestamp};

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
pub(crate) const SECRET: &str = "a secret of 32 bytes, or some more";

/// A policy with every kind of credential and of rule.
const RULES: &str = r#"
[trust]
networks = ["10.0.0.0/8"]

[forward_auth]
proxy = "traefik"

[[issuer]]
name = "corp"
issuer = "https://login.example.com/"
audience = "https://api.example.com"
keys = { secret = "SECRET" }

[[api_key]]
name = "partners"
prefix = "acme"
pepper = "SECRET"

[[api_key]]
name = "tests"
prefix = "acme"
environment = "test"
pepper = "SECRET"

[[api_key]]
name = "old"
imported = { hash = "sha256", prefix = "legacy_" }
pepper = "SECRET"

[[client_cert]]
name = "devices"
source = "rfc9440"
ca_file = "ca.pem"
identity = { san_uri = "spiffe://example.com/*" }

[[client_cert]]
name = "load-balanced"
source = "alb-passthrough"
ca_file = "ca.pem"
identity = { san_uri = "spiffe://example.com/*" }

[[rule]]
path = "/token"
require = "jwt:corp"
scopes = ["orders:read", "orders:write"]

[[rule]]
path = "/key"
require = { any = ["key:partners", "key:tests", "key:old", "jwt:corp"] }

[[rule]]
path = "/certificate"
require = "cert:devices"

[[rule]]
path = "/load-balanced"
require = "cert:load-balanced"

[[rule]]
path = "/a/{b}/c/{d}/{*rest}"
host = "*.example.com"
require = "jwt:corp"

[[rule]]
path = "/public/{*rest}"
public = true
cors = { origins = ["https://app.example.com"] }
"#;

pub(crate) static ROOT: LazyLock<Authority> =
    LazyLock::new(|| Authority::root(&AuthorityPlan::named("Devices CA")));

pub(crate) static AUTHORIZER: LazyLock<ApiGatewayAuthorizer<MemoryPlatform>> =
    LazyLock::new(|| ApiGatewayAuthorizer::new(Arc::clone(&GATE)));

pub(crate) static GATE: LazyLock<Arc<Gate<MemoryPlatform>>> = LazyLock::new(|| {
    let policy = Policy::parse(RULES, Format::Toml, "policy.toml").unwrap();
    let secret_provider = MapSecretProvider {
        secrets: BTreeMap::from([("SECRET".to_owned(), SECRET.to_owned())]),
        files: BTreeMap::from([("ca.pem".to_owned(), ROOT.pem().into_bytes())]),
    };
    let platform = MemoryPlatform::new(Documents::default(), "http://issuers");
    let randomness = SeededRandomness::new(1);
    let gate = Gate::new(policy, &secret_provider, Box::new(AwsLcRs), platform, &randomness);
    Arc::new(gate.unwrap().0)
});

/// A trusted proxy's request.
pub(crate) fn incoming<'a>(
    target: &'a str,
    fields: &'a [(&'a str, &'a [u8])],
) -> InboundRequest<'a> {
    InboundRequest {
        location: edge_auth::ClientLocation::default(),
        peer: Some("10.1.2.3".parse().unwrap()),
        platform_authenticated: false,
        method: "GET",
        host: Some("api.example.com"),
        authority: None,
        target,
        headers: Headers(fields),
        certificate: PlatformCertificate::Nothing,
    }
}
