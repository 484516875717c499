//! Attributes of a new key.

use super::*;

fn refused(new: NewKey) -> AttributesError {
    match block().issue(new, &Counting::from(0), NOW) {
        Err(LifecycleError::Attributes(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_key_for_all_scopes_must_be_requested_explicitly() {
    let none = Scopes::List(Default::default());
    assert_eq!(refused(NewKey { scopes: none, ..wishes() }), AttributesError::NoScope);
    assert_eq!(
        issued_in(&block(), NewKey { scopes: Scopes::All, ..wishes() }).0.scopes(),
        &Scopes::All
    );
}

#[test]
fn scopes_are_scope_tokens() {
    let long = "s".repeat(129);
    for scope in ["", "a b", "a\"b", "a\\b", "é", "a\n", &long] {
        let error = refused(NewKey { scopes: Scopes::list([scope]), ..wishes() });
        assert!(matches!(error, AttributesError::Scope { .. }), "{scope:?}");
    }
    let many = Scopes::list((0..129).map(|number| number.to_string()));
    let error = refused(NewKey { scopes: many, ..wishes() });
    assert_eq!(error, AttributesError::TooMany { field: "scopes", count: 129, limit: 128 });
}

#[test]
fn a_new_key_cannot_have_expired_already() {
    let error = refused(NewKey { expires: Expiry::At(NOW), ..wishes() });
    assert_eq!(error, AttributesError::ExpiresInThePast { at: NOW });
}

#[test]
fn a_network_with_bits_beyond_its_prefix_is_refused_with_a_correction() {
    let networks = vec!["10.1.2.3/8".parse().unwrap()];
    let error = refused(NewKey { networks, ..wishes() }).to_string();
    assert!(error.contains("10.1.2.3/8") && error.contains("10.0.0.0/8"), "{error}");
    assert!(
        refused(NewKey { networks: vec!["2001:db8::1/32".parse().unwrap()], ..wishes() })
            .to_string()
            .contains("2001:db8::/32")
    );
}

#[test]
fn a_tenant_is_one_plain_segment_of_at_most_64_bytes() {
    let with = |tenant: &str| NewKey { tenant: Some(tenant.to_owned()), ..wishes() };
    for tenant in ["", "two tenants", "a/b", "a:b", "é", "nul\0", ".", "..", &"x".repeat(65)] {
        let error = refused(with(tenant));
        assert!(matches!(error, AttributesError::Tenant { .. }), "{tenant:?}");
    }
    for tenant in ["a", "Acme_2-eu.west", "11111111-2222-4333-8444-555555555555", &"x".repeat(64)] {
        assert_eq!(issued_in(&block(), with(tenant)).0.tenant(), Some(tenant));
    }
}

#[test]
fn texts_are_bounded_and_printable() {
    for text in ["", "two\nlines", "nul\0", &"x".repeat(257)] {
        let error = refused(NewKey { label: Some(text.to_owned()), ..wishes() });
        assert!(matches!(error, AttributesError::Text { field: "label", .. }), "{text:?}");
        let error = refused(NewKey { owner: Some(text.to_owned()), ..wishes() });
        assert!(matches!(error, AttributesError::Text { field: "owner", .. }), "{text:?}");
    }
    let error = refused(with_metadata("", "v"));
    assert!(matches!(error, AttributesError::Text { field: "metadata key", .. }));
    let error = refused(with_metadata("k", &"v".repeat(257)));
    assert!(matches!(error, AttributesError::Text { field: "metadata value", .. }));
    assert!(block().issue(with_metadata("k", ""), &Counting::from(0), NOW).is_ok());
}

fn with_metadata(key: &str, value: &str) -> NewKey {
    NewKey { metadata: BTreeMap::from([(key.to_owned(), value.to_owned())]), ..wishes() }
}

/// JSON escapes every such character twice: in the body and in the envelope.
#[test]
fn the_largest_possible_key_is_sealed_and_opened() {
    fn fill(number: usize, length: usize) -> String {
        format!("{number:03}{}", "\"".repeat(length - 3))
    }
    let new = NewKey {
        label: Some(fill(0, 256)),
        owner: Some(fill(0, 256)),
        tenant: Some("t".repeat(64)),
        scopes: Scopes::list((0..128).map(|number| format!("{number:0128}"))),
        expires: Expiry::At(Timestamp::from_millis(u64::MAX)),
        networks: (0..64)
            .map(|n| format!("2001:db8:1111:2222:3333:4444:5555:66{n:02x}/128"))
            .map(|network| network.parse().unwrap())
            .collect(),
        metadata: (0..16).map(|number| (fill(number, 64), fill(number, 256))).collect(),
    };
    let (key, _) = issued_in(&block(), new);
    let (key, _) = key.rotate(std::time::Duration::MAX, &Counting::from(1), NOW).unwrap();
    let key = key.revoke(&fill(0, 256), NOW).unwrap();
    assert!(block().open(&key.seal().unwrap()).is_ok());
}

#[test]
fn block_names_have_a_limited_alphabet_and_length() {
    fn named(name: &str) -> Result<ApiKeyProfile, ProfileError> {
        let format = KeyFormat::new("acme", "live").unwrap();
        ApiKeyProfile::native(name, format, peppers(0x11, &[], &[]))
    }
    assert!(named("Partners_2-eu").is_ok());
    for name in ["", "a:b", "a b", "é", &"n".repeat(65)] {
        assert_eq!(named(name).unwrap_err(), ProfileError::Name { found: name.to_owned() });
    }
}
