use edge_auth::Code;
use edge_auth::platform::{ApiKeyRecord, ApiKeys};
use edge_auth_control::store::{ApiKeyAdmin, Precondition, WriteOutcome};
use futures::executor::block_on;
use serde_json::json;

use crate::fixture::Fixture;

/// Writes to the store past the registry.
fn tamper(fixture: &Fixture, id: &str, change: impl Fn(&mut ApiKeyRecord)) {
    let mut record = block_on(fixture.store.find(id, fixture.now)).unwrap().unwrap();
    let expected = Precondition::Version(record.version);
    change(&mut record);
    assert_eq!(
        block_on(fixture.store.put(&record, expected, fixture.now)),
        Ok(WriteOutcome::Stored)
    );
}

/// Checks that the record is listed as untrusted for this reason, and can be neither shown nor changed.
fn is_untrusted(fixture: &Fixture, id: &str, why: &str) {
    let listed = fixture.get("/admin/v1/keys").body;
    let entry = listed["keys"].as_array().unwrap().iter().find(|entry| entry["id"] == id).unwrap();
    assert!(entry["untrusted"].as_str().unwrap().contains(why), "{entry}");

    let stored = block_on(fixture.store.find(id, fixture.now)).unwrap();
    let target = format!("/admin/v1/keys/{id}");
    for answer in [
        fixture.get(&target),
        fixture.post(&format!("{target}/rotate"), r#"{"overlap": "1h"}"#),
        fixture.post(&format!("{target}/disable"), ""),
        fixture.post(&format!("{target}/enable"), ""),
        fixture.post(&format!("{target}/revoke"), r#"{"reason": "x"}"#),
    ] {
        assert_eq!(
            (answer.status, answer.code()),
            (409, "key_record_untrusted"),
            "{}",
            answer.body
        );
        assert!(answer.detail().contains(why), "{}", answer.detail());
        assert_eq!(answer.logged().2, None);
    }
    assert_eq!(block_on(fixture.store.find(id, fixture.now)).unwrap(), stored);
}

#[test]
fn a_record_with_an_edited_scope_is_untrusted_and_its_key_refused() {
    let fixture = Fixture::open();
    let (id, text) = fixture.key("partners", "orders:none");
    assert_eq!(fixture.orders(&text), Err(Code::ScopeInsufficient));
    tamper(&fixture, &id, |record| {
        record.document = record.document.replace("orders:none", "orders:read")
    });
    is_untrusted(&fixture, &id, "wrong MAC");
}

#[test]
fn a_record_with_another_version_is_untrusted() {
    let fixture = Fixture::open();
    let (id, text) = fixture.key("partners", "orders:read");
    tamper(&fixture, &id, |record| record.version = 7);
    is_untrusted(&fixture, &id, "wrong MAC");
    assert!(fixture.orders(&text).is_err());
}

#[test]
fn a_record_in_the_name_of_another_block_is_untrusted() {
    let fixture = Fixture::open();
    let (id, _) = fixture.key("partners", "orders:read");
    tamper(&fixture, &id, |record| {
        record.document = record.document.replacen("partners", "staff", 1)
    });
    is_untrusted(&fixture, &id, "wrong MAC");
}

#[test]
fn a_record_of_a_block_that_the_policy_does_not_have_is_untrusted() {
    let fixture = Fixture::open();
    let (id, _) = fixture.key("partners", "orders:read");
    tamper(&fixture, &id, |record| {
        record.document = record.document.replacen("partners", "nobody", 1)
    });
    is_untrusted(&fixture, &id, "nobody");
}

#[test]
fn an_unreadable_record_is_listed_as_untrusted_beside_the_others() {
    let fixture = Fixture::open();
    let (broken, _) = fixture.key("partners", "a");
    let (whole, _) = fixture.key("partners", "a");
    tamper(&fixture, &broken, |record| record.document = "{}".to_owned());
    is_untrusted(&fixture, &broken, "is damaged");
    let listed = fixture.get("/admin/v1/keys").body;
    let keys = listed["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    assert!(keys.iter().any(|key| key["id"] == json!(whole) && key["state"] == "active"));
}
