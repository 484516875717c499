//! What must hold of a chain that nobody but the gate verifies (RFC 5280, section 6).

use edge_auth_testkit::certificates::{
    Authority, AuthorityPlan, Client, ClientKey, ClientPlan, ClientUsage, Permitted,
};

use crate::door::{Door, NOW, SPIFFE, Sent, result, rfc9440, root};

fn agent() -> ClientPlan {
    ClientPlan::with_uri("spiffe://example.com/agent")
}

/// What comes of a client's chain where `root` is trusted.
fn decided(root: &Authority, client: &Client) -> String {
    result(&Door::new(&rfc9440(SPIFFE), &root.pem()).proxied(client))
}

#[test]
fn a_certificate_of_the_authority_passes_directly_or_by_way_of_others() {
    let root = root();
    let first = root.below(&AuthorityPlan::named("first"));
    let second = first.below(&AuthorityPlan::named("second"));
    for issuer in [&root, &first, &second] {
        assert_eq!(decided(&root, &issuer.issue(&agent())), "cert:devices:spiffe://example.com/agent");
    }
}

#[test]
fn keys_of_every_accepted_kind_pass_and_weak_ones_do_not() {
    let root = root();
    let with = |key| decided(&root, &root.issue(&ClientPlan { key, ..agent() }));
    for key in [ClientKey::P256, ClientKey::Ed25519, ClientKey::Rsa2048] {
        assert_eq!(with(key), "cert:devices:spiffe://example.com/agent", "{key:?}");
    }
    assert_eq!(with(ClientKey::Rsa1024), "certificate_invalid");
}

#[test]
fn another_authoritys_certificates_are_not_trusted_though_its_name_is_the_same() {
    let (ours, other, namesake) = (root(), Authority::root(&AuthorityPlan::named("Other CA")), root());
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
    let expired = |plan| AuthorityPlan { valid: (NOW - 100, NOW - 1), ..plan };
    let root = root();
    let past = ClientPlan { valid: (NOW - 100, NOW - 1), ..agent() };
    assert_eq!(decided(&root, &root.issue(&past)), "certificate_expired");
    // As `openssl x509 -days -1` makes them.
    let backwards = ClientPlan { valid: (NOW - 1, NOW - 100), ..agent() };
    assert_eq!(decided(&root, &root.issue(&backwards)), "certificate_expired");
    let future = ClientPlan { valid: (NOW + 1, NOW + 100), ..agent() };
    assert_eq!(decided(&root, &root.issue(&future)), "certificate_not_yet_valid");
    let middle = root.below(&expired(AuthorityPlan::named("middle")));
    assert_eq!(decided(&root, &middle.issue(&agent())), "certificate_expired");
    let old = Authority::root(&expired(AuthorityPlan::named("old")));
    assert_eq!(decided(&old, &old.issue(&agent())), "certificate_expired");
}

#[test]
fn a_certificate_that_was_verified_before_is_good_only_as_long_as_all_of_its_path() {
    let root = root();
    let middle = root.below(&AuthorityPlan { valid: (NOW - 9, NOW + 9), ..AuthorityPlan::named("middle") });
    let sent = Sent::proxied(&middle.issue(&agent()));
    let door = Door::new(&rfc9440(SPIFFE), &root.pem());
    let at = |now| result(&door.ask(&sent, now));
    assert_eq!(at(NOW), "cert:devices:spiffe://example.com/agent");
    assert_eq!(at(NOW + 9), "cert:devices:spiffe://example.com/agent");
    assert_eq!(at(NOW + 10), "certificate_expired");
    assert_eq!(at(NOW - 10), "certificate_not_yet_valid");
}

#[test]
fn a_servers_certificate_is_no_clients() {
    let root = root();
    let usage = |usage| decided(&root, &root.issue(&ClientPlan { usage, ..agent() }));
    assert_eq!(usage(Some(ClientUsage::Server)), "certificate_invalid");
    // RFC 5280, section 4.2.1.12: without the extension it is for any purpose.
    assert_eq!(usage(None), "cert:devices:spiffe://example.com/agent");
}

#[test]
fn an_authoritys_certificate_is_no_clients() {
    let root = root();
    let client = root.issue(&ClientPlan { is_authority: true, ..agent() });
    assert_eq!(decided(&root, &client), "certificate_invalid");
}

#[test]
fn who_is_no_authority_issues_nothing() {
    let root = root();
    let client = root.below(&AuthorityPlan { is_authority: false, ..AuthorityPlan::named("client") });
    assert_eq!(decided(&root, &client.issue(&agent())), "certificate_invalid");
    let list_signer = root.below(&AuthorityPlan { may_sign: false, ..AuthorityPlan::named("lists") });
    assert_eq!(decided(&root, &list_signer.issue(&agent())), "certificate_invalid");
}

#[test]
fn a_path_is_no_longer_than_every_authority_allows() {
    let limited = |most| AuthorityPlan { max_intermediates: Some(most), ..AuthorityPlan::named("limited") };
    let root_of_none = Authority::root(&limited(0));
    assert_eq!(
        decided(&root_of_none, &root_of_none.issue(&agent())),
        "cert:devices:spiffe://example.com/agent"
    );
    let below = root_of_none.below(&AuthorityPlan::named("below"));
    assert_eq!(decided(&root_of_none, &below.issue(&agent())), "certificate_invalid");
    let root = root();
    let two = root.below(&limited(0)).below(&AuthorityPlan::named("below"));
    assert_eq!(decided(&root, &two.issue(&agent())), "certificate_invalid");
}

#[test]
fn names_beyond_an_authoritys_constraints_are_refused() {
    let root = root();
    let only =
        |permitted| AuthorityPlan { permitted: vec![permitted], ..AuthorityPlan::named("constrained") };
    let hosts = root.below(&only(Permitted::Dns("a.example.com".to_owned())));
    let host = |name: &str| {
        let door = Door::new(&rfc9440("identity = { san_dns = \"*.a.example.com\" }"), &root.pem());
        result(
            &door
                .proxied(&hosts.issue(&ClientPlan { hosts: vec![name.to_owned()], ..ClientPlan::default() })),
        )
    };
    assert_eq!(host("x.a.example.com"), "cert:devices:x.a.example.com");
    assert_eq!(host("x.b.example.com"), "certificate_invalid");
    // Constraints of a kind that is not evaluated refuse every name of that kind.
    let emails = root.below(&only(Permitted::Email("example.com".to_owned())));
    let client = emails.issue(&ClientPlan { emails: vec!["a@evil.example".to_owned()], ..agent() });
    assert_eq!(decided(&root, &client), "certificate_invalid");
}

#[test]
fn a_certificate_that_is_large_or_one_of_many_is_refused_before_it_is_read() {
    let root = root();
    let large = root.issue(&ClientPlan { padding: 100_000, ..agent() });
    assert_eq!(decided(&root, &large), "credential_too_large");
    let mut long = root.issue(&agent());
    long.chain = std::iter::repeat_n(long.certificate().clone(), 9).collect();
    assert_eq!(decided(&root, &long), "credential_too_large");
}

#[test]
fn every_truncation_and_every_changed_byte_is_refused() {
    let root = root();
    let door = Door::new(&rfc9440(SPIFFE), &root.pem());
    let good = root.issue(&agent());
    let der = good.certificate().to_vec();
    let outcome = |der: Vec<u8>| {
        let client = Client { chain: vec![der.into()], key_pem: String::new() };
        result(&door.proxied(&client))
    };
    for length in 0..der.len() {
        let cut = der.get(..length).unwrap().to_vec();
        assert!(outcome(cut).starts_with("certificate_"), "{length}");
    }
    for index in 0..der.len() {
        let mut changed = der.clone();
        changed[index] ^= 0x01;
        assert!(outcome(changed).starts_with("certificate_"), "{index}");
    }
    let mut more = der;
    more.push(0);
    assert_eq!(outcome(more), "certificate_malformed");
}
