//! The sources of certificates: each is trusted for its own kind of request only.

use edge_auth::certificate::{PlatformCertificate, TlsClientAuth};
use edge_auth_testkit::certificates::{Authority, AuthorityPlan, Client, ClientPlan};

use crate::fixture::{
    Fixture, NOW, SPIFFE, Sent, hex, policy, reason, result, rfc9440, root, sequence,
};

const AGENT: &str = "cert:devices:spiffe://example.com/agent";

fn agent(root: &Authority) -> Client {
    root.issue(&ClientPlan::with_uri("spiffe://example.com/agent"))
}

/// Returns the key identifier of a certificate's issuer.
fn authority_key_id(client: &Client) -> String {
    // `authorityKeyIdentifier` (2.5.29.35) of rcgen's: 20 bytes, tagged [0].
    let der = client.certificate();
    let start = der.windows(3).position(|window| window == [0x55, 0x1d, 0x23]).unwrap();
    hex(der.get(start + 9..start + 29).unwrap())
}

fn url_encoded(pem: &str) -> String {
    pem.replace('\n', "%0A").replace(' ', "%20")
}

#[test]
fn the_fields_of_rfc_9440_count_only_from_a_trusted_proxy() {
    let root = root();
    let fixture = Fixture::new(&rfc9440(SPIFFE), &root.pem());
    let mut sent = Sent::proxied(&agent(&root));
    assert_eq!(fixture.result(&sent), AGENT);
    sent.proxy_trusted = false;
    assert_eq!(fixture.result(&sent), "credential_missing");
}

#[test]
fn the_gate_verifies_a_chain_of_the_listener() {
    let root = root();
    let fixture = Fixture::new(
        &policy(&format!("source = \"tls\"\nca_file = \"ca.pem\"\n{SPIFFE}")),
        &root.pem(),
    );
    assert_eq!(fixture.result(&Sent::tls(&agent(&root))), AGENT);
    let other = Authority::root(&AuthorityPlan::named("other"));
    assert_eq!(fixture.result(&Sent::tls(&agent(&other))), "certificate_issuer_untrusted");
    assert_eq!(fixture.result(&Sent::default()), "credential_missing");
}

#[test]
fn certificates_from_another_source_are_ignored() {
    let root = root();
    let client = agent(&root);
    let elsewhere = Fixture::new(&rfc9440(SPIFFE), &root.pem());
    for sent in [
        Sent::tls(&client),
        Sent {
            certificate: PlatformCertificate::LoadBalancer,
            proxy_trusted: true,
            ..Sent::default()
        }
        .field("X-Amzn-Mtls-Clientcert", &url_encoded(&client.pem())),
        Sent { proxy_trusted: true, ..Sent::default() }.field("X-Forwarded-Client-Cert", "Hash=00"),
    ] {
        assert_eq!(result(&elsewhere.ask(&sent, NOW)), "credential_missing");
    }
    let listener = policy(&format!("source = \"tls\"\nca_file = \"ca.pem\"\n{SPIFFE}"));
    let listener = Fixture::new(&listener, &root.pem());
    assert_eq!(result(&listener.proxied(&client)), "credential_missing");
}

#[test]
fn a_load_balancers_fields_count_in_its_own_events_only() {
    let root = root();
    let client = agent(&root);
    let passthrough =
        policy(&format!("source = \"alb-passthrough\"\nca_file = \"ca.pem\"\n{SPIFFE}"));
    let fixture = Fixture::new(&passthrough, &root.pem());
    let field = url_encoded(&client.pem());
    let sent = Sent::load_balancer().field("X-Amzn-Mtls-Clientcert", &field);
    assert_eq!(fixture.result(&sent), AGENT);
    let forged =
        Sent { proxy_trusted: true, ..Sent::default() }.field("X-Amzn-Mtls-Clientcert", &field);
    assert_eq!(fixture.result(&forged), "credential_missing");
    let twice = sent.field("x-amzn-mtls-clientcert", &field);
    assert_eq!(fixture.result(&twice), "certificate_malformed");
    // A form decoder replaces the plus signs of base64 by spaces.
    for broken in [
        "",
        "CERT_CONTENT",
        &field.replace('+', " "),
        &field[..field.len() / 2],
        &field.replace("%0A", ""),
        &format!("CERT_CONTENT%0A{field}"),
        &format!("{field}CERT_CONTENT"),
        &format!("{}{field}", field.replace("CERTIFICATE", "X509%20CRL")),
    ] {
        if broken != field {
            let sent = Sent::load_balancer().field("X-Amzn-Mtls-Clientcert", broken);
            assert_eq!(fixture.result(&sent), "certificate_malformed", "{broken}");
        }
    }
}

#[test]
fn the_issuer_of_a_leaf_that_a_load_balancer_verified_is_pinned() {
    let root = root();
    let client = agent(&root);
    let sent = Sent::load_balancer()
        .field("X-Amzn-Mtls-Clientcert-Leaf", &url_encoded(&client.pem()))
        .field("X-Amzn-Mtls-Clientcert-Subject", "CN=somebody-else");
    let key_id = format!("issuer_key_id = \"{}\"", authority_key_id(&client));
    for pin in [key_id.as_str(), "issuer_dn = \"CN=Devices CA, O=Example\""] {
        assert_eq!(verified_by_balancer(pin).result(&sent), AGENT, "{pin}");
    }
    for pin in [
        "issuer_key_id = \"00\"",
        "issuer_dn = \"O=Example, CN=Devices CA\"",
        &format!("{key_id}\nissuer_dn = \"CN=x\""),
    ] {
        assert_eq!(
            verified_by_balancer(pin).result(&sent),
            "certificate_issuer_untrusted",
            "{pin}"
        );
    }
    let later = verified_by_balancer(&key_id).ask(&sent, 4_000_000_001);
    assert_eq!(result(&later), "certificate_expired");
}

fn verified_by_balancer(pin: &str) -> Fixture {
    Fixture::new(&policy(&format!("source = \"alb-verify\"\n{pin}\n{SPIFFE}")), "")
}

#[test]
fn api_gateways_placeholders_and_partial_certificates_are_refused() {
    let root = root();
    let client = agent(&root);
    let pin = format!("fingerprint = \"{}\"", hex(&client.thumbprint()));
    let fixture = Fixture::new(&policy(&format!("source = \"api-gateway\"\n{pin}\n{SPIFFE}")), "");
    let (pem, twice) = (client.pem(), client.pem().repeat(2));
    assert_eq!(fixture.result(&Sent::api_gateway(&pem)), AGENT);
    for placeholder in [
        "",
        "CERT_CONTENT",
        "-----BEGIN CERTIFICATE-----\nMIIEZTCCAk0CAQ",
        &twice,
        &pem[..300],
        &format!("CERT_CONTENT\n{pem}"),
    ] {
        assert_eq!(
            fixture.result(&Sent::api_gateway(placeholder)),
            "certificate_malformed",
            "{placeholder}"
        );
    }
    let other = agent(&root).pem();
    assert_eq!(fixture.result(&Sent::api_gateway(&other)), "certificate_issuer_untrusted");
}

/// Cloudflare's description of a good certificate.
pub(crate) const CLIENT_AUTH: TlsClientAuth<'static> = TlsClientAuth {
    presented: Some("1"),
    verified: Some("SUCCESS"),
    revoked: Some("0"),
    issuer_dn: Some("CN=Devices CA,O=Example"),
    subject_dn: Some("CN=agent,O=Example"),
    serial: Some("00936EACBE07F201DF"),
    fingerprint_sha256: Some("aa20bd56d6f3ea6d0d1b5d2b1f3a2ab0d6a9a1f0b7c7e0a4f6b5b6c0d1e2f3a4"),
    issuer_key_id: Some("8204924CF49D471E855862706D889F58F6B784D3"),
    not_before: Some("Dec 22 19:39:00 2018 GMT"),
    not_after: Some("Aug  5 00:28:21 2120 GMT"),
    rfc9440: None,
};

const CLOUDFLARE: &str = "source = \"cloudflare\"\nissuer_key_id = \"82:04:92:4c:f4:9d:47:1e:85:58:62:70:6d:88:9f:58:f6:b7:84:d3\"";

#[test]
fn cloudflares_description_is_checked_in_every_field() {
    let fixture =
        Fixture::new(&policy(&format!("{CLOUDFLARE}\nidentity = {{ subject = \"CN\" }}")), "");
    assert_eq!(fixture.result(&Sent::cloudflare(CLIENT_AUTH)), "cert:devices:agent");
    for (client_auth, code) in [
        (TlsClientAuth { revoked: Some("1"), ..CLIENT_AUTH }, "certificate_revoked"),
        (TlsClientAuth { revoked: None, ..CLIENT_AUTH }, "certificate_invalid"),
        (TlsClientAuth { revoked: Some(""), ..CLIENT_AUTH }, "certificate_invalid"),
        (
            TlsClientAuth { verified: Some("FAILED:certificate has expired"), ..CLIENT_AUTH },
            "certificate_invalid",
        ),
        (TlsClientAuth { verified: Some("NONE"), ..CLIENT_AUTH }, "certificate_invalid"),
        (TlsClientAuth { verified: None, ..CLIENT_AUTH }, "certificate_invalid"),
        (TlsClientAuth { presented: Some("0"), ..CLIENT_AUTH }, "credential_missing"),
        (TlsClientAuth { presented: None, ..CLIENT_AUTH }, "credential_missing"),
        (TlsClientAuth { presented: Some("yes"), ..CLIENT_AUTH }, "certificate_malformed"),
        (
            TlsClientAuth { issuer_key_id: Some("00"), ..CLIENT_AUTH },
            "certificate_issuer_untrusted",
        ),
        (TlsClientAuth { issuer_key_id: None, ..CLIENT_AUTH }, "certificate_issuer_untrusted"),
        (TlsClientAuth { serial: Some("xyz"), ..CLIENT_AUTH }, "certificate_malformed"),
        (TlsClientAuth { subject_dn: Some("CN=a\0b"), ..CLIENT_AUTH }, "certificate_malformed"),
        (
            TlsClientAuth { subject_dn: Some("O=Example"), ..CLIENT_AUTH },
            "certificate_identity_mismatch",
        ),
        (TlsClientAuth { subject_dn: Some(""), ..CLIENT_AUTH }, "certificate_identity_mismatch"),
        (TlsClientAuth { subject_dn: None, ..CLIENT_AUTH }, "certificate_malformed"),
        (
            TlsClientAuth { subject_dn: Some("CN=agent,2.5.4.45=#03020061,GN=Ann"), ..CLIENT_AUTH },
            "cert:devices:agent",
        ),
        (TlsClientAuth { issuer_dn: Some("XYZZY=a"), ..CLIENT_AUTH }, "cert:devices:agent"),
        (
            TlsClientAuth { not_after: Some("Aug 5 00:28:21 2120 GMT"), ..CLIENT_AUTH },
            "certificate_malformed",
        ),
        (
            TlsClientAuth { not_after: Some("Dec 22 19:39:00 2019 GMT"), ..CLIENT_AUTH },
            "certificate_expired",
        ),
        (TlsClientAuth { fingerprint_sha256: Some("aa"), ..CLIENT_AUTH }, "certificate_malformed"),
    ] {
        assert_eq!(fixture.result(&Sent::cloudflare(client_auth)), code, "{client_auth:?}");
    }
}

#[test]
fn alternative_names_come_from_the_certificate_that_cloudflare_verified() {
    let root = root();
    let (client, other) = (agent(&root), agent(&root));
    let fixture = Fixture::new(&policy(&format!("{CLOUDFLARE}\n{SPIFFE}")), "");
    let (own, others, fingerprint) =
        (sequence(client.certificate()), sequence(other.certificate()), hex(&client.thumbprint()));
    let verified = TlsClientAuth { fingerprint_sha256: Some(&fingerprint), ..CLIENT_AUTH };
    // A workload's certificate has no subject.
    let nameless = TlsClientAuth { subject_dn: Some(""), ..verified };
    for (client_auth, rfc9440, decision) in [
        (verified, Some(own.as_str()), AGENT),
        (nameless, Some(own.as_str()), AGENT),
        (verified, Some(others.as_str()), "certificate_malformed"),
        (verified, Some(""), "certificate_identity_mismatch"),
        (verified, None, "certificate_identity_mismatch"),
    ] {
        let sent = Sent::cloudflare(TlsClientAuth { rfc9440, ..client_auth });
        assert_eq!(fixture.result(&sent), decision, "{rfc9440:?}");
    }
}

/// A trusted proxy's fields with Cloudflare's description.
fn fields(verified: &str, revoked: &str) -> Sent<'static> {
    let mut sent = Sent { proxy_trusted: true, ..Sent::default() };
    for (name, value) in [
        ("Cf-Cert-Presented", Some("true")),
        ("Cf-Cert-Verified", Some(verified)),
        ("Cf-Cert-Revoked", Some(revoked)),
        ("Cf-Cert-Issuer-Dn-Rfc2253", CLIENT_AUTH.issuer_dn),
        ("Cf-Cert-Subject-Dn-Rfc2253", CLIENT_AUTH.subject_dn),
        ("Cf-Cert-Serial", CLIENT_AUTH.serial),
        ("Cf-Cert-Fingerprint-Sha256", CLIENT_AUTH.fingerprint_sha256),
        ("Cf-Cert-Issuer-Ski", CLIENT_AUTH.issuer_key_id),
        ("Cf-Cert-Not-Before", CLIENT_AUTH.not_before),
        ("Cf-Cert-Not-After", CLIENT_AUTH.not_after),
    ] {
        sent = sent.field(name, value.unwrap());
    }
    sent
}

#[test]
fn cloudflares_header_fields_count_only_from_a_trusted_proxy() {
    let block = CLOUDFLARE.replace("\"cloudflare\"", "\"cloudflare-headers\"");
    let fixture = Fixture::new(&policy(&format!("{block}\nidentity = \"serial\"")), "");
    assert_eq!(fixture.result(&fields("true", "false")), "cert:devices:936eacbe07f201df");
    assert_eq!(fixture.result(&fields("true", "true")), "certificate_revoked");
    assert_eq!(fixture.result(&fields("false", "false")), "certificate_invalid");
    for (verified, revoked) in
        [("SUCCESS", "false"), ("true", "TRUE"), ("true", "0"), ("true", "1")]
    {
        let outcome = fixture.ask(&fields(verified, revoked), NOW);
        assert_eq!(result(&outcome), "certificate_malformed", "{verified} {revoked}");
        assert!(reason(&outcome).contains("`cf-cert-"), "{}", reason(&outcome));
    }
    let missing = fixture.ask(&fields("true", ""), NOW);
    assert_eq!(result(&missing), "certificate_invalid");
    assert!(reason(&missing).contains("`cf-cert-revoked` is missing"), "{}", reason(&missing));
    for (presented, code) in [
        ("TRUE", "certificate_malformed"),
        ("yes", "certificate_malformed"),
        ("false", "credential_missing"),
    ] {
        let sent = Sent { proxy_trusted: true, ..Sent::default() }
            .field("Cf-Cert-Presented", presented)
            .field("Cf-Cert-Revoked", "junk");
        assert_eq!(fixture.result(&sent), code, "{presented}");
    }
    let untrusted = Sent { proxy_trusted: false, ..fields("true", "false") };
    assert_eq!(fixture.result(&untrusted), "credential_missing");
    let twice = fields("true", "false").field("cf-cert-revoked", "false");
    assert_eq!(fixture.result(&twice), "certificate_malformed");
}

#[test]
fn certificates_by_two_sources_of_one_rule_are_malformed() {
    let root = root();
    let client = agent(&root);
    let policy = format!(
        "[[client_cert]]\nname = \"a\"\nsource = \"rfc9440\"\nca_file = \"ca.pem\"\n{SPIFFE}\n\
         [[client_cert]]\nname = \"b\"\nsource = \"tls\"\nca_file = \"ca.pem\"\n{SPIFFE}\n\
         [[rule]]\npath = \"/\"\nrequire = {{ any = [\"cert:a\", \"cert:b\"] }}\n"
    );
    let fixture = Fixture::new(&policy, &root.pem());
    assert_eq!(fixture.result(&Sent::tls(&client)), "cert:b:spiffe://example.com/agent");
    assert_eq!(result(&fixture.proxied(&client)), "cert:a:spiffe://example.com/agent");
    let both =
        Sent { certificate: PlatformCertificate::Tls(&client.chain), ..Sent::proxied(&client) };
    assert_eq!(fixture.result(&both), "credential_malformed");
}
