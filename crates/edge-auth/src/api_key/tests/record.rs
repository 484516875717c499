//! The integrity of a record.

use proptest::prelude::*;

use super::*;

fn sealed() -> ApiKeyRecord {
    issued().0.seal().unwrap()
}

#[test]
fn a_record_opens_to_the_key_that_was_sealed() {
    let mut new = wishes();
    new.networks = vec!["192.0.2.0/24".parse().unwrap()];
    new.metadata.insert("ticket".to_owned(), "\"OPS\\7\" é".to_owned());
    let (key, _) = issued_in(&block(), new);
    let opened = block().open(&key.seal().unwrap()).unwrap();
    assert_eq!(opened.id(), key.id());
    assert_eq!(opened.block(), "partners");
    assert_eq!(opened.version(), 1);
    assert_eq!(opened.label(), Some("nightly export"));
    assert_eq!(opened.owner(), Some("team-data"));
    assert_eq!(opened.scopes(), &Scopes::list(["orders:read"]));
    assert_eq!(opened.environment(), Some("live"));
    assert_eq!(opened.state(), &KeyStatus::Active);
    assert_eq!(opened.created_at(), NOW);
    assert_eq!(opened.expires(), Expiry::At(LATER));
    assert_eq!(opened.networks(), key.networks());
    assert_eq!(opened.metadata(), key.metadata());
    assert_eq!(opened.previous_secret_until(), None);
}

#[test]
fn a_record_contains_only_the_id_of_the_text() {
    let (key, text) = issued();
    let record = key.seal().unwrap();
    for window in text.as_bytes()["acme_live_".len() + 19..].windows(8) {
        assert!(!record.document.contains(std::str::from_utf8(window).unwrap()));
    }
}

#[test]
fn widened_scopes_raise_the_alarm() {
    let mut record = sealed();
    record.document = record.document.replace("orders:read", "orders:root");
    let error = block().open(&record).unwrap_err();
    assert_eq!(error, RecordError::MacWrong { id: record.id });
    assert!(error.to_string().contains("Find out who can write to the store"));
}

#[test]
fn a_document_under_another_id_or_version_raises_the_alarm() {
    let mut moved = sealed();
    moved.id = "000000000000000000".to_owned();
    assert!(matches!(block().open(&moved), Err(RecordError::MacWrong { .. })));
    let mut moved = sealed();
    moved.version = 2;
    assert!(matches!(block().open(&moved), Err(RecordError::MacWrong { .. })));
}

#[test]
fn two_keys_cannot_swap_their_documents() {
    let one = sealed();
    let (other, _) = block().issue(wishes(), &Counting::from(7), NOW).unwrap();
    let other = other.seal().unwrap();
    let swapped = ApiKeyRecord { document: other.document.clone(), ..one.clone() };
    assert!(matches!(block().open(&swapped), Err(RecordError::MacWrong { .. })));
    let swapped = ApiKeyRecord { document: one.document, ..other };
    assert!(matches!(block().open(&swapped), Err(RecordError::MacWrong { .. })));
}

#[test]
fn a_record_of_another_block_is_not_opened_even_when_it_is_renamed() {
    let format = KeyFormat::new("acme", "live").unwrap();
    let other = ApiKeyProfile::native("admins", format, peppers(0x11, &[], &[])).unwrap();
    let mut record = sealed();
    assert_eq!(claimed_block(&record).unwrap(), "partners");
    let error = RecordError::OtherBlock { id: record.id.clone(), block: "partners".to_owned() };
    assert_eq!(other.open(&record).unwrap_err(), error);
    record.document = record.document.replace("\"partners\"", "\"admins\"");
    assert!(matches!(other.open(&record), Err(RecordError::MacWrong { .. })));
}

#[test]
fn an_invalid_record_is_refused_and_not_quoted() {
    for document in
        ["", "{}", "null", "[]", "\u{feff}{}", "{\"hunter2\":1}", "{\"block\":\"hunter2\"}"]
    {
        let record = ApiKeyRecord { document: document.to_owned(), ..sealed() };
        let error = block().open(&record).unwrap_err();
        assert!(matches!(error, RecordError::Envelope { .. }), "{document}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
        assert!(claimed_block(&record).is_err());
    }
    let nested = "[".repeat(60_000);
    let record = ApiKeyRecord { document: nested, ..sealed() };
    assert!(matches!(block().open(&record), Err(RecordError::Envelope { .. })));
    let record = ApiKeyRecord { document: " ".repeat(64 * 1024 + 1), ..sealed() };
    assert!(matches!(block().open(&record), Err(RecordError::TooLarge { .. })));
}

/// Returns a record that is sealed with the right pepper, so that only its body is wrong.
fn resealed(edit: impl Fn(&str) -> String) -> ApiKeyRecord {
    use base64::Engine;

    let mut record = sealed();
    let mut envelope: serde_json::Value = serde_json::from_str(&record.document).unwrap();
    let body = edit(envelope["body"].as_str().unwrap());
    let message = crate::derived_key::framed(&[
        b"partners",
        record.id.as_bytes(),
        &record.version.to_be_bytes(),
        body.as_bytes(),
    ]);
    let mac = pepper(0x11).record.code(&message);
    envelope["mac"] = crate::sealed_document::BASE64.encode(mac).into();
    envelope["body"] = body.into();
    record.document = envelope.to_string();
    record
}

#[test]
fn an_authentic_body_of_a_newer_schema_is_reported_as_newer() {
    let record = resealed(|body| body.replace("\"schema\":1", "\"schema\":3,\"novelty\":true"));
    assert_eq!(block().open(&record).unwrap_err(), RecordError::Schema { found: 3 });
}

/// Versions that know schema 1 only refuse such a record, instead of forgetting the tenant.
#[test]
fn only_the_record_of_a_key_with_a_tenant_has_the_newer_schema() {
    let (key, _) = issued_in(&block(), NewKey { tenant: Some("acme".to_owned()), ..wishes() });
    assert!(key.seal().unwrap().document.contains(r#"{\"schema\":2,"#));
    let without = sealed().document;
    assert!(without.contains(r#"{\"schema\":1,"#) && !without.contains("tenant"), "{without}");
}

#[test]
fn every_change_of_a_key_keeps_its_tenant() {
    let (key, _) = issued_in(&block(), NewKey { tenant: Some("acme".to_owned()), ..wishes() });
    let (key, _) = key.rotate(std::time::Duration::from_secs(60), &Counting::from(1), NOW).unwrap();
    let key = block().open(&key.disable().unwrap().seal().unwrap()).unwrap();
    let block = block_under(peppers(0x22, &[0x11], &[]));
    let rewrapped = block.open(&key.seal().unwrap()).unwrap().rewrap().unwrap();
    let opened = block.open(&rewrapped.seal().unwrap()).unwrap();
    assert_eq!(opened.tenant(), Some("acme"));
}

#[test]
fn an_authentic_body_with_an_unknown_part_is_refused() {
    assert!(block().open(&resealed(str::to_owned)).is_ok());
    let edits = [
        ("\"state\":", "\"rate\":1,\"state\":"),
        ("\"active\"", "\"sleeping\""),
        ("\"active\"", "{\"revoked\":{\"at\":1,\"reason\":\"r\",\"by\":\"x\"}}"),
        ("\"previous\":null", "\"previous\":{}"),
        ("\"peppers\":[\"d9ca8b38\"]", "\"peppers\":[]"),
        ("\"value\":\"W", "\"value\":\"WWWW"),
        ("\"expires\":{\"at\":1800000000000},", ""),
    ];
    for (from, to) in edits {
        let record = resealed(|body| {
            assert!(body.contains(from), "{from}");
            body.replace(from, to)
        });
        assert!(matches!(block().open(&record), Err(RecordError::Body { .. })), "{to}");
    }
}

#[test]
fn the_record_of_a_key_without_expiry_never_expires() {
    let (key, _) = issued_in(&block(), NewKey { expires: Expiry::Never, ..wishes() });
    assert_eq!(key.seal().unwrap().expires_at, None);
    let revoked = key.revoke("leaked", NOW).unwrap();
    assert_eq!(revoked.seal().unwrap().expires_at, None);
}

proptest! {
    #[test]
    fn every_edit_of_one_byte_is_refused(position: prop::sample::Index, replacement in 0..=0x7f_u8) {
        let mut record = sealed();
        let mut bytes = record.document.clone().into_bytes();
        let position = position.index(bytes.len());
        prop_assume!(bytes[position] != replacement);
        bytes[position] = replacement;
        record.document = String::from_utf8(bytes).unwrap();
        prop_assert!(block().open(&record).is_err());
    }

    #[test]
    fn no_document_makes_the_reader_panic(document in any::<String>()) {
        let record = ApiKeyRecord { document, ..sealed() };
        prop_assert!(block().open(&record).is_err());
    }
}
