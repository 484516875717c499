//! The holder of a certificate can encode it in other bytes without its issuer. The gate refuses it
//! or finds the same identity.

use edge_auth::certificate::TlsClientAuth;
use edge_auth_testkit::certificates::{
    Authority, AuthorityKey, AuthorityPlan, Client, ClientPlan, has_low_s, misencoded,
    other_signature,
};

use crate::fixture::{Fixture, SPIFFE, Sent, hex, policy, result, rfc9440, root, sequence};

const FINGERPRINT: &str = "identity = \"fingerprint\"";

fn agent() -> ClientPlan {
    ClientPlan::with_uri("spiffe://example.com/agent")
}

/// An authority with each kind of key, and a certificate that it signed.
fn of_every_kind() -> Vec<(Authority, Client)> {
    let mut all = Vec::new();
    for key in [AuthorityKey::New, AuthorityKey::P521, AuthorityKey::Ed25519, AuthorityKey::Rsa2048]
    {
        let authority =
            Authority::root(&AuthorityPlan { key, ..AuthorityPlan::named("Devices CA") });
        let client = authority.issue(&agent());
        all.push((authority, client));
    }
    // On P-384.
    let root = root();
    let below = root.below(&AuthorityPlan::named("below")).issue(&agent());
    all.push((root, below));
    all
}

#[test]
fn a_certificate_that_is_not_der_is_refused_if_the_gate_verifies_it() {
    for (authority, client) in of_every_kind() {
        let fixture = Fixture::new(&rfc9440(SPIFFE), &authority.pem());
        assert_eq!(result(&fixture.proxied(&client)), "cert:devices:spiffe://example.com/agent");
        for (what, der) in misencoded(client.certificate()) {
            let refusal = result(&fixture.proxied(&client.with_certificate(der)));
            assert!(refusal.starts_with("certificate_"), "{what}: {refusal}");
        }
    }
}

#[test]
fn a_certificate_that_is_not_der_is_refused_if_the_platform_verified_it() {
    for (_, client) in of_every_kind() {
        for decided in by_every_platform(&client) {
            assert_eq!(decided, "cert:devices:spiffe://example.com/agent");
        }
        for (what, der) in misencoded(client.certificate()) {
            for refusal in by_every_platform(&client.with_certificate(der)) {
                assert!(refusal.starts_with("certificate_"), "{what}: {refusal}");
            }
        }
    }
}

/// Returns the decisions about a certificate that API Gateway, a load balancer and Cloudflare
/// verified.
fn by_every_platform(client: &Client) -> [String; 3] {
    let pins = "issuer_dn = [\"CN=Devices CA,O=Example\", \"CN=below,O=Example\"]";
    let leaf = edge_auth_testkit::certificates::pem(client.certificate());
    let field = leaf.replace(' ', "%20").replace('\n', "%0A");
    let balanced = Sent::load_balancer().field("X-Amzn-Mtls-Clientcert-Leaf", &field);
    let (fingerprint, der) = (hex(&client.thumbprint()), sequence(client.certificate()));
    let client_auth = TlsClientAuth {
        fingerprint_sha256: Some(&fingerprint),
        rfc9440: Some(&der),
        ..crate::sources::CLIENT_AUTH
    };
    [
        fixture("api-gateway", pins, SPIFFE).result(&Sent::api_gateway(&leaf)),
        fixture("alb-verify", pins, SPIFFE).result(&balanced),
        fixture("cloudflare", pins, SPIFFE).result(&Sent::cloudflare(client_auth)),
    ]
}

fn fixture(source: &str, pins: &str, identity: &str) -> Fixture {
    Fixture::new(&policy(&format!("source = \"{source}\"\n{pins}\n{identity}")), "")
}

#[test]
fn an_intermediate_that_is_not_der_is_refused() {
    let root = root();
    let client = root.below(&AuthorityPlan::named("below")).issue(&agent());
    let fixture = Fixture::new(&rfc9440(SPIFFE), &root.pem());
    for (what, der) in misencoded(&client.chain[1]) {
        let mut chain = client.clone();
        chain.chain[1] = der.into();
        let refusal = result(&fixture.proxied(&chain));
        assert!(refusal.starts_with("certificate_"), "{what}: {refusal}");
    }
}

#[test]
fn the_other_signature_of_a_certificate_has_the_same_identity() {
    for (authority, client) in of_every_kind() {
        let fixture = Fixture::new(&rfc9440(FINGERPRINT), &authority.pem());
        let own = result(&fixture.proxied(&client));
        let Some(low) = has_low_s(client.certificate()) else {
            assert_eq!(own, format!("cert:devices:{}", hex(&client.thumbprint()).to_lowercase()));
            continue;
        };
        let other = client.with_other_signature();
        assert_ne!(other.thumbprint(), client.thumbprint());
        assert_eq!(result(&fixture.proxied(&other)), own);
        let low = if low { &client } else { &other };
        assert_eq!(own, format!("cert:devices:{}", hex(&low.thumbprint()).to_lowercase()));
    }
}

#[test]
fn a_pinned_certificate_has_the_pinned_fingerprint_as_its_identity() {
    let client = root().issue(&agent());
    let (own, other) = (client.clone(), client.with_other_signature());
    for (pinned, other) in [(&own, &other), (&other, &own)] {
        let pin = format!("fingerprint = \"{}\"", hex(&pinned.thumbprint()));
        let fixture = fixture("api-gateway", &pin, FINGERPRINT);
        assert_eq!(
            fixture.result(&Sent::api_gateway(&pinned.pem())),
            format!("cert:devices:{}", hex(&pinned.thumbprint()).to_lowercase())
        );
        let other = other.pem();
        assert_eq!(fixture.result(&Sent::api_gateway(&other)), "certificate_issuer_untrusted");
    }
    let both =
        format!("fingerprint = [\"{}\", \"{}\"]", hex(&own.thumbprint()), hex(&other.thumbprint()));
    let fixture = fixture("api-gateway", &both, FINGERPRINT);
    assert_eq!(
        fixture.result(&Sent::api_gateway(&own.pem())),
        fixture.result(&Sent::api_gateway(&other.pem()))
    );
}

#[test]
fn a_fingerprint_without_its_certificate_is_an_identity_only_if_it_is_pinned() {
    let client = root().issue(&agent());
    let fingerprint = hex(&client.thumbprint());
    let der = sequence(client.certificate());
    let without =
        TlsClientAuth { fingerprint_sha256: Some(&fingerprint), ..crate::sources::CLIENT_AUTH };
    let with = TlsClientAuth { rfc9440: Some(&der), ..without };
    let named = fixture("cloudflare", "issuer_dn = \"CN=Devices CA,O=Example\"", FINGERPRINT);
    assert_eq!(named.result(&Sent::cloudflare(without)), "certificate_identity_mismatch");
    assert!(named.result(&Sent::cloudflare(with)).starts_with("cert:devices:"));
    let pinned = fixture("cloudflare", &format!("fingerprint = \"{fingerprint}\""), FINGERPRINT);
    assert_eq!(
        pinned.result(&Sent::cloudflare(without)),
        format!("cert:devices:{}", fingerprint.to_lowercase())
    );
}

#[test]
fn a_certificate_that_contradicts_cloudflares_fingerprint_is_refused() {
    let client = root().issue(&agent());
    let other = other_signature(client.certificate()).unwrap();
    let pins = "issuer_dn = \"CN=Devices CA,O=Example\"";
    let (fingerprint, der) = (hex(&client.thumbprint()), sequence(&other));
    let client_auth = TlsClientAuth {
        fingerprint_sha256: Some(&fingerprint),
        rfc9440: Some(&der),
        ..crate::sources::CLIENT_AUTH
    };
    let fixture = fixture("cloudflare", pins, SPIFFE);
    assert_eq!(fixture.result(&Sent::cloudflare(client_auth)), "certificate_malformed");
}

#[test]
fn a_certificate_without_a_reliable_name_is_refused_if_the_policy_has_revocations() {
    let block = "source = \"cloudflare\"\nissuer_key_id = \"8204924cf49d471e855862706d889f58f6b784d3\"\n\
                 identity = { subject = \"CN\" }";
    let unreliable = TlsClientAuth { issuer_dn: Some("XYZZY=a"), ..crate::sources::CLIENT_AUTH };
    let without = Fixture::new(&policy(block), "");
    let with = Fixture::new(&format!("[revocation]\nsecret = \"HS\"\n\n{}", policy(block)), "");
    assert_eq!(without.result(&Sent::cloudflare(unreliable)), "cert:devices:agent");
    assert_eq!(with.result(&Sent::cloudflare(unreliable)), "certificate_malformed");
    let reliable = Sent::cloudflare(crate::sources::CLIENT_AUTH);
    assert_eq!(with.result(&reliable), "cert:devices:agent");
    let client = root().issue(&agent());
    let (fingerprint, der) = (hex(&client.thumbprint()), sequence(client.certificate()));
    let whole =
        TlsClientAuth { fingerprint_sha256: Some(&fingerprint), rfc9440: Some(&der), ..unreliable };
    assert_eq!(with.result(&Sent::cloudflare(whole)), "cert:devices:agent");
}
