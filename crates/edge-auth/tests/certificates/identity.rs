//! The identities that certificates name.

use edge_auth_testkit::certificates::{AuthorityPlan, ClientPlan, has_low_s};

use crate::fixture::{Fixture, hex, result, rfc9440, root};

/// Returns the decision about a client's certificate under a policy with this identity.
fn decided(identity: &str, plan: &ClientPlan) -> String {
    let root = root();
    let client = root.issue(plan);
    let fixture = Fixture::new(&rfc9440(&format!("identity = {identity}")), &root.pem());
    let low = if has_low_s(client.certificate()) == Some(false) {
        client.with_other_signature()
    } else {
        client.clone()
    };
    result(&fixture.proxied(&client)).replace(&hex(&low.thumbprint()).to_lowercase(), "ITS-SHA-256")
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn with_uris(identity: &str, uris: &[&str]) -> String {
    decided(identity, &ClientPlan { uris: texts(uris), ..ClientPlan::default() })
}

fn with_hosts(identity: &str, hosts: &[&str]) -> String {
    decided(identity, &ClientPlan { hosts: texts(hosts), ..ClientPlan::default() })
}

fn with_emails(identity: &str, emails: &[&str]) -> String {
    decided(identity, &ClientPlan { emails: texts(emails), ..ClientPlan::default() })
}

fn with_subject(identity: &str, subject: &[(&str, &str)]) -> String {
    decided(identity, &ClientPlan { subject: fields(subject), ..ClientPlan::default() })
}

fn with_uri_and_subject(identity: &str, subject: &[(&str, &str)]) -> String {
    let uris = texts(&["spiffe://example.com/a"]);
    decided(identity, &ClientPlan { subject: fields(subject), uris, ..ClientPlan::default() })
}

fn fields(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(kind, value)| ((*kind).to_owned(), (*value).to_owned())).collect()
}

const MISMATCH: &str = "certificate_identity_mismatch";

#[test]
fn a_uri_is_the_identity_exactly_or_below_a_path() {
    let below = "{ san_uri = \"spiffe://example.com/*\" }";
    assert_eq!(
        with_uris(below, &["spiffe://example.com/a"]),
        "cert:devices:spiffe://example.com/a"
    );
    assert_eq!(
        with_uris(below, &["spiffe://example.com/a/b"]),
        "cert:devices:spiffe://example.com/a/b"
    );
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
        assert_eq!(with_uris(below, &[uri]), MISMATCH, "{uri}");
    }
    let exact = "{ san_uri = [\"spiffe://example.com/a\", \"spiffe://example.com/b\"] }";
    assert_eq!(
        with_uris(exact, &["spiffe://example.com/b"]),
        "cert:devices:spiffe://example.com/b"
    );
    assert_eq!(with_uris(exact, &["spiffe://example.com/ab"]), MISMATCH);
    assert_eq!(with_uris(exact, &[]), MISMATCH);
    // Two matching names are ambiguous. Other names do not matter, except in SPIFFE.
    assert_eq!(with_uris(exact, &["https://x.example/", "spiffe://example.com/b"]), MISMATCH);
    let https = "{ san_uri = [\"https://example.com/a\", \"https://example.com/b\"] }";
    assert_eq!(with_uris(https, &["https://example.com/a", "https://example.com/b"]), MISMATCH);
    assert_eq!(
        with_uris(https, &["urn:x", "https://example.com/b"]),
        "cert:devices:https://example.com/b"
    );
}

#[test]
fn a_host_name_is_the_identity_unless_it_is_a_wildcard() {
    let any = "{ san_dns = \"*.devices.example.com\" }";
    assert_eq!(with_hosts(any, &["A1.devices.example.com"]), "cert:devices:a1.devices.example.com");
    for host in [
        "devices.example.com",
        "a.b.devices.example.com",
        "*.devices.example.com",
        "a.devices.example.com.evil",
        "evildevices.example.com",
        ".devices.example.com",
    ] {
        assert_eq!(with_hosts(any, &[host]), MISMATCH, "{host}");
    }
    let exact = "{ san_dns = \"A1.devices.example.com\" }";
    assert_eq!(
        with_hosts(exact, &["a1.devices.example.com"]),
        "cert:devices:a1.devices.example.com"
    );
    assert_eq!(with_hosts(exact, &["*.devices.example.com"]), MISMATCH);
}

#[test]
fn an_address_is_the_identity_if_its_whole_host_matches() {
    let any = "{ san_email = \"*@example.com\" }";
    assert_eq!(with_emails(any, &["Ann@Example.COM"]), "cert:devices:Ann@example.com");
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
        assert_eq!(with_emails(any, &[email]), MISMATCH, "{email}");
    }
    assert_eq!(with_emails("{ san_email = \"ann@example.com\" }", &["bob@example.com"]), MISMATCH);
}

#[test]
fn a_field_of_the_subject_is_the_identity_if_it_occurs_once() {
    let cn = "{ subject = \"CN\" }";
    assert_eq!(
        with_subject(cn, &[("O", "Example"), ("CN", "Agent 7, \"x\"")]),
        "cert:devices:Agent 7, \"x\""
    );
    assert_eq!(
        with_subject("{ subject = \"2.5.4.11\" }", &[("OU", "é"), ("CN", "a")]),
        "cert:devices:é"
    );
    assert_eq!(with_subject(cn, &[("O", "Example")]), MISMATCH);
    for value in ["a\0b", "a\nb", "a\u{7f}"] {
        assert_eq!(with_subject(cn, &[("CN", value)]), "certificate_malformed", "{value:?}");
    }
    assert_eq!(with_subject(cn, &[("CN", "")]), MISMATCH);
    assert_eq!(with_subject(cn, &[("CN", &"a".repeat(256))]), MISMATCH);
}

#[test]
fn a_serial_number_or_the_fingerprint_is_the_identity() {
    let plan = ClientPlan { serial: vec![0x0A, 0xFF], ..ClientPlan::default() };
    assert_eq!(decided("\"serial\"", &plan), "cert:devices:aff");
    assert_eq!(decided("\"fingerprint\"", &plan), "cert:devices:ITS-SHA-256");
}

#[test]
fn a_serial_number_of_an_intermediate_authority_is_not_an_identity() {
    let root = root();
    let client = root.below(&AuthorityPlan::named("middle")).issue(&ClientPlan::default());
    let fixture = Fixture::new(&rfc9440("identity = \"serial\""), &root.pem());
    assert_eq!(result(&fixture.proxied(&client)), MISMATCH);
    // An authority that is repeated and renewed is still one authority. Two are refused.
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
fn an_unreadable_subject_matters_only_if_it_is_the_identity() {
    let (uri, cn) = ("{ san_uri = \"spiffe://example.com/*\" }", "{ subject = \"CN\" }");
    for subject in [&[("CN", "a\0b")][..], &[("CN", "ad\u{202e}min")], &[]] {
        assert_eq!(
            with_uri_and_subject(uri, subject),
            "cert:devices:spiffe://example.com/a",
            "{subject:?}"
        );
        assert_eq!(
            with_uri_and_subject("\"fingerprint\"", subject),
            "cert:devices:ITS-SHA-256",
            "{subject:?}"
        );
        assert!(with_uri_and_subject(cn, subject).starts_with("certificate_"), "{subject:?}");
    }
    assert_eq!(
        with_uri_and_subject(cn, &[("x500UniqueIdentifier", "x"), ("CN", "a")]),
        "cert:devices:a"
    );
}
