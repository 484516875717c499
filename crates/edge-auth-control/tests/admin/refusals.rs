use serde_json::json;

use crate::fixture::Fixture;

#[test]
fn an_unknown_id_is_not_found_by_any_action() {
    let fixture = Fixture::open();
    let overlap = r#"{"overlap": "1h"}"#;
    let reason = r#"{"reason": "x"}"#;
    for id in ["4fzXQ", "import"] {
        let target = format!("/admin/v1/keys/{id}");
        for answer in [
            fixture.get(&target),
            fixture.post(&format!("{target}/rotate"), overlap),
            fixture.post(&format!("{target}/disable"), ""),
            fixture.post(&format!("{target}/enable"), ""),
            fixture.post(&format!("{target}/revoke"), reason),
        ] {
            assert_eq!((answer.status, answer.code()), (404, "key_not_found"), "{id}");
            assert!(answer.detail().contains(&format!("`{id}`")), "{}", answer.detail());
            assert_eq!(answer.logged().2, None);
        }
    }
}

#[test]
fn another_path_is_not_found() {
    let fixture = Fixture::open();
    for (method, target) in [
        ("GET", "/admin/v1"),
        ("GET", "/admin/v1/"),
        ("GET", "/admin/v2/keys"),
        ("GET", "/admin/v1/keys/a/b"),
        ("POST", "/admin/v1/keys/a/delete"),
        ("POST", "/admin/v1/keys/a/rotate/"),
        ("GET", "/admin/v1/keys%2Fa"),
        ("GET", "/admin/v1/keys;a"),
        ("GET", "/other"),
    ] {
        let answer = fixture.boot(method, target, "");
        assert_eq!((answer.status, answer.code()), (404, "not_found"), "{method} {target}");
        assert_eq!(answer.logged(), (Some("admin:bootstrap"), None, None));
    }
}

#[test]
fn a_wrong_method_is_answered_with_the_right_ones() {
    let fixture = Fixture::open();
    for (method, target, allowed) in [
        ("GET", "/admin/v1/keys/a/rotate", "POST"),
        ("GET", "/admin/v1/revocations/7/undo", "POST"),
        ("POST", "/admin/v1/keys/a", "GET, HEAD"),
        ("POST", "/admin/v1/openapi.json", "GET, HEAD"),
        ("PUT", "/admin/v1/keys", "GET, HEAD, POST"),
        ("DELETE", "/admin/v1/keys/a", "GET, HEAD"),
        ("PATCH", "/admin/v1/keys/import", "GET, HEAD, POST"),
        ("get", "/admin/v1/keys", "GET, HEAD, POST"),
        ("HEAD", "/admin/v1/keys/a/rotate", "POST"),
    ] {
        let answer = fixture.boot(method, target, "");
        let found = (answer.status, answer.code(), answer.reply.header("allow"));
        assert_eq!(found, (405, "method_not_allowed", Some(allowed)), "{method} {target}");
        assert_eq!(answer.logged(), (Some("admin:bootstrap"), None, None));
    }
}

#[test]
fn a_read_only_caller_does_not_learn_which_resources_exist() {
    let fixture = Fixture::open();
    let (_, key) = fixture.key("staff", "edge-auth:keys:read");
    let answer = fixture.ask("GET", "/admin/v1/nothing", &[("x-api-key", &key)], "");
    assert_eq!((answer.status, answer.code()), (403, "scope_insufficient"));
}

#[test]
fn a_store_that_does_not_answer_is_an_outage_and_no_change() {
    let fixture = Fixture::open();
    let (id, text) = fixture.key("partners", "orders:read");
    fixture.store.set_unavailable("the disk is full");
    let request = json!({"block": "partners", "scopes": ["a"], "expires": "1d"}).to_string();
    for answer in [
        fixture.get("/admin/v1/keys"),
        fixture.get(&format!("/admin/v1/keys/{id}")),
        fixture.post("/admin/v1/keys", &request),
        fixture.post(&format!("/admin/v1/keys/{id}/disable"), ""),
    ] {
        assert_eq!((answer.status, answer.code()), (503, "store_unavailable"));
        assert!(answer.detail().contains("the disk is full"), "{}", answer.detail());
        assert_eq!(answer.logged().2, None);
    }
    fixture.store.set_available();
    assert_eq!(fixture.orders(&text), Ok(()));
}

#[test]
fn responses_are_never_cached_and_have_a_content_type() {
    let fixture = Fixture::open();
    for (target, kind) in [
        ("/admin/v1/keys", "application/json"),
        ("/admin/v1/openapi.json", "application/json"),
        ("/admin/v1/keys/a", "application/problem+json"),
        ("/admin/v1/nothing", "application/problem+json"),
    ] {
        let reply = fixture.get(target).reply;
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{target}");
        assert_eq!(reply.header("content-type"), Some(kind), "{target}");
    }
}
