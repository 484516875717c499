//! Where certificates come from, and that nothing else is believed.

use edge_auth::certificate::{PlatformCertificate, TlsClientAuth};
use edge_auth_testkit::certificates::{Authority, AuthorityPlan, Client, ClientPlan};

use crate::fixture::{
    Fixture, NOW, SPIFFE, Sent, hex, policy, reason, result, rfc9440, root, sequence,
};

const AGENT: &str = "cert:devices:spiffe://example.com/agent";

fn agent(root: &Authority) -> Client {
    root.issue(&ClientPlan::with_uri("spiffe://example.com/agent"))
}

/// The key identifier that the client's certificate has of its issuer.
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
    assert_eq!(result(&fixture.ask(&sent, NOW)), AGENT);
    sent.proxy_trusted = false;
    assert_eq!(result(&fixture.ask(&sent, NOW)), "credential_missing");
}

#[test]
fn a_chain_of_the_listener_is_verified_here() {
    let root = root();
    let fixture = Fixture::new(
        &policy(&format!("source = \"tls\"\nca_file = \"ca.pem\"\n{SPIFFE}")),
        &root.pem(),
    );
    assert_eq!(result(&fixture.ask(&Sent::tls(&agent(&root)), NOW)), AGENT);
    let other = Authority::root(&AuthorityPlan::named("other"));
    assert_eq!(
        result(&fixture.ask(&Sent::tls(&agent(&other)), NOW)),
        "certificate_issuer_untrusted"
    );
    assert_eq!(result(&fixture.ask(&Sent::default(), NOW)), "credential_missing");
}

#[test]
fn what_comes_by_another_source_is_not_looked_at() {
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
fn a_load_balancers_fields_are_read_from_its_own_events_only() {
    let root = root();
    let client = agent(&root);
    let passthrough =
        policy(&format!("source = \"alb-passthrough\"\nca_file = \"ca.pem\"\n{SPIFFE}"));
    let fixture = Fixture::new(&passthrough, &root.pem());
    let field = url_encoded(&client.pem());
    let balanced = || Sent { certificate: PlatformCertificate::LoadBalancer, ..Sent::default() };
    assert_eq!(
        result(&fixture.ask(&balanced().field("X-Amzn-Mtls-Clientcert", &field), NOW)),
        AGENT
    );
    let forged =
        Sent { proxy_trusted: true, ..Sent::default() }.field("X-Amzn-Mtls-Clientcert", &field);
    assert_eq!(result(&fixture.ask(&forged, NOW)), "credential_missing");
    let twice =
        balanced().field("X-Amzn-Mtls-Clientcert", &field).field("x-amzn-mtls-clientcert", &field);
    assert_eq!(result(&fixture.ask(&twice, NOW)), "certificate_malformed");
    // A form decoder makes spaces of the base64's plus signs.
    for broken in [
        "",
        "CERT_CONTENT",
        &field.replace('+', " "),
        &field[..field.len() / 2],
        &field.replace("%0A", ""),
    ] {
        if broken != field {
            let outcome = fixture.ask(&balanced().field("X-Amzn-Mtls-Clientcert", broken), NOW);
            assert_eq!(result(&outcome), "certificate_malformed", "{broken}");
        }
    }
}

#[test]
fn a_load_balancer_that_verified_hands_over_the_leaf_and_its_issuer_is_pinned() {
    let root = root();
    let client = agent(&root);
    let by =
        |pin: &str| Fixture::new(&policy(&format!("source = \"alb-verify\"\n{pin}\n{SPIFFE}")), "");
    let sent = Sent { certificate: PlatformCertificate::LoadBalancer, ..Sent::default() }
        .field("X-Amzn-Mtls-Clientcert-Leaf", &url_encoded(&client.pem()))
        .field("X-Amzn-Mtls-Clientcert-Subject", "CN=somebody-else");
    let key_id = format!("issuer_key_id = \"{}\"", authority_key_id(&client));
    for pin in [key_id.as_str(), "issuer_dn = \"CN=Devices CA, O=Example\""] {
        assert_eq!(result(&by(pin).ask(&sent, NOW)), AGENT, "{pin}");
    }
    for pin in [
        "issuer_key_id = \"00\"",
        "issuer_dn = \"O=Example, CN=Devices CA\"",
        &format!("{key_id}\nissuer_dn = \"CN=x\""),
    ] {
        assert_eq!(result(&by(pin).ask(&sent, NOW)), "certificate_issuer_untrusted", "{pin}");
    }
    assert_eq!(result(&by(&key_id).ask(&sent, 4_000_000_001)), "certificate_expired");
}

#[test]
fn api_gateways_certificate_is_read_whole_and_placeholders_are_refused() {
    let root = root();
    let client = agent(&root);
    let pin = format!("fingerprint = \"{}\"", hex(&client.thumbprint()));
    let fixture = Fixture::new(&policy(&format!("source = \"api-gateway\"\n{pin}\n{SPIFFE}")), "");
    let (pem, twice) = (client.pem(), client.pem().repeat(2));
    let event = |pem| Sent { certificate: PlatformCertificate::ApiGateway(pem), ..Sent::default() };
    assert_eq!(result(&fixture.ask(&event(&pem), NOW)), AGENT);
    for placeholder in
        ["", "CERT_CONTENT", "-----BEGIN CERTIFICATE-----\nMIIEZTCCAk0CAQ", &twice, &pem[..300]]
    {
        assert_eq!(
            result(&fixture.ask(&event(placeholder), NOW)),
            "certificate_malformed",
            "{placeholder}"
        );
    }
    let other = agent(&root).pem();
    let other = Sent { certificate: PlatformCertificate::ApiGateway(&other), ..Sent::default() };
    assert_eq!(result(&fixture.ask(&other, NOW)), "certificate_issuer_untrusted");
}

/// What Cloudflare tells of a good certificate.
pub(crate) const TOLD: TlsClientAuth<'static> = TlsClientAuth {
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
fn what_cloudflare_found_good_passes_and_a_revoked_certificate_that_is_success_does_not() {
    let fixture =
        Fixture::new(&policy(&format!("{CLOUDFLARE}\nidentity = {{ subject = \"CN\" }}")), "");
    let told = |told| result(&fixture.ask(&Sent::cloudflare(told), NOW));
    assert_eq!(told(TOLD), "cert:devices:agent");
    for (told_instead, code) in [
        (TlsClientAuth { revoked: Some("1"), ..TOLD }, "certificate_revoked"),
        (TlsClientAuth { revoked: None, ..TOLD }, "certificate_invalid"),
        (TlsClientAuth { revoked: Some(""), ..TOLD }, "certificate_invalid"),
        (
            TlsClientAuth { verified: Some("FAILED:certificate has expired"), ..TOLD },
            "certificate_invalid",
        ),
        (TlsClientAuth { verified: Some("NONE"), ..TOLD }, "certificate_invalid"),
        (TlsClientAuth { verified: None, ..TOLD }, "certificate_invalid"),
        (TlsClientAuth { presented: Some("0"), ..TOLD }, "credential_missing"),
        (TlsClientAuth { presented: None, ..TOLD }, "credential_missing"),
        (TlsClientAuth { presented: Some("yes"), ..TOLD }, "certificate_malformed"),
        (TlsClientAuth { issuer_key_id: Some("00"), ..TOLD }, "certificate_issuer_untrusted"),
        (TlsClientAuth { issuer_key_id: None, ..TOLD }, "certificate_issuer_untrusted"),
        (TlsClientAuth { serial: Some("xyz"), ..TOLD }, "certificate_malformed"),
        (TlsClientAuth { subject_dn: Some("CN=a\0b"), ..TOLD }, "certificate_malformed"),
        (TlsClientAuth { subject_dn: Some("O=Example"), ..TOLD }, "certificate_identity_mismatch"),
        (TlsClientAuth { subject_dn: Some(""), ..TOLD }, "certificate_identity_mismatch"),
        (TlsClientAuth { subject_dn: None, ..TOLD }, "certificate_malformed"),
        (
            TlsClientAuth { subject_dn: Some("CN=agent,2.5.4.45=#03020061,GN=Ann"), ..TOLD },
            "cert:devices:agent",
        ),
        (TlsClientAuth { issuer_dn: Some("XYZZY=a"), ..TOLD }, "cert:devices:agent"),
        (
            TlsClientAuth { not_after: Some("Aug 5 00:28:21 2120 GMT"), ..TOLD },
            "certificate_malformed",
        ),
        (
            TlsClientAuth { not_after: Some("Dec 22 19:39:00 2019 GMT"), ..TOLD },
            "certificate_expired",
        ),
        (TlsClientAuth { fingerprint_sha256: Some("aa"), ..TOLD }, "certificate_malformed"),
    ] {
        assert_eq!(told(told_instead), code, "{told_instead:?}");
    }
}

#[test]
fn alternative_names_are_read_from_the_certificate_that_cloudflare_found_good_and_no_other() {
    let root = root();
    let (client, other) = (agent(&root), agent(&root));
    let fixture = Fixture::new(&policy(&format!("{CLOUDFLARE}\n{SPIFFE}")), "");
    let (own, others, fingerprint) =
        (sequence(client.certificate()), sequence(other.certificate()), hex(&client.thumbprint()));
    let told = TlsClientAuth { fingerprint_sha256: Some(&fingerprint), ..TOLD };
    let with =
        |rfc9440| result(&fixture.ask(&Sent::cloudflare(TlsClientAuth { rfc9440, ..told }), NOW));
    assert_eq!(with(Some(&own)), AGENT);
    // A workload's certificate has no subject.
    let nameless = TlsClientAuth { subject_dn: Some(""), rfc9440: Some(&own), ..told };
    assert_eq!(result(&fixture.ask(&Sent::cloudflare(nameless), NOW)), AGENT);
    assert_eq!(with(Some(&others)), "certificate_malformed");
    assert_eq!(with(Some("")), "certificate_identity_mismatch");
    assert_eq!(with(None), "certificate_identity_mismatch");
}

#[test]
fn cloudflares_header_fields_count_only_from_a_trusted_proxy() {
    let block = CLOUDFLARE.replace("\"cloudflare\"", "\"cloudflare-headers\"");
    let fixture = Fixture::new(&policy(&format!("{block}\nidentity = \"serial\"")), "");
    let fields = |verified: &str, revoked: &str| {
        let text = |text: Option<&'static str>| text.unwrap();
        Sent { proxy_trusted: true, ..Sent::default() }
            .field("Cf-Cert-Presented", "true")
            .field("Cf-Cert-Verified", verified)
            .field("Cf-Cert-Revoked", revoked)
            .field("Cf-Cert-Issuer-Dn-Rfc2253", text(TOLD.issuer_dn))
            .field("Cf-Cert-Subject-Dn-Rfc2253", text(TOLD.subject_dn))
            .field("Cf-Cert-Serial", text(TOLD.serial))
            .field("Cf-Cert-Fingerprint-Sha256", text(TOLD.fingerprint_sha256))
            .field("Cf-Cert-Issuer-Ski", text(TOLD.issuer_key_id))
            .field("Cf-Cert-Not-Before", text(TOLD.not_before))
            .field("Cf-Cert-Not-After", text(TOLD.not_after))
    };
    assert_eq!(
        result(&fixture.ask(&fields("true", "false"), NOW)),
        "cert:devices:936eacbe07f201df"
    );
    assert_eq!(result(&fixture.ask(&fields("true", "true"), NOW)), "certificate_revoked");
    assert_eq!(result(&fixture.ask(&fields("false", "false"), NOW)), "certificate_invalid");
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
        assert_eq!(result(&fixture.ask(&sent, NOW)), code, "{presented}");
    }
    let untrusted = Sent { proxy_trusted: false, ..fields("true", "false") };
    assert_eq!(result(&fixture.ask(&untrusted, NOW)), "credential_missing");
    let twice = fields("true", "false").field("cf-cert-revoked", "false");
    assert_eq!(result(&fixture.ask(&twice, NOW)), "certificate_malformed");
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
    assert_eq!(result(&fixture.ask(&Sent::tls(&client), NOW)), "cert:b:spiffe://example.com/agent");
    assert_eq!(result(&fixture.proxied(&client)), "cert:a:spiffe://example.com/agent");
    let both =
        Sent { certificate: PlatformCertificate::Tls(&client.chain), ..Sent::proxied(&client) };
    assert_eq!(result(&fixture.ask(&both, NOW)), "credential_malformed");
}
