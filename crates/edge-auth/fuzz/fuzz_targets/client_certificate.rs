//! Header fields with certificates, one a line, read by the gate of each source that comes in fields: nobody is let in
//! whom the authority did not issue a certificate for, and nobody at all by fields of somebody who is not trusted.

#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use edge_auth::certificate::Handover;
use edge_auth::policy::Format;
use edge_auth::{AuthRequest, Decision, Gate, Headers, Outcome, Policy};
use edge_auth_testkit::documents::Documents;
use edge_auth_testkit::platform::{MapResources, MemoryPlatform};
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_token::{AwsLcRs, Timestamp};
use futures::executor::block_on;
use libfuzzer_sys::fuzz_target;

const NOW: u64 = 1_800_000_000;
/// When every certificate of the seeds has expired.
const LATER: u64 = 4_000_000_001;

/// Whom the seeds' authority has issued a certificate for that is for clients.
const ISSUED: [&str; 2] =
    ["cert:devices:spiffe://example.com/agent", "cert:devices:spiffe://example.com/robot"];

type Door = Gate<MemoryPlatform>;

static RFC_9440: LazyLock<Door> = LazyLock::new(|| door("source = \"rfc9440\"\nca_file = \"ca.pem\""));
static PASSTHROUGH: LazyLock<Door> =
    LazyLock::new(|| door("source = \"alb-passthrough\"\nca_file = \"ca.pem\""));
static VERIFY: LazyLock<Door> =
    LazyLock::new(|| door("source = \"alb-verify\"\nissuer_dn = \"CN=Devices CA,O=Example\""));
static CLOUDFLARE: LazyLock<Door> =
    LazyLock::new(|| door("source = \"cloudflare-headers\"\nissuer_dn = \"CN=Devices CA,O=Example\""));

fuzz_target!(|bytes: &[u8]| {
    let fields = fields(bytes);
    for (door, handover) in [(&*RFC_9440, Handover::Nothing), (&*PASSTHROUGH, Handover::LoadBalancer)] {
        let who = is_told_alike(door, &fields, handover);
        assert!(who.is_none_or(|who| ISSUED.contains(&who.as_str())), "a forgery");
        assert_eq!(principal(&ask(door, &fields, handover, true, LATER)), None, "long expired");
    }
    // What the platform has verified is believed; but not more than one name, and no odd one.
    for (door, handover) in [(&*VERIFY, Handover::LoadBalancer), (&*CLOUDFLARE, Handover::Nothing)] {
        if let Some(who) = is_told_alike(door, &fields, handover) {
            let path =
                who.strip_prefix("cert:devices:spiffe://example.com/").expect("as the policy wants it");
            assert!(path.split('/').all(|segment| !["", ".", ".."].contains(&segment)), "{who}");
            assert!(
                path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte)),
                "{who}"
            );
        }
    }
    if principal(&ask(&CLOUDFLARE, &fields, Handover::Nothing, true, NOW)).is_some() {
        for (name, said) in [("presented", "true"), ("verified", "true"), ("revoked", "false")] {
            let name = format!("cf-cert-{name}");
            let values: Vec<_> = Headers(&fields).all(&name).collect();
            assert_eq!(values, [said.as_bytes()], "{name}");
        }
    }
    for door in [&*RFC_9440, &*PASSTHROUGH, &*VERIFY, &*CLOUDFLARE] {
        assert_eq!(principal(&ask(door, &fields, Handover::Nothing, false, NOW)), None, "nobody is trusted");
    }
});

/// `Name: value`, a line each.
fn fields(bytes: &[u8]) -> Vec<(&str, &[u8])> {
    let lines = bytes.split(|byte| *byte == b'\n');
    let fields = lines.filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        Some((std::str::from_utf8(line.get(..colon)?).ok()?, line.get(colon + 1..)?.trim_ascii()))
    });
    fields.collect()
}

/// Who may pass, now and when the gate remembers the certificate; for bad input never an error of ours.
fn is_told_alike(door: &Door, fields: &[(&str, &[u8])], handover: Handover<'_>) -> Option<String> {
    let first = ask(door, fields, handover, true, NOW);
    let again = ask(door, fields, handover, true, NOW);
    assert_eq!(first.code(), again.code());
    assert_eq!(principal(&first), principal(&again));
    assert!(first.code().is_none_or(|code| code.status() < 500), "{:?}", first.code());
    principal(&first)
}

fn ask(
    door: &Door,
    fields: &[(&str, &[u8])],
    handover: Handover<'_>,
    proxy_trusted: bool,
    now: u64,
) -> Outcome {
    let request = AuthRequest {
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
    block_on(door.authorize(&request, Timestamp::from_seconds(now)))
}

fn principal(outcome: &Outcome) -> Option<String> {
    match &outcome.decision {
        Decision::Allow(grant) => Some(grant.principal.as_ref().expect("no rule is public").id.clone()),
        Decision::Deny(_) => None,
    }
}

fn door(source: &str) -> Door {
    let policy = format!(
        "[[client_cert]]\nname = \"devices\"\n{source}\nidentity = {{ san_uri = \"spiffe://example.com/*\" }}\n\n\
         [[rule]]\npath = \"/\"\nrequire = \"cert:devices\"\n"
    );
    let policy = Policy::parse(&policy, Format::Toml, "policy.toml").expect("a good policy");
    let authority = include_bytes!("../seeds/client_certificate.ca.pem").to_vec();
    let files = BTreeMap::from([("ca.pem".to_owned(), authority)]);
    let resources = MapResources { secrets: BTreeMap::new(), files };
    let platform = MemoryPlatform::new(Documents::default(), "http://issuers");
    let built = Gate::new(policy, &resources, Box::new(AwsLcRs), platform, &SeededRandomness::new(1));
    built.expect("a good authority").0
}
