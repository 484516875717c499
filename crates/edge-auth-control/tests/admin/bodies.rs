use serde_json::{Value, json};

use crate::fixture::Fixture;

/// Posts each body, and expects a 400 whose detail contains the text beside it.
fn refused(fixture: &Fixture, target: &str, bodies: &[(String, &str)]) {
    let before = fixture.store.operations().puts;
    for (body, named) in bodies {
        let answer = fixture.post(target, body);
        assert_eq!(
            (answer.status, answer.code()),
            (400, "request_invalid"),
            "{body}: {}",
            answer.body
        );
        assert!(answer.detail().contains(named), "{body}: {}", answer.detail());
        assert_eq!(answer.audit.reason.as_deref(), Some(answer.detail()));
    }
    assert_eq!(fixture.store.operations().puts, before, "nothing is written");
}

/// Replaces members of a good request; `null` removes one.
fn but(good: &Value, changes: &Value) -> String {
    let mut body = good.as_object().unwrap().clone();
    body.extend(changes.as_object().unwrap().clone());
    body.retain(|_, value| !value.is_null());
    Value::Object(body).to_string()
}

/// Bad requests for a new or an imported key.
fn bad_requests(good: &Value) -> Vec<(String, &'static str)> {
    let long = "x".repeat(257);
    let scopes: Vec<_> = (0..129).map(|number| number.to_string()).collect();
    let metadata: Value =
        (0..17).map(|number: u8| (number.to_string(), Value::from(number.to_string()))).collect();
    let networks: Vec<_> = (0..65).map(|one| format!("192.0.2.{one}")).collect();
    let repeated = good.to_string().replacen('{', r#"{"scopes": ["admin"], "#, 1);
    let mut bodies = vec![
        (String::new(), "body"),
        ("[]".to_owned(), "body"),
        ("null".to_owned(), "body"),
        (format!("{good} x"), "body"),
        (repeated, "scopes"),
    ];
    let changes = [
        (json!({"block": null}), "choose one as `block`"),
        (json!({"block": ""}), "choose one as `block`"),
        (json!({"block": "nobody"}), "block"),
        (json!({"block": 7}), "block"),
        (json!({"scope": "a"}), "scope"),
        (json!({"label": 7}), "label"),
        (json!({"label": ""}), "label"),
        (json!({"label": long}), "label"),
        (json!({"label": "a\nb"}), "label"),
        (json!({"owner": ["a"]}), "owner"),
        (json!({"owner": long}), "owner"),
        (json!({"tenant": 7}), "tenant"),
        (json!({"tenant": ""}), "tenant"),
        (json!({"tenant": "a b"}), "tenant"),
        (json!({"tenant": "x".repeat(65)}), "tenant"),
        (json!({"scopes": null}), "scope"),
        (json!({"scopes": "a"}), "scopes"),
        (json!({"scopes": [7]}), "scopes"),
        (json!({"scopes": ["a b"]}), "scope"),
        (json!({"scopes": [""]}), "scope"),
        (json!({"scopes": ["*"]}), "all_scopes"),
        (json!({"scopes": scopes}), "scopes"),
        (json!({"all_scopes": true}), "scopes"),
        (json!({"all_scopes": "yes"}), "all_scopes"),
        (json!({"expires": null}), "expires"),
        (json!({"expires": 90}), "expires"),
        (json!({"expires": "soon"}), "expires"),
        (json!({"expires": "2020-01-01"}), "expire"),
        (json!({"expires": "0s"}), "expire"),
        (json!({"never_expires": true}), "expiry"),
        (json!({"never_expires": 1}), "never_expires"),
        (json!({"networks": "192.0.2.0/24"}), "networks"),
        (json!({"networks": ["home"]}), "network"),
        (json!({"networks": ["192.0.2.1/24"]}), "network"),
        (json!({"networks": networks}), "networks"),
        (json!({"metadata": ["a"]}), "metadata"),
        (json!({"metadata": {"a": 1}}), "metadata"),
        (json!({"metadata": {"": "1"}}), "metadata"),
        (json!({"metadata": {"a": long}}), "metadata"),
        (json!({"metadata": metadata}), "metadata"),
    ];
    bodies.extend(changes.iter().map(|(changes, named)| (but(good, changes), *named)));
    bodies
}

#[test]
fn the_error_of_a_bad_request_for_a_key_names_the_field() {
    let good = json!({"block": "partners", "scopes": ["a"], "expires": "1d"});
    let fixture = Fixture::open();
    let mut bodies = bad_requests(&good);
    bodies.push((but(&good, &json!({"hash": "0".repeat(64)})), "hash"));
    bodies.push((but(&good, &json!({"block": "legacy"})), "block"));
    refused(&fixture, "/admin/v1/keys", &bodies);
    assert_eq!(fixture.post("/admin/v1/keys", &good.to_string()).status, 201);
}

#[test]
fn the_error_of_a_bad_import_names_the_field() {
    let good = json!({"block": "legacy", "scopes": ["a"], "expires": "1d", "hash": "0".repeat(64)});
    let fixture = Fixture::open();
    let mut bodies = bad_requests(&good);
    for hash in [json!(null), json!(7), json!(""), json!("0".repeat(63)), json!("g".repeat(64))] {
        bodies.push((but(&good, &json!({ "hash": hash })), "hash"));
    }
    bodies.push((good.to_string().replacen('{', r#"{"hash": "11", "#, 1), "hash"));
    bodies.push((but(&good, &json!({"block": "partners"})), "block"));
    refused(&fixture, "/admin/v1/keys/import", &bodies);
    assert_eq!(fixture.post("/admin/v1/keys/import", &good.to_string()).status, 201);
}

fn owned(bodies: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
    bodies.iter().map(|(body, named)| ((*body).to_owned(), *named)).collect()
}

#[test]
fn the_error_of_a_bad_rotation_or_revocation_names_the_field() {
    let fixture = Fixture::open();
    let (id, _) = fixture.key("partners", "a");
    let rotations = owned(&[
        ("", "body"),
        ("{}", "overlap"),
        (r#"{"overlap": 3600}"#, "overlap"),
        (r#"{"overlap": "soon"}"#, "overlap"),
        (r#"{"overlap": "9000years"}"#, "overlap"),
        (r#"{"overlap": "1h", "overlap": "9h"}"#, "overlap"),
        (r#"{"overlap": "1h", "reason": "x"}"#, "reason"),
    ]);
    refused(&fixture, &format!("/admin/v1/keys/{id}/rotate"), &rotations);
    let mut revocations = owned(&[
        ("", "body"),
        ("{}", "reason"),
        (r#"{"reason": null}"#, "reason"),
        (r#"{"reason": ""}"#, "reason"),
        (r#"{"reason": "a\u0000b"}"#, "reason"),
        (r#"{"reason": "x", "overlap": "1h"}"#, "overlap"),
    ]);
    revocations.push((json!({"reason": "x".repeat(257)}).to_string(), "reason"));
    refused(&fixture, &format!("/admin/v1/keys/{id}/revoke"), &revocations);
}
