use edge_auth::Code;
use edge_auth::platform::{ApiKeyAdmin, ApiKeyRecord, ApiKeys, Precondition, WriteOutcome};
use futures::executor::block_on;
use serde_json::json;

use crate::desk::Desk;

/// Writes to the store past the registry.
fn tamper(desk: &Desk, id: &str, change: impl Fn(&mut ApiKeyRecord)) {
    let mut record = block_on(desk.store.find(id, desk.now)).unwrap().unwrap();
    let expected = Precondition::Version(record.version);
    change(&mut record);
    assert_eq!(block_on(desk.store.put(&record, expected, desk.now)), Ok(WriteOutcome::Stored));
}

/// The record is listed as untrusted for this reason, shown to nobody, and changed by nothing.
fn is_untrusted(desk: &Desk, id: &str, why: &str) {
    let listed = desk.get("/admin/v1/keys").body;
    let entry = listed["keys"].as_array().unwrap().iter().find(|entry| entry["id"] == id).unwrap();
    assert!(entry["untrusted"].as_str().unwrap().contains(why), "{entry}");

    let stored = block_on(desk.store.find(id, desk.now)).unwrap();
    let target = format!("/admin/v1/keys/{id}");
    for answer in [
        desk.get(&target),
        desk.post(&format!("{target}/rotate"), r#"{"overlap": "1h"}"#),
        desk.post(&format!("{target}/disable"), ""),
        desk.post(&format!("{target}/enable"), ""),
        desk.post(&format!("{target}/revoke"), r#"{"reason": "x"}"#),
    ] {
        assert_eq!((answer.status, answer.code()), (409, "key_record_untrusted"), "{}", answer.body);
        assert!(answer.detail().contains(why), "{}", answer.detail());
        assert_eq!(answer.logged().2, None);
    }
    assert_eq!(block_on(desk.store.find(id, desk.now)).unwrap(), stored);
}

#[test]
fn a_record_with_an_edited_scope_is_untrusted_and_its_key_refused() {
    let desk = Desk::open();
    let (id, text) = desk.key("partners", "orders:none");
    assert_eq!(desk.orders(&text), Err(Code::ScopeInsufficient));
    tamper(&desk, &id, |record| record.document = record.document.replace("orders:none", "orders:read"));
    is_untrusted(&desk, &id, "wrong MAC");
}

#[test]
fn a_record_with_another_version_is_untrusted() {
    let desk = Desk::open();
    let (id, text) = desk.key("partners", "orders:read");
    tamper(&desk, &id, |record| record.version = 7);
    is_untrusted(&desk, &id, "wrong MAC");
    assert!(desk.orders(&text).is_err());
}

#[test]
fn a_record_in_the_name_of_another_block_is_untrusted() {
    let desk = Desk::open();
    let (id, _) = desk.key("partners", "orders:read");
    tamper(&desk, &id, |record| record.document = record.document.replacen("partners", "staff", 1));
    is_untrusted(&desk, &id, "wrong MAC");
}

#[test]
fn a_record_of_a_block_that_the_policy_does_not_have_is_untrusted() {
    let desk = Desk::open();
    let (id, _) = desk.key("partners", "orders:read");
    tamper(&desk, &id, |record| record.document = record.document.replacen("partners", "nobody", 1));
    is_untrusted(&desk, &id, "nobody");
}

#[test]
fn what_is_no_record_at_all_is_untrusted_and_the_other_keys_are_listed() {
    let desk = Desk::open();
    let (broken, _) = desk.key("partners", "a");
    let (whole, _) = desk.key("partners", "a");
    tamper(&desk, &broken, |record| record.document = "{}".to_owned());
    is_untrusted(&desk, &broken, "no record");
    let listed = desk.get("/admin/v1/keys").body;
    let keys = listed["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    assert!(keys.iter().any(|key| key["id"] == json!(whole) && key["state"] == "active"));
}
