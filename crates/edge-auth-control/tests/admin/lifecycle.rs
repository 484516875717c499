use std::time::Duration;

use edge_auth::Code;
use edge_auth::audit::rfc3339_text;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::fixture::Fixture;
use edge_auth_testkit::gates::NOW;

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_created_key_has_the_requested_attributes_and_access() {
    let fixture = Fixture::open();
    let request = json!({
        "block": "partners", "label": "nightly export", "owner": "team-data", "tenant": "acme",
        "scopes": ["orders:read"], "expires": "90d", "networks": ["192.0.2.0/24", "2001:db8::1"], "metadata": {"ticket": "7"},
    });
    let made = fixture.post("/admin/v1/keys", &request.to_string());
    assert_eq!(made.status, 201);
    assert_eq!(made.logged(), (Some("admin:bootstrap"), Some("keys.create"), Some(&*made.id())));
    assert_eq!(fixture.orders(&made.secret()), Ok(()));

    let shown = fixture.get(&format!("/admin/v1/keys/{}", made.id()));
    assert_eq!(shown.status, 200);
    assert_eq!(shown.logged(), (Some("admin:bootstrap"), Some("keys.show"), None));
    assert_eq!(shown.body["key"], made.body["key"]);
    let expected = json!({
        "id": made.id(), "block": "partners", "state": "active", "label": "nightly export",
        "owner": "team-data", "tenant": "acme", "scopes": ["orders:read"], "environment": "live",
        "networks": ["192.0.2.0/24", "2001:db8::1/128"], "created_at": rfc3339_text(NOW),
        "expires_at": rfc3339_text(NOW.plus(90 * 24 * HOUR)), "previous_secret_until": null,
        "revoked_at": null, "revoked_because": null, "metadata": {"ticket": "7"}, "version": 1,
    });
    assert_eq!(shown.body, json!({ "key": expected }));
}

#[test]
fn a_key_with_all_scopes_that_never_expires_shows_both_as_null() {
    let fixture = Fixture::open();
    let request = json!({"block": "partners", "all_scopes": true, "never_expires": true});
    let made = fixture.post("/admin/v1/keys", &request.to_string());
    assert_eq!(
        (&made.body["key"]["scopes"], &made.body["key"]["expires_at"]),
        (&Value::Null, &Value::Null)
    );
}

#[test]
fn a_rotated_key_has_a_new_secret_and_the_old_one_until_the_overlap_ends() {
    let mut fixture = Fixture::open();
    let (id, old) = fixture.key("partners", "orders:read");
    assert_eq!(fixture.orders(&old), Ok(()));
    let rotated = fixture.post(&format!("/admin/v1/keys/{id}/rotate"), r#"{"overlap": "1h"}"#);
    assert_eq!((rotated.status, rotated.id()), (200, id.clone()));
    assert_eq!(rotated.logged().1, Some("keys.rotate"));
    assert_eq!(rotated.logged().2, Some(&*id));
    assert_eq!(rotated.body["key"]["previous_secret_until"], json!(rfc3339_text(NOW.plus(HOUR))));
    assert_eq!(rotated.body["key"]["version"], 2);
    assert_eq!((fixture.orders(&rotated.secret()), fixture.orders(&old)), (Ok(()), Ok(())));

    fixture.now = NOW.plus(HOUR);
    assert_eq!(
        (fixture.orders(&rotated.secret()), fixture.orders(&old)),
        (Ok(()), Err(Code::KeyInvalid))
    );
    let shown = fixture.get(&format!("/admin/v1/keys/{id}"));
    assert_eq!(shown.body["key"]["previous_secret_until"], Value::Null);
}

/// Changes a key, and checks the audit event.
fn change(fixture: &Fixture, id: &str, verb: &str, body: &str) -> crate::fixture::Response {
    let answer = fixture.post(&format!("/admin/v1/keys/{id}/{verb}"), body);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(
        answer.logged(),
        (Some("admin:bootstrap"), Some(&*format!("keys.{verb}")), Some(id))
    );
    answer
}

#[test]
fn a_change_is_effective_immediately_on_the_same_gate() {
    let fixture = Fixture::open();
    let (id, text) = fixture.key("partners", "orders:read");
    assert_eq!(fixture.orders(&text), Ok(()));
    let off = change(&fixture, &id, "disable", "");
    assert_eq!(
        (off.body["key"]["state"].as_str(), fixture.orders(&text)),
        (Some("disabled"), Err(Code::KeyDisabled))
    );
    let on = change(&fixture, &id, "enable", "");
    assert_eq!((on.body["key"]["state"].as_str(), fixture.orders(&text)), (Some("active"), Ok(())));
    let new = change(&fixture, &id, "rotate", r#"{"overlap": "0s"}"#).secret();
    assert_eq!((fixture.orders(&text), fixture.orders(&new)), (Err(Code::KeyInvalid), Ok(())));
    let gone = change(&fixture, &id, "revoke", r#"{"reason": "leaked"}"#);
    assert_eq!(fixture.orders(&new), Err(Code::KeyRevoked));
    let key = &gone.body["key"];
    assert_eq!((&key["state"], &key["revoked_because"]), (&json!("revoked"), &json!("leaked")));
    assert_eq!(key["revoked_at"], json!(rfc3339_text(NOW)));
    assert_eq!(key["version"], 5);
}

#[test]
fn an_imported_key_is_admitted_by_the_text_that_the_other_system_gave_out() {
    let fixture = Fixture::open();
    let text = "legacy-key-0123456789";
    assert_eq!(fixture.orders(text), Err(Code::KeyInvalid));
    let hash: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    let request =
        json!({"block": "legacy", "scopes": ["orders:read"], "expires": "1d", "hash": hash})
            .to_string();
    let made = fixture.post("/admin/v1/keys/import", &request);
    assert_eq!((made.status, fixture.orders(text)), (201, Ok(())));
    assert_eq!(made.logged(), (Some("admin:bootstrap"), Some("keys.import"), Some(&*made.id())));
    assert!(
        !made.body.to_string().contains(&hash) && made.body.get("secret").is_none(),
        "{}",
        made.body
    );

    let again = fixture.post("/admin/v1/keys/import", &request);
    assert_eq!((again.status, again.code()), (409, "key_exists"));
    assert!(again.detail().contains(&made.id()), "{}", again.detail());
}

#[test]
fn an_expired_key_is_shown_as_expired() {
    let mut fixture = Fixture::open();
    let (id, _) = fixture.key("partners", "orders:read");
    fixture.now = NOW.plus(90 * 24 * HOUR);
    assert_eq!(fixture.get(&format!("/admin/v1/keys/{id}")).body["key"]["state"], "expired");
}

#[test]
fn a_change_that_the_keys_state_does_not_allow_is_a_conflict_and_changes_nothing() {
    let mut fixture = Fixture::open();
    let (revoked, _) = fixture.key("partners", "a");
    assert_eq!(
        fixture.post(&format!("/admin/v1/keys/{revoked}/revoke"), r#"{"reason": "x"}"#).status,
        200
    );
    let (expired, _) = fixture.key("partners", "a");
    let import =
        json!({"block": "legacy", "scopes": ["a"], "never_expires": true, "hash": "0".repeat(64)});
    let imported = fixture.post("/admin/v1/keys/import", &import.to_string()).id();
    fixture.now = NOW.plus(90 * 24 * HOUR);
    for (id, verb, body, why) in [
        (&revoked, "rotate", r#"{"overlap": "1h"}"#, "revoked"),
        (&revoked, "disable", "", "revoked"),
        (&revoked, "enable", "", "revoked"),
        (&revoked, "revoke", r#"{"reason": "again"}"#, "revoked"),
        (&expired, "rotate", r#"{"overlap": "1h"}"#, "expired"),
        (&imported, "rotate", r#"{"overlap": "1h"}"#, "imported"),
    ] {
        let target = format!("/admin/v1/keys/{id}");
        let before = fixture.get(&target).body;
        let answer = fixture.post(&format!("{target}/{verb}"), body);
        assert_eq!((answer.status, answer.code()), (409, "key_state"), "{verb} {why}");
        assert!(answer.detail().contains(why), "{}", answer.detail());
        assert_eq!(answer.audit.reason.as_deref(), Some(answer.detail()));
        assert_eq!(
            answer.logged(),
            (Some("admin:bootstrap"), Some(&*format!("keys.{verb}")), None)
        );
        assert_eq!(fixture.get(&target).body, before);
    }
}
