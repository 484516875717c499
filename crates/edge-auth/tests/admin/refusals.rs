use serde_json::json;

use crate::desk::Desk;

#[test]
fn an_unknown_id_is_not_found_by_any_action() {
    let desk = Desk::open();
    let overlap = r#"{"overlap": "1h"}"#;
    let reason = r#"{"reason": "x"}"#;
    for id in ["4fzXQ", "import"] {
        let target = format!("/admin/v1/keys/{id}");
        for answer in [
            desk.get(&target),
            desk.post(&format!("{target}/rotate"), overlap),
            desk.post(&format!("{target}/disable"), ""),
            desk.post(&format!("{target}/enable"), ""),
            desk.post(&format!("{target}/revoke"), reason),
        ] {
            assert_eq!((answer.status, answer.code()), (404, "key_not_found"), "{id}");
            assert!(answer.detail().contains(&format!("`{id}`")), "{}", answer.detail());
            assert_eq!(answer.logged().2, None);
        }
    }
}

#[test]
fn another_path_or_method_is_no_resource() {
    let desk = Desk::open();
    for (method, target) in [
        ("GET", "/admin/v1"),
        ("GET", "/admin/v1/"),
        ("GET", "/admin/v2/keys"),
        ("GET", "/admin/v1/keys/a/b"),
        ("GET", "/admin/v1/keys/a/rotate"),
        ("POST", "/admin/v1/keys/a"),
        ("POST", "/admin/v1/keys/a/delete"),
        ("POST", "/admin/v1/keys/a/rotate/"),
        ("POST", "/admin/v1/openapi.json"),
        ("PUT", "/admin/v1/keys"),
        ("DELETE", "/admin/v1/keys/a"),
        ("PATCH", "/admin/v1/keys/a"),
        ("HEAD", "/admin/v1/keys"),
        ("get", "/admin/v1/keys"),
        ("GET", "/admin/v1/keys%2Fa"),
        ("GET", "/admin/v1/keys;a"),
        ("GET", "/other"),
    ] {
        let answer = desk.boot(method, target, "");
        assert_eq!((answer.status, answer.code()), (404, "not_found"), "{method} {target}");
        assert_eq!(answer.logged(), (Some("admin:bootstrap"), None, None));
    }
}

#[test]
fn who_may_only_read_is_not_told_which_resources_there_are() {
    let desk = Desk::open();
    let (_, key) = desk.key("staff", "edge-auth:keys:read");
    let answer = desk.ask("GET", "/admin/v1/nothing", &[("x-api-key", &key)], "");
    assert_eq!((answer.status, answer.code()), (403, "scope_insufficient"));
}

#[test]
fn a_store_that_does_not_answer_is_an_outage_and_no_change() {
    let desk = Desk::open();
    let (id, text) = desk.key("partners", "orders:read");
    desk.store.set_unavailable("the disk is full");
    let request = json!({"block": "partners", "scopes": ["a"], "expires": "1d"}).to_string();
    for answer in [
        desk.get("/admin/v1/keys"),
        desk.get(&format!("/admin/v1/keys/{id}")),
        desk.post("/admin/v1/keys", &request),
        desk.post(&format!("/admin/v1/keys/{id}/disable"), ""),
    ] {
        assert_eq!((answer.status, answer.code()), (503, "store_unavailable"));
        assert!(answer.detail().contains("the disk is full"), "{}", answer.detail());
        assert_eq!(answer.logged().2, None);
    }
    desk.store.set_available();
    assert_eq!(desk.orders(&text), Ok(()));
}

#[test]
fn every_answer_is_kept_by_no_cache_and_says_what_it_is() {
    let desk = Desk::open();
    for (target, kind) in [
        ("/admin/v1/keys", "application/json"),
        ("/admin/v1/openapi.json", "application/json"),
        ("/admin/v1/keys/a", "application/problem+json"),
        ("/admin/v1/nothing", "application/problem+json"),
    ] {
        let reply = desk.get(target).reply;
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{target}");
        assert_eq!(reply.header("content-type"), Some(kind), "{target}");
    }
}
