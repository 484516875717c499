//! Policies whose compiled form was changed under its digest: what loads also decides.

use std::collections::BTreeMap;

use edge_auth::endpoints::GatewayEndpoint;
use edge_auth::policy::Format;
use edge_auth::{Decision, Gate, Policy};
use edge_auth_testkit::documents::Documents;
use edge_auth_testkit::gates::NOW;
use edge_auth_testkit::mint::{Signer, compact};
use edge_auth_testkit::platform::{MapSecretProvider, MemoryPlatform};
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_token::{Algorithm, AwsLcRs};
use futures::executor::block_on;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use crate::fixture::incoming;

const SECRET: &str = "a secret of 32 bytes, or some more";

const POLICY: &str = r#"
[[issuer]]
name = "corp"
issuer = "https://login.example.com/"
audience = "https://api.example.com"
keys = { secret = "SECRET" }
max_lifetime = "1h"

[[api_key]]
name = "partners"
prefix = "acme"
pepper = "SECRET"

[[rule]]
path = "/orders/{id}"
methods = ["GET"]
require = { any = ["jwt:corp", "key:partners"] }
scopes = ["orders:read"]
max_response_age = "1h"
cors = { origins = ["https://app.example.com"], max_age = "1h" }

[[rule]]
path = "/open/{*rest}"
public = true
when = { networks = ["10.0.0.0/8"] }
"#;

/// Changes some bytes of the compiled policy's body, and makes the digest that of the new body.
fn changed(changes: &[(prop::sample::Index, u8)]) -> Vec<u8> {
    let policy = Policy::parse(POLICY, Format::Toml, "policy.toml").unwrap();
    let form = policy.to_compiled().unwrap();
    let end = form.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let mut body = form[end..].to_vec();
    for (at, byte) in changes {
        let at = at.index(body.len());
        body[at] = *byte;
    }
    let digest: String = Sha256::digest(&body).iter().map(|byte| format!("{byte:02x}")).collect();
    let line = format!("edge-auth policy 1 sha256:{digest} policy.toml\n");
    [line.as_bytes(), &body].concat()
}

/// Builds a gate, unless the policy needs what is not there, and asks it. Returns whether the
/// caller's order was allowed.
fn decides(policy: Policy) -> bool {
    let names = policy.secret_names().into_iter().map(str::to_owned);
    let secrets = names.map(|name| (name, SECRET.to_owned())).collect();
    let secret_provider = MapSecretProvider { secrets, files: BTreeMap::new() };
    let platform = MemoryPlatform::new(Documents::default(), "http://issuers");
    let randomness = SeededRandomness::new(1);
    let built = Gate::new(policy, &secret_provider, Box::new(AwsLcRs), platform, &randomness);
    let Ok((gate, _)) = built else { return false };
    let claims = format!(
        r#"{{"iss":"https://login.example.com/","aud":"https://api.example.com","sub":"alice","scope":"orders:read","iat":{0},"exp":{1}}}"#,
        NOW.millis() / 1000,
        NOW.millis() / 1000 + 600
    );
    let signer = Signer::Secret(SECRET.as_bytes(), Algorithm::Hs256);
    let token = compact(br#"{"alg":"HS256","typ":"at+jwt"}"#, claims.as_bytes(), &signer);
    let bearer = format!("Bearer {token}");
    let fields: [(&str, &[u8]); 2] =
        [("authorization", bearer.as_bytes()), ("origin", b"https://app.example.com")];
    let allows = |target| {
        let incoming = incoming("10.1.2.3", "GET", target, &fields);
        let (_, outcome) = block_on(GatewayEndpoint::new(&gate).decide(&incoming, NOW));
        matches!(outcome.decision, Decision::Allow(_))
    };
    allows("/open/a");
    allows("/");
    allows("/orders/7")
}

#[test]
fn an_unchanged_policy_decides() {
    assert!(decides(Policy::load(&changed(&[])).unwrap()));
}

proptest! {
    #[test]
    fn a_changed_policy_that_loads_decides(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        if let Ok(policy) = Policy::load(&changed(&changes)) {
            decides(policy);
        }
    }
}
