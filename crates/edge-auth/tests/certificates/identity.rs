//! Whom a certificate names, and in how few ways.

use edge_auth_testkit::certificates::{AuthorityPlan, ClientPlan, has_low_s};

use crate::fixture::{Fixture, hex, result, rfc9440, root};

/// What comes of a client's certificate where the policy asks for this identity.
fn decided(identity: &str, plan: &ClientPlan) -> String {
    let root = root();
    let client = root.issue(plan);
    let fixture = Fixture::new(&rfc9440(&format!("identity = {identity}")), &root.pem());
    let low = match has_low_s(client.certificate()) {
        Some(false) => client.with_other_signature(),
        _ => client.clone(),
    };
    result(&fixture.proxied(&client)).replace(&hex(&low.thumbprint()).to_lowercase(), "ITS-SHA-256")
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

const NOBODY: &str = "certificate_identity_mismatch";

#[test]
fn a_uri_is_the_identity_whole_or_below_a_path() {
    let with = |identity: &str, uris: &[&str]| {
        decided(identity, &ClientPlan { uris: texts(uris), ..ClientPlan::default() })
    };
    let below = "{ san_uri = \"spiffe://example.com/*\" }";
    assert_eq!(with(below, &["spiffe://example.com/a"]), "cert:devices:spiffe://example.com/a");
    assert_eq!(with(below, &["spiffe://example.com/a/b"]), "cert:devices:spiffe://example.com/a/b");
    for uri in [
        "spiffe://example.com/",
        "spiffe://example.com",
        "spiffe://example.com.evil/a",
        "spiffe://evil/example.com/a",
        "spiffe://example.com/a/../b",
        "spiffe://example.com/a//b",
        "spiffe://example.com/a/",
        "spiffe://example.com/%61",
        "spiffe://example.com/a?b",
        "spiffe://example.com/a#b",
        "SPIFFE://example.com/a",
        "spiffe://example.com/*",
        "https://example.com/a",
    ] {
        assert_eq!(with(below, &[uri]), NOBODY, "{uri}");
    }
    let exact = "{ san_uri = [\"spiffe://example.com/a\", \"spiffe://example.com/b\"] }";
    assert_eq!(with(exact, &["spiffe://example.com/b"]), "cert:devices:spiffe://example.com/b");
    assert_eq!(with(exact, &["spiffe://example.com/ab"]), NOBODY);
    assert_eq!(with(exact, &[]), NOBODY);
    // Two names that fit leave it open who it is; others do not matter, but to SPIFFE.
    assert_eq!(with(exact, &["https://x.example/", "spiffe://example.com/b"]), NOBODY);
    let https = "{ san_uri = [\"https://example.com/a\", \"https://example.com/b\"] }";
    assert_eq!(with(https, &["https://example.com/a", "https://example.com/b"]), NOBODY);
    assert_eq!(
        with(https, &["urn:x", "https://example.com/b"]),
        "cert:devices:https://example.com/b"
    );
}

#[test]
fn a_host_name_is_the_identity_and_a_wildcard_in_the_certificate_is_none() {
    let with = |identity: &str, hosts: &[&str]| {
        decided(identity, &ClientPlan { hosts: texts(hosts), ..ClientPlan::default() })
    };
    let any = "{ san_dns = \"*.devices.example.com\" }";
    assert_eq!(with(any, &["A1.devices.example.com"]), "cert:devices:a1.devices.example.com");
    for host in [
        "devices.example.com",
        "a.b.devices.example.com",
        "*.devices.example.com",
        "a.devices.example.com.evil",
        "evildevices.example.com",
        ".devices.example.com",
    ] {
        assert_eq!(with(any, &[host]), NOBODY, "{host}");
    }
    let exact = "{ san_dns = \"A1.devices.example.com\" }";
    assert_eq!(with(exact, &["a1.devices.example.com"]), "cert:devices:a1.devices.example.com");
    assert_eq!(with(exact, &["*.devices.example.com"]), NOBODY);
}

#[test]
fn an_address_is_the_identity_and_its_host_is_no_ending() {
    let with = |identity: &str, emails: &[&str]| {
        decided(identity, &ClientPlan { emails: texts(emails), ..ClientPlan::default() })
    };
    let any = "{ san_email = \"*@example.com\" }";
    assert_eq!(with(any, &["Ann@Example.COM"]), "cert:devices:Ann@example.com");
    for email in [
        "ann@evil-example.com",
        "ann@sub.example.com",
        "@example.com",
        "a@b@example.com",
        "\"a\"@example.com",
        ".a@example.com",
        "a.@example.com",
        "a..b@example.com",
        "a/../b@example.com",
    ] {
        assert_eq!(with(any, &[email]), NOBODY, "{email}");
    }
    assert_eq!(with("{ san_email = \"ann@example.com\" }", &["bob@example.com"]), NOBODY);
}

#[test]
fn a_field_of_the_subject_is_the_identity_if_it_is_there_once() {
    let with = |identity: &str, subject: &[(&str, &str)]| {
        let subject =
            subject.iter().map(|(kind, value)| ((*kind).to_owned(), (*value).to_owned())).collect();
        decided(identity, &ClientPlan { subject, ..ClientPlan::default() })
    };
    let cn = "{ subject = \"CN\" }";
    assert_eq!(
        with(cn, &[("O", "Example"), ("CN", "Agent 7, \"x\"")]),
        "cert:devices:Agent 7, \"x\""
    );
    assert_eq!(with("{ subject = \"2.5.4.11\" }", &[("OU", "é"), ("CN", "a")]), "cert:devices:é");
    assert_eq!(with(cn, &[("O", "Example")]), NOBODY);
    for value in ["a\0b", "a\nb", "a\u{7f}"] {
        assert_eq!(with(cn, &[("CN", value)]), "certificate_malformed", "{value:?}");
    }
    assert_eq!(with(cn, &[("CN", "")]), NOBODY);
    assert_eq!(with(cn, &[("CN", &"a".repeat(256))]), NOBODY);
}

#[test]
fn a_serial_number_or_the_fingerprint_is_the_identity() {
    let plan = ClientPlan { serial: vec![0x0A, 0xFF], ..ClientPlan::default() };
    assert_eq!(decided("\"serial\"", &plan), "cert:devices:aff");
    assert_eq!(decided("\"fingerprint\"", &plan), "cert:devices:ITS-SHA-256");
}

#[test]
fn a_serial_number_of_an_authority_in_between_is_not_unique_and_no_identity() {
    let root = root();
    let client = root.below(&AuthorityPlan::named("middle")).issue(&ClientPlan::default());
    let fixture = Fixture::new(&rfc9440("identity = \"serial\""), &root.pem());
    assert_eq!(result(&fixture.proxied(&client)), NOBODY);
    // The same authority twice, and once more renewed, is still one; two are none.
    let one =
        format!("{0}{0}{1}", root.pem(), root.renewed(&AuthorityPlan::named("Devices CA")).pem());
    let direct = root.issue(&ClientPlan::default());
    let fixture = Fixture::new(&rfc9440("identity = \"serial\""), &one);
    assert_eq!(result(&fixture.proxied(&direct)), "cert:devices:2a");
    let two = format!("{}{}", root.pem(), crate::fixture::root().pem());
    let refused =
        Fixture::build(&rfc9440("identity = \"serial\""), &two).err().unwrap().to_string();
    assert!(refused.contains("a serial number is unique for one"), "{refused}");
}

#[test]
fn a_subject_that_cannot_be_read_matters_only_where_it_is_the_identity() {
    let with = |identity: &str, subject: &[(&str, &str)]| {
        let subject =
            subject.iter().map(|(kind, value)| ((*kind).to_owned(), (*value).to_owned())).collect();
        let uris = texts(&["spiffe://example.com/a"]);
        decided(identity, &ClientPlan { subject, uris, ..ClientPlan::default() })
    };
    let (uri, cn) = ("{ san_uri = \"spiffe://example.com/*\" }", "{ subject = \"CN\" }");
    for subject in [&[("CN", "a\0b")][..], &[("CN", "ad\u{202e}min")], &[]] {
        assert_eq!(with(uri, subject), "cert:devices:spiffe://example.com/a", "{subject:?}");
        assert_eq!(with("\"fingerprint\"", subject), "cert:devices:ITS-SHA-256", "{subject:?}");
        assert!(with(cn, subject).starts_with("certificate_"), "{subject:?}");
    }
    assert_eq!(with(cn, &[("x500UniqueIdentifier", "x"), ("CN", "a")]), "cert:devices:a");
}
