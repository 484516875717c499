//! The settings of certificates that a policy may have for each source.

use edge_auth_testkit::certificates::Authority;

use crate::fixture::{Fixture, policy, root};

fn refusal(block: &str, ca: &str) -> String {
    match Fixture::build(&policy(block), ca) {
        Ok(_) => String::new(),
        Err(errors) => errors.to_string(),
    }
}

const IDENTITY: &str = "identity = \"fingerprint\"";
const KEY_ID: &str = "issuer_key_id = \"00ff\"";
const DN: &str = "issuer_dn = [\"CN=a\"]";
const CA: &str = "ca_file = \"ca.pem\"";

#[test]
fn each_source_accepts_only_the_pins_that_it_can_check() {
    let fingerprint = format!("fingerprint = \"{}\"", "0".repeat(64));
    let ca = root().pem();
    let pins = [
        ("issuer_key_id", KEY_ID),
        ("issuer_dn", DN),
        ("fingerprint", &fingerprint),
        ("ca_file", CA),
    ];
    for (source, allowed) in [
        ("cloudflare", "issuer_key_id issuer_dn fingerprint"),
        ("cloudflare-headers", "issuer_key_id issuer_dn fingerprint"),
        ("api-gateway", "issuer_key_id issuer_dn fingerprint"),
        ("alb-verify", "issuer_key_id issuer_dn"),
        ("alb-passthrough", "ca_file fingerprint"),
        ("rfc9440", "ca_file fingerprint"),
        ("nginx", "ca_file fingerprint"),
        ("envoy-xfcc", "ca_file fingerprint"),
        ("traefik", "ca_file fingerprint"),
        ("haproxy", "ca_file fingerprint"),
        ("azure", "ca_file fingerprint"),
        ("tls", "ca_file fingerprint"),
    ] {
        for (name, pin) in pins {
            let refusal = refusal(&format!("source = \"{source}\"\n{pin}\n{IDENTITY}"), &ca);
            let is_allowed = allowed.split(' ').any(|one| one == name);
            assert_eq!(refusal.is_empty(), is_allowed, "{source} {name}: {refusal}");
            assert!(is_allowed || refusal.contains(name), "{refusal}");
        }
    }
}

#[test]
fn a_block_that_pins_nothing_is_refused() {
    for source in ["cloudflare", "cloudflare-headers", "api-gateway", "alb-verify"] {
        let refusal = refusal(&format!("source = \"{source}\"\n{IDENTITY}"), "");
        assert!(refusal.contains("every CA that the platform trusts would pass"), "{refusal}");
    }
    for source in ["rfc9440", "alb-passthrough"] {
        let refusal = refusal(&format!("source = \"{source}\"\n{IDENTITY}"), "");
        assert!(refusal.contains("`ca_file`"), "{refusal}");
    }
    let refusal = refusal(&format!("source = \"tls\"\n{IDENTITY}"), "");
    assert!(refusal.contains("--client-ca"), "{refusal}");
}

#[test]
fn an_authority_file_without_authorities_is_refused() {
    let root = root();
    let leaf = root.issue(&Default::default()).pem();
    let (pem, broken) = (root.pem(), root.pem().replace('M', "!"));
    let mistyped = pem.replace("-----BEGIN", "----BEGIN");
    for (file, says) in [
        ("", "has no certificate in it"),
        ("junk", "has no certificate in it"),
        (broken.as_str(), "is broken PEM"),
        (&pem[..300], "is broken PEM"),
        (&format!("{pem}{}", &pem[..300]), "is broken PEM"),
        (&format!("{pem}{mistyped}"), "mistyped"),
        ("-----BEGIN PKCS7-----\nMAA=\n-----END PKCS7-----", "openssl pkcs7 -print_certs"),
        ("0\u{3}\u{2}\u{1}\u{1}", "openssl x509 -inform der"),
        (&leaf, "it is not an authority's"),
        (&format!("{}{leaf}", root.pem()), "certificate 2"),
    ] {
        let refusal = refusal(&format!("source = \"rfc9440\"\n{CA}\n{IDENTITY}"), file);
        assert!(refusal.contains(says) && refusal.contains("ca.pem"), "{refusal}");
        assert!(refusal.contains("policy.toml:4:"), "{refusal}");
    }
    let missing = refusal(&format!("source = \"rfc9440\"\nca_file = \"none.pem\"\n{IDENTITY}"), "");
    assert!(missing.contains("none.pem"), "{missing}");
}

#[test]
fn an_authority_file_may_be_as_tools_write_it() {
    let pem = root().pem();
    for file in [
        format!("\u{feff}{pem}"),
        format!("Certificate:\n    Data:\n        Version: 3 (0x2)\n{pem}"),
        pem.replace('\n', "\r\n"),
        pem.replace('\n', " \n"),
        pem.replace("CERTIFICATE", "TRUSTED CERTIFICATE"),
        pem.replace("CERTIFICATE", "X509 CERTIFICATE"),
    ] {
        assert_eq!(edge_auth::certificate::check_authorities(file.as_bytes()), Ok(()), "{file}");
    }
}

/// Checks a `TRUSTED CERTIFICATE` with these settings of OpenSSL.
fn check_trusted(root: &Authority, settings: &[u8]) -> Result<(), String> {
    let der = [root.certificate().as_ref(), settings].concat();
    let pem = edge_auth_testkit::certificates::pem(&der.into())
        .replace("CERTIFICATE", "TRUSTED CERTIFICATE");
    edge_auth::certificate::check_authorities(pem.as_bytes())
}

#[test]
fn openssls_settings_of_a_trusted_certificate_are_respected() {
    let root = root();
    // `-addtrust clientAuth`, `-setalias ca`; then `-addtrust serverAuth`, `-addreject clientAuth`.
    let good: [&[u8]; 3] =
        [&[], b"\x30\x0c\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02", b"\x30\x04\x0c\x02ca"];
    let bad: [&[u8]; 3] = [
        b"\x30\x0c\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01",
        b"\x30\x0c\xa0\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02",
        b"\x30\x80",
    ];
    for settings in good {
        assert_eq!(check_trusted(&root, settings), Ok(()), "{settings:?}");
    }
    for settings in bad {
        assert!(check_trusted(&root, settings).is_err(), "{settings:?}");
    }
}

#[test]
fn pins_and_identities_must_be_readable() {
    for (block, says) in [
        ("source = \"cloudflare\"\nissuer_key_id = \"0\"\nidentity = \"serial\"", "key identifier"),
        ("source = \"cloudflare\"\nissuer_key_id = []\nidentity = \"serial\"", "is empty"),
        (
            "source = \"cloudflare\"\nissuer_key_id = [\"00\", \"01\"]\nidentity = \"serial\"",
            "pin exactly one",
        ),
        ("source = \"cloudflare\"\nissuer_dn = \"Example\"\nidentity = \"serial\"", "RFC 4514"),
        ("source = \"cloudflare\"\nfingerprint = \"00\"\nidentity = \"serial\"", "SHA-256"),
        (
            &format!(
                "source = \"cloudflare\"\nfingerprint = \"{}\"\nidentity = \"serial\"",
                "0".repeat(64)
            ),
            "pin exactly one",
        ),
        ("source = \"cloudflare\"\nissuer_dn = \"\"\nidentity = \"serial\"", "RFC 4514"),
        (
            "source = \"alb-verify\"\nfingerprint = \"00\"\nidentity = \"serial\"",
            "it can pin `issuer_key_id`",
        ),
        (
            "source = \"tls\"\nca_file = \"ca.pem\"\nidentity = { san_uri = \"spiffe://a/../*\" }",
            "spiffe://example.com",
        ),
        (
            "source = \"tls\"\nca_file = \"ca.pem\"\nidentity = { san_uri = \"spiffe://a//*\" }",
            "spiffe://example.com",
        ),
        (
            "source = \"tls\"\nca_file = \"ca.pem\"\nidentity = { san_uri = \"spiffe://A/*\" }",
            "spiffe://example.com",
        ),
        ("source = \"iis\"\nidentity = \"serial\"", "`iis` is not one of `cloudflare`, "),
        ("source = \"tls\"\nca_file = \"ca.pem\"", "identity"),
        (
            "source = \"tls\"\nca_file = \"ca.pem\"\nidentity = { san_uri = \"*\" }",
            "spiffe://example.com",
        ),
        (
            "source = \"tls\"\nca_file = \"ca.pem\"\nidentity = { san_uri = \"spiffe://*/a\" }",
            "spiffe://example.com",
        ),
        (
            "source = \"tls\"\nca_file = \"ca.pem\"\nidentity = { san_uri = \"spiffe://a/b*\" }",
            "spiffe://example.com",
        ),
        (
            "source = \"tls\"\nca_file = \"ca.pem\"\nidentity = { san_uri = [] }",
            "matches no certificate",
        ),
        (
            "source = \"tls\"\nca_file = \"ca.pem\"\nidentity = { san_dns = \"*.com\" }",
            "two labels",
        ),
        ("source = \"tls\"\nca_file = \"ca.pem\"\nidentity = { san_dns = \"*\" }", "two labels"),
        (
            "source = \"tls\"\nca_file = \"ca.pem\"\nidentity = { san_dns = \"a*.x.com\" }",
            "two labels",
        ),
        ("source = \"tls\"\nca_file = \"ca.pem\"\nidentity = { san_email = \"*\" }", "e-mail"),
        (
            "source = \"tls\"\nca_file = \"ca.pem\"\nidentity = { subject = \"XYZZY\" }",
            "field of the subject",
        ),
        (
            "source = \"tls\"\nca_file = \"ca.pem\"\nidentity = \"serial\"\nscopes = [\"a b\"]",
            "scope",
        ),
    ] {
        let refusal = refusal(block, &root().pem());
        assert!(refusal.contains(says), "{block}\n{refusal}");
    }
}

#[test]
fn one_field_cannot_be_the_source_of_two_blocks() {
    let policy = format!(
        "[[client_cert]]\nname = \"a\"\nsource = \"cloudflare-headers\"\n{KEY_ID}\n{IDENTITY}\n\
         [[client_cert]]\nname = \"b\"\nsource = \"rfc9440\"\n{CA}\n{IDENTITY}\n\
         [[rule]]\npath = \"/\"\nrequire = {{ any = [\"cert:a\", \"cert:b\"] }}\n"
    );
    let refused = Fixture::build(&policy, &root().pem()).err().unwrap().to_string();
    assert!(refused.contains("both read `Client-Cert`"), "{refused}");
}

#[test]
fn certificate_bound_needs_a_token_and_a_source_of_certificates() {
    let block = "source = \"rfc9440\"\nca_file = \"ca.pem\"\nidentity = \"serial\"";
    let errors =
        Fixture::build(&format!("{}certificate_bound = true\n", policy(block)), &root().pem());
    assert!(errors.err().unwrap().to_string().contains("jwt:NAME"));
    let alone = "[[issuer]]\nname = \"corp\"\nissuer = \"x\"\naudience = \"y\"\nkeys = { secret = \"HS\" }\n\
                 [[rule]]\npath = \"/\"\nrequire = \"jwt:corp\"\ncertificate_bound = true\n";
    assert!(Fixture::build(alone, "").err().unwrap().to_string().contains("[[client_cert]]"));
}
