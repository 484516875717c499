//! The verification of chains by the gate (RFC 5280, section 6).

use edge_auth_testkit::certificates::{
    Authority, AuthorityKey, AuthorityPlan, Client, ClientKey, ClientPlan, ClientUsage, Permitted,
};

use crate::fixture::{Fixture, NOW, SPIFFE, Sent, reason, result, rfc9440, root};

fn agent() -> ClientPlan {
    ClientPlan::with_uri("spiffe://example.com/agent")
}

/// An authority whose certificate has expired.
fn expired(name: &str) -> AuthorityPlan {
    AuthorityPlan { valid: (NOW - 100, NOW - 1), ..AuthorityPlan::named(name) }
}

/// Returns the decision about a client's chain, with `root` trusted.
fn decided(root: &Authority, client: &Client) -> String {
    result(&Fixture::new(&rfc9440(SPIFFE), &root.pem()).proxied(client))
}

#[test]
fn a_certificate_passes_directly_or_through_intermediates() {
    let root = root();
    let first = root.below(&AuthorityPlan::named("first"));
    let second = first.below(&AuthorityPlan::named("second"));
    for issuer in [&root, &first, &second] {
        assert_eq!(
            decided(&root, &issuer.issue(&agent())),
            "cert:devices:spiffe://example.com/agent"
        );
    }
}

#[test]
fn keys_of_every_accepted_kind_pass_and_weak_ones_do_not() {
    let root = root();
    for (key, decision) in [
        (ClientKey::P256, "cert:devices:spiffe://example.com/agent"),
        (ClientKey::Ed25519, "cert:devices:spiffe://example.com/agent"),
        (ClientKey::Rsa2048, "cert:devices:spiffe://example.com/agent"),
        (ClientKey::Rsa1024, "certificate_invalid"),
    ] {
        let client = root.issue(&ClientPlan { key, ..agent() });
        assert_eq!(decided(&root, &client), decision, "{key:?}");
    }
}

#[test]
fn another_authority_of_the_same_name_is_not_trusted() {
    let (ours, other, namesake) =
        (root(), Authority::root(&AuthorityPlan::named("Other CA")), root());
    for issuer in [&other, &namesake] {
        assert_eq!(decided(&ours, &issuer.issue(&agent())), "certificate_issuer_untrusted");
    }
    assert_eq!(decided(&ours, &agent().self_signed()), "certificate_issuer_untrusted");
}

#[test]
fn a_chain_without_its_middle_is_not_trusted() {
    let root = root();
    let middle = root.below(&AuthorityPlan::named("middle"));
    let mut client = middle.issue(&agent());
    client.chain.truncate(1);
    assert_eq!(decided(&root, &client), "certificate_issuer_untrusted");
}

#[test]
fn every_certificate_of_the_path_must_be_good_now() {
    let root = root();
    let past = ClientPlan { valid: (NOW - 100, NOW - 1), ..agent() };
    assert_eq!(decided(&root, &root.issue(&past)), "certificate_expired");
    // `openssl x509 -days -1` makes these.
    let backwards = ClientPlan { valid: (NOW - 1, NOW - 100), ..agent() };
    assert_eq!(decided(&root, &root.issue(&backwards)), "certificate_expired");
    let future = ClientPlan { valid: (NOW + 1, NOW + 100), ..agent() };
    assert_eq!(decided(&root, &root.issue(&future)), "certificate_not_yet_valid");
    let middle = root.below(&expired("middle"));
    assert_eq!(decided(&root, &middle.issue(&agent())), "certificate_expired");
    let old = Authority::root(&expired("old"));
    assert_eq!(decided(&old, &old.issue(&agent())), "certificate_expired");
}

#[test]
fn a_cached_certificate_expires_with_the_first_of_its_path() {
    let root = root();
    let middle =
        root.below(&AuthorityPlan { valid: (NOW - 9, NOW + 9), ..AuthorityPlan::named("middle") });
    let sent = Sent::proxied(&middle.issue(&agent()));
    let fixture = Fixture::new(&rfc9440(SPIFFE), &root.pem());
    for (now, decision) in [
        (NOW, "cert:devices:spiffe://example.com/agent"),
        (NOW + 9, "cert:devices:spiffe://example.com/agent"),
        (NOW + 10, "certificate_expired"),
        (NOW - 10, "certificate_not_yet_valid"),
    ] {
        assert_eq!(result(&fixture.ask(&sent, now)), decision, "{now}");
    }
}

#[test]
fn another_path_is_found_when_one_expires() {
    let root = root();
    let top = Authority::root(&AuthorityPlan::named("Top CA"));
    let short = AuthorityPlan { valid: (NOW - 9, NOW + 9), ..AuthorityPlan::named("Devices CA") };
    let (old, bridge) =
        (root.renewed(&short), root.certified_by(&top, &AuthorityPlan::named("Devices CA")));
    let fixture = Fixture::new(&rfc9440(SPIFFE), &format!("{}{}", old.pem(), top.pem()));
    let sent = Sent::proxied(&bridge.issue(&agent()));
    for now in [NOW, NOW + 10, NOW] {
        assert_eq!(
            result(&fixture.ask(&sent, now)),
            "cert:devices:spiffe://example.com/agent",
            "{now}"
        );
    }
}

#[test]
fn a_renewed_authority_is_good_beside_its_expired_certificate_in_any_order() {
    let new = root();
    let old = new.renewed(&expired("Devices CA"));
    let client = new.issue(&agent());
    for file in [format!("{}{}", old.pem(), new.pem()), format!("{}{}", new.pem(), old.pem())] {
        let fixture = Fixture::new(&rfc9440(SPIFFE), &file);
        assert_eq!(result(&fixture.proxied(&client)), "cert:devices:spiffe://example.com/agent");
    }
    assert_eq!(decided(&old, &client), "certificate_expired");
}

#[test]
fn an_expired_authority_does_not_lift_the_constraints_of_the_one_that_is_good() {
    let constrained = AuthorityPlan {
        permitted: vec![Permitted::Dns("a.example.com".to_owned())],
        ..AuthorityPlan::named("Devices CA")
    };
    let new = Authority::root(&constrained);
    let old = new.renewed(&expired("Devices CA"));
    let client = new.issue(&ClientPlan { hosts: vec!["b.example.com".to_owned()], ..agent() });
    for file in [format!("{}{}", old.pem(), new.pem()), format!("{}{}", new.pem(), old.pem())] {
        let outcome = result(&Fixture::new(&rfc9440(SPIFFE), &file).proxied(&client));
        assert!(outcome.starts_with("certificate_"), "{outcome}");
    }
}

#[test]
fn two_authorities_of_one_name_are_tried_above_a_certificate() {
    let (root, stranger) = (root(), Authority::root(&AuthorityPlan::named("x")));
    let middle = root.below(&AuthorityPlan::named("middle"));
    let good = middle.issue(&agent());
    let issuer = middle.certificate();
    let namesake = stranger.below(&AuthorityPlan::named("middle"));
    let namesake = namesake.certificate();
    let second_namesake = stranger.below(&AuthorityPlan::named("middle"));
    let second_namesake = second_namesake.certificate();
    let passes = "cert:devices:spiffe://example.com/agent";
    for (others, decision) in [
        (vec![namesake, issuer], passes),
        // A repeated certificate counts once.
        (vec![issuer, issuer, issuer, namesake, issuer], passes),
        (vec![namesake, second_namesake, issuer], "certificate_issuer_untrusted"),
    ] {
        let mut client = good.clone();
        client.chain.truncate(1);
        client.chain.extend(others.into_iter().cloned());
        assert_eq!(decided(&root, &client), decision);
    }
}

#[test]
fn certificates_may_come_in_any_order_with_unrelated_ones_among_them() {
    let root = root();
    let first = root.below(&AuthorityPlan::named("first"));
    let second = first.below(&AuthorityPlan::named("second"));
    let mut client = second.issue(&agent());
    client.chain = vec![
        client.certificate().clone(),
        self::root().below(&AuthorityPlan::named("elsewhere")).certificate().clone(),
        first.certificate().clone(),
        root.certificate().clone(),
        second.certificate().clone(),
    ];
    assert_eq!(decided(&root, &client), "cert:devices:spiffe://example.com/agent");
    client.chain.push(b"junk".to_vec().into());
    assert_eq!(decided(&root, &client), "certificate_malformed");
}

#[test]
fn a_weak_key_of_an_authority_is_refused() {
    let root = root();
    let weak = AuthorityPlan { key: AuthorityKey::Rsa1024, ..AuthorityPlan::named("weak") };
    assert_eq!(decided(&root, &root.below(&weak).issue(&agent())), "certificate_invalid");
}

#[test]
fn a_long_value_in_a_certificate_does_not_make_a_long_reason() {
    let root = root();
    let client = root.issue(&agent());
    // The algorithm of its signature, in both of its places, is an OID of 4 kB.
    let der = signed_by_algorithm(client.certificate(), &[&[42][..], &[0x81; 4096], &[1]].concat());
    let outcome = Fixture::new(&rfc9440(SPIFFE), &root.pem())
        .proxied(&Client { chain: vec![der.into()], ..client });
    assert_eq!(result(&outcome), "certificate_malformed");
    assert!(reason(&outcome).len() < 200, "{}", reason(&outcome));
}

#[test]
fn a_signature_by_an_unknown_algorithm_is_named_in_words() {
    let root = root();
    let client = root.issue(&agent());
    let der = signed_by_algorithm(client.certificate(), &[42, 3, 4]);
    let outcome = Fixture::new(&rfc9440(SPIFFE), &root.pem())
        .proxied(&Client { chain: vec![der.into()], ..client });
    assert_eq!(result(&outcome), "certificate_invalid");
    assert!(reason(&outcome).ends_with("algorithm that is not accepted"), "{}", reason(&outcome));
}

/// Replaces the algorithm of a certificate's signature.
fn signed_by_algorithm(der: &[u8], oid: &[u8]) -> Vec<u8> {
    use x509_cert::Certificate;
    use x509_cert::der::{Decode, Encode};
    // ecdsa-with-SHA256, as a whole AlgorithmIdentifier.
    let own = [0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    let other = nested(0x30, &nested(0x06, oid));
    let parsed = Certificate::from_der(der).unwrap();
    let body = parsed.tbs_certificate().to_der().unwrap();
    let signature = parsed.signature().to_der().unwrap();
    let start = body.windows(own.len()).position(|window| window == own).unwrap();
    let header = if body[1] == 0x81 { 3 } else { 4 };
    let body = [&body[header..start], &other, &body[start + own.len()..]].concat();
    nested(0x30, &[nested(0x30, &body), other, signature].concat())
}

/// Encodes a DER value with a length of up to two bytes.
fn nested(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    if content.len() < 128 {
        return [&[tag, length[1]], content].concat();
    }
    [&[tag, 0x82, length[0], length[1]], content].concat()
}

#[test]
fn a_servers_certificate_is_not_a_clients() {
    let root = root();
    let server = root.issue(&ClientPlan { usage: Some(ClientUsage::Server), ..agent() });
    assert_eq!(decided(&root, &server), "certificate_invalid");
    // RFC 5280, section 4.2.1.12: a certificate without the extension is for any purpose.
    let any = root.issue(&ClientPlan { usage: None, ..agent() });
    assert_eq!(decided(&root, &any), "cert:devices:spiffe://example.com/agent");
}

#[test]
fn an_unknown_critical_extension_is_refused() {
    let root = root();
    let client = root.issue(&ClientPlan { unknown_critical: true, ..agent() });
    let outcome = Fixture::new(&rfc9440(SPIFFE), &root.pem()).proxied(&client);
    assert_eq!(result(&outcome), "certificate_invalid");
    assert!(
        reason(&outcome).ends_with("a critical extension that is not known"),
        "{}",
        reason(&outcome)
    );
}

#[test]
fn an_authoritys_certificate_is_not_a_clients() {
    let root = root();
    let client = root.issue(&ClientPlan { is_authority: true, ..agent() });
    assert_eq!(decided(&root, &client), "certificate_invalid");
}

#[test]
fn only_an_authority_issues_certificates() {
    let root = root();
    let client =
        root.below(&AuthorityPlan { is_authority: false, ..AuthorityPlan::named("client") });
    assert_eq!(decided(&root, &client.issue(&agent())), "certificate_invalid");
    let list_signer =
        root.below(&AuthorityPlan { may_sign: false, ..AuthorityPlan::named("lists") });
    assert_eq!(decided(&root, &list_signer.issue(&agent())), "certificate_invalid");
}

#[test]
fn every_authority_limits_the_length_of_a_path() {
    let limited = AuthorityPlan { max_intermediates: Some(0), ..AuthorityPlan::named("limited") };
    let root_of_none = Authority::root(&limited);
    assert_eq!(
        decided(&root_of_none, &root_of_none.issue(&agent())),
        "cert:devices:spiffe://example.com/agent"
    );
    let below = root_of_none.below(&AuthorityPlan::named("below"));
    assert_eq!(decided(&root_of_none, &below.issue(&agent())), "certificate_invalid");
    let root = root();
    let two = root.below(&limited).below(&AuthorityPlan::named("below"));
    assert_eq!(decided(&root, &two.issue(&agent())), "certificate_invalid");
}

fn constrained(permitted: Permitted) -> AuthorityPlan {
    AuthorityPlan { permitted: vec![permitted], ..AuthorityPlan::named("constrained") }
}

#[test]
fn names_outside_an_authoritys_constraints_are_refused() {
    let root = root();
    let hosts = root.below(&constrained(Permitted::Dns("a.example.com".to_owned())));
    let fixture =
        Fixture::new(&rfc9440("identity = { san_dns = \"*.a.example.com\" }"), &root.pem());
    for (name, decision) in [
        ("x.a.example.com", "cert:devices:x.a.example.com"),
        ("x.b.example.com", "certificate_invalid"),
    ] {
        let plan = ClientPlan { hosts: vec![name.to_owned()], ..ClientPlan::default() };
        assert_eq!(result(&fixture.proxied(&hosts.issue(&plan))), decision);
    }
    // The gate does not evaluate constraints on addresses. They refuse every address, anywhere.
    let emails = root.below(&constrained(Permitted::Email("example.com".to_owned())));
    let client = emails.issue(&ClientPlan { emails: vec!["a@evil.example".to_owned()], ..agent() });
    assert_eq!(decided(&root, &client), "certificate_invalid");
    let in_subject = ClientPlan {
        subject: vec![("EMAILADDRESS".to_owned(), "ceo@evil.example".to_owned())],
        ..agent()
    };
    assert_eq!(decided(&root, &emails.issue(&in_subject)), "certificate_invalid");
    assert_eq!(decided(&root, &root.issue(&in_subject)), "cert:devices:spiffe://example.com/agent");
    let of_root = Authority::root(&constrained(Permitted::Email("example.com".to_owned())));
    assert_eq!(decided(&of_root, &of_root.issue(&in_subject)), "certificate_invalid");
}

#[test]
fn a_subject_below_a_constrained_authority_is_not_an_identity() {
    let root = root();
    let plan = ClientPlan {
        subject: vec![("CN".to_owned(), "admin.example.com".to_owned())],
        ..ClientPlan::default()
    };
    let fixture = Fixture::new(&rfc9440("identity = { subject = \"CN\" }"), &root.pem());
    assert_eq!(result(&fixture.proxied(&root.issue(&plan))), "cert:devices:admin.example.com");
    let partner = root.below(&constrained(Permitted::Dns("partner.example".to_owned())));
    assert_eq!(result(&fixture.proxied(&partner.issue(&plan))), "certificate_identity_mismatch");
}

#[test]
fn a_large_certificate_and_a_long_chain_are_refused_before_parsing() {
    let root = root();
    let large = root.issue(&ClientPlan { padding: 100_000, ..agent() });
    assert_eq!(decided(&root, &large), "credential_too_large");
    let mut long = root.issue(&agent());
    long.chain = std::iter::repeat_n(long.certificate().clone(), 7).collect();
    assert_eq!(decided(&root, &long), "credential_too_large");
}

#[test]
fn every_truncation_and_every_changed_byte_is_refused() {
    let root = root();
    let fixture = Fixture::new(&rfc9440(SPIFFE), &root.pem());
    let good = root.issue(&agent());
    let der = good.certificate().to_vec();
    for length in 0..der.len() {
        let cut = der.get(..length).unwrap().to_vec();
        assert!(decided_for(&fixture, cut).starts_with("certificate_"), "{length}");
    }
    for index in 0..der.len() {
        let mut changed = der.clone();
        changed[index] ^= 0x01;
        assert!(decided_for(&fixture, changed).starts_with("certificate_"), "{index}");
    }
    let mut more = der;
    more.push(0);
    assert_eq!(decided_for(&fixture, more), "certificate_malformed");
}

fn decided_for(fixture: &Fixture, der: Vec<u8>) -> String {
    let client = Client { chain: vec![der.into()], key_pem: String::new() };
    result(&fixture.proxied(&client))
}
