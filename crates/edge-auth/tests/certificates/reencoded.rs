//! Who holds a certificate can write it in other bytes without its issuer: that makes nobody of
//! him, or who he was.

use edge_auth::certificate::{PlatformCertificate, TlsClientAuth};
use edge_auth_testkit::certificates::{
    Authority, AuthorityKey, AuthorityPlan, Client, ClientPlan, has_low_s, misencoded,
    other_signature,
};

use crate::fixture::{Fixture, NOW, SPIFFE, Sent, hex, policy, result, rfc9440, root, sequence};

const FINGERPRINT: &str = "identity = \"fingerprint\"";

fn agent() -> ClientPlan {
    ClientPlan::with_uri("spiffe://example.com/agent")
}

/// One that is signed by each kind of key, and its authority.
fn of_every_kind() -> Vec<(Authority, Client)> {
    let root = root();
    let by = |key| Authority::root(&AuthorityPlan { key, ..AuthorityPlan::named("Devices CA") });
    let direct =
        [AuthorityKey::New, AuthorityKey::P521, AuthorityKey::Ed25519, AuthorityKey::Rsa2048]
            .map(by);
    let mut all: Vec<_> = direct
        .into_iter()
        .map(|authority| {
            let client = authority.issue(&agent());
            (authority, client)
        })
        .collect();
    // On P-384.
    let below = root.below(&AuthorityPlan::named("below")).issue(&agent());
    all.push((root, below));
    all
}

#[test]
fn a_certificate_in_bytes_that_are_not_its_der_is_refused_where_the_gate_verifies_it() {
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
fn a_certificate_in_bytes_that_are_not_its_der_is_refused_where_the_platform_verified_it() {
    for (_, client) in of_every_kind() {
        let pins = "issuer_dn = [\"CN=Devices CA,O=Example\", \"CN=below,O=Example\"]";
        let gateway =
            Fixture::new(&policy(&format!("source = \"api-gateway\"\n{pins}\n{SPIFFE}")), "");
        let worker =
            Fixture::new(&policy(&format!("source = \"cloudflare\"\n{pins}\n{SPIFFE}")), "");
        let balancer =
            Fixture::new(&policy(&format!("source = \"alb-verify\"\n{pins}\n{SPIFFE}")), "");
        let by_all = |client: &Client| {
            let leaf = edge_auth_testkit::certificates::pem(client.certificate());
            let event =
                Sent { certificate: PlatformCertificate::ApiGateway(&leaf), ..Sent::default() };
            let field = leaf.replace(' ', "%20").replace('\n', "%0A");
            let balanced =
                Sent { certificate: PlatformCertificate::LoadBalancer, ..Sent::default() }
                    .field("X-Amzn-Mtls-Clientcert-Leaf", &field);
            let (fingerprint, der) = (hex(&client.thumbprint()), sequence(client.certificate()));
            let told = TlsClientAuth {
                fingerprint_sha256: Some(&fingerprint),
                rfc9440: Some(&der),
                ..crate::sources::TOLD
            };
            [
                result(&gateway.ask(&event, NOW)),
                result(&balancer.ask(&balanced, NOW)),
                result(&worker.ask(&Sent::cloudflare(told), NOW)),
            ]
        };
        for decided in by_all(&client) {
            assert_eq!(decided, "cert:devices:spiffe://example.com/agent");
        }
        for (what, der) in misencoded(client.certificate()) {
            for refusal in by_all(&client.with_certificate(der)) {
                assert!(refusal.starts_with("certificate_"), "{what}: {refusal}");
            }
        }
    }
}

#[test]
fn an_authority_above_a_certificate_is_refused_in_bytes_that_are_not_its_der() {
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
fn the_other_signature_of_a_certificate_makes_no_second_identity() {
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
fn the_identity_of_a_pinned_certificate_is_the_fingerprint_that_the_policy_has() {
    let client = root().issue(&agent());
    let (own, other) = (client.clone(), client.with_other_signature());
    for (pinned, other) in [(&own, &other), (&other, &own)] {
        let pin = format!("fingerprint = \"{}\"", hex(&pinned.thumbprint()));
        let fixture =
            Fixture::new(&policy(&format!("source = \"api-gateway\"\n{pin}\n{FINGERPRINT}")), "");
        let by = |client: &Client| {
            let pem = client.pem();
            result(&fixture.ask(
                &Sent { certificate: PlatformCertificate::ApiGateway(&pem), ..Sent::default() },
                NOW,
            ))
        };
        assert_eq!(
            by(pinned),
            format!("cert:devices:{}", hex(&pinned.thumbprint()).to_lowercase())
        );
        assert_eq!(by(other), "certificate_issuer_untrusted");
    }
    let both =
        format!("fingerprint = [\"{}\", \"{}\"]", hex(&own.thumbprint()), hex(&other.thumbprint()));
    let fixture =
        Fixture::new(&policy(&format!("source = \"api-gateway\"\n{both}\n{FINGERPRINT}")), "");
    let by = |client: &Client| {
        let pem = client.pem();
        result(&fixture.ask(
            &Sent { certificate: PlatformCertificate::ApiGateway(&pem), ..Sent::default() },
            NOW,
        ))
    };
    assert_eq!(by(&own), by(&other));
}

#[test]
fn a_fingerprint_without_its_certificate_is_an_identity_only_if_it_is_pinned() {
    let client = root().issue(&agent());
    let fingerprint = hex(&client.thumbprint());
    let (der, told) = (
        sequence(client.certificate()),
        TlsClientAuth { fingerprint_sha256: Some(&fingerprint), ..crate::sources::TOLD },
    );
    let by = |pin: &str, told| {
        let fixture =
            Fixture::new(&policy(&format!("source = \"cloudflare\"\n{pin}\n{FINGERPRINT}")), "");
        result(&fixture.ask(&Sent::cloudflare(told), NOW))
    };
    let named = "issuer_dn = \"CN=Devices CA,O=Example\"";
    assert_eq!(by(named, told), "certificate_identity_mismatch");
    assert!(by(named, TlsClientAuth { rfc9440: Some(&der), ..told }).starts_with("cert:devices:"));
    let pinned = format!("fingerprint = \"{fingerprint}\"");
    assert_eq!(by(&pinned, told), format!("cert:devices:{}", fingerprint.to_lowercase()));
}

#[test]
fn what_cloudflare_hands_over_in_other_bytes_than_it_tells_of_is_refused() {
    let client = root().issue(&agent());
    let other = other_signature(client.certificate()).unwrap();
    let pins = "issuer_dn = \"CN=Devices CA,O=Example\"";
    let fixture = Fixture::new(&policy(&format!("source = \"cloudflare\"\n{pins}\n{SPIFFE}")), "");
    let (fingerprint, der) = (hex(&client.thumbprint()), sequence(&other));
    let told = TlsClientAuth {
        fingerprint_sha256: Some(&fingerprint),
        rfc9440: Some(&der),
        ..crate::sources::TOLD
    };
    assert_eq!(result(&fixture.ask(&Sent::cloudflare(told), NOW)), "certificate_malformed");
}

#[test]
fn where_nothing_names_a_certificate_for_sure_it_is_refused_if_anything_can_be_revoked() {
    let block = "source = \"cloudflare\"\nissuer_key_id = \"8204924cf49d471e855862706d889f58f6b784d3\"\n\
                 identity = { subject = \"CN\" }";
    let told = TlsClientAuth { issuer_dn: Some("XYZZY=a"), ..crate::sources::TOLD };
    let with = |revocation: &str, told| {
        let fixture = Fixture::new(&format!("{revocation}{}", policy(block)), "");
        result(&fixture.ask(&Sent::cloudflare(told), NOW))
    };
    let revocation = "[revocation]\nsecret = \"HS\"\n\n";
    assert_eq!(with("", told), "cert:devices:agent");
    assert_eq!(with(revocation, told), "certificate_malformed");
    assert_eq!(with(revocation, crate::sources::TOLD), "cert:devices:agent");
    let client = root().issue(&agent());
    let (fingerprint, der) = (hex(&client.thumbprint()), sequence(client.certificate()));
    let whole =
        TlsClientAuth { fingerprint_sha256: Some(&fingerprint), rfc9440: Some(&der), ..told };
    assert_eq!(with(revocation, whole), "cert:devices:agent");
}
