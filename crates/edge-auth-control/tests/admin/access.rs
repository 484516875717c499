use edge_auth::Code;
use serde_json::json;

use crate::fixture::{BLOCKS, Fixture, STAFF, bootstrap};
use edge_auth_testkit::gates::gate;

const READ: &str = "edge-auth:keys:read";
const WRITE: &str = "edge-auth:keys:write";

/// A desk of another policy that knows the keys of an open one, and a key with both scopes.
fn desk_of(policy: &str) -> (Fixture, String) {
    let open = Fixture::open();
    let request = json!({"block": "staff", "scopes": [READ, WRITE], "never_expires": true});
    let key = open.post("/admin/v1/keys", &request.to_string()).secret();
    let policy = format!("{policy}{BLOCKS}{STAFF}");
    let gate = gate(&policy, &open.store);
    (Fixture { gate, ..open }, key)
}

#[test]
fn without_an_admin_block_administration_is_off_for_everybody() {
    let (fixture, key) = desk_of("");
    for answer in [
        fixture.get("/admin/v1/keys"),
        fixture.ask("GET", "/admin/v1/keys", &[("x-api-key", &key)], ""),
    ] {
        assert_eq!((answer.status, answer.code()), (403, "no_rule"));
        assert!(!answer.audit.allowed);
    }
}

#[test]
fn administration_is_logged_whatever_share_of_the_decisions_is() {
    let (fixture, key) = desk_of("[audit]\nallowed = 0.0\n[admin]\n");
    let answer = fixture.ask("GET", "/admin/v1/keys", &[("x-api-key", &key)], "");
    assert_eq!((answer.status, answer.audit.action.as_deref()), (200, Some("keys.list")));
    let answer = fixture.ask("GET", "/admin/v1/nothing", &[("x-api-key", &key)], "");
    assert_eq!((answer.status, answer.audit.error.as_deref()), (404, Some("not_found")));
}

#[test]
fn without_a_bootstrap_hash_no_bootstrap_secret_is_right_and_rules_still_are() {
    let (fixture, key) = desk_of("[admin]\n");
    assert_eq!(fixture.get("/admin/v1/keys").audit.code, Some(Code::KeyInvalid));
    assert_eq!(fixture.ask("GET", "/admin/v1/keys", &[("x-api-key", &key)], "").status, 200);
}

#[test]
fn the_bootstrap_secret_is_right_in_any_case_of_the_scheme() {
    let fixture = Fixture::open();
    for scheme in ["Bearer", "bearer", "BEARER", "Bearer  "] {
        let header = format!("{scheme} {}", bootstrap());
        let answer =
            fixture.ask("GET", "/admin/v1/openapi.json", &[("Authorization", &header)], "");
        assert_eq!(answer.status, 200);
        assert_eq!(answer.logged(), (Some("admin:bootstrap"), Some("describe"), None));
        assert_eq!(answer.reply.body, edge_auth_control::OPENAPI.as_bytes());
    }
}

#[test]
fn a_wrong_bootstrap_secret_is_refused_with_a_challenge() {
    let fixture = Fixture::open();
    let right = bootstrap();
    for wrong in [format!("{right}0"), right.replace("cdef", "cde"), "edge-auth-admin_".to_owned()]
    {
        let header = format!("Bearer {wrong}");
        let answer = fixture.ask("GET", "/admin/v1/keys", &[("authorization", &header)], "");
        assert_eq!((answer.status, answer.code()), (401, "key_invalid"));
        assert_eq!(answer.logged(), (None, None, None));
        let challenge = answer.reply.header("www-authenticate").unwrap();
        assert!(
            challenge.starts_with("Bearer realm=\"api\", error=\"invalid_token\""),
            "{challenge}"
        );
    }
}

#[test]
fn two_authorization_fields_are_refused_even_if_both_are_right() {
    let fixture = Fixture::open();
    let header = format!("Bearer {}", bootstrap());
    let answer = fixture.ask(
        "GET",
        "/admin/v1/keys",
        &[("authorization", &header), ("Authorization", &header)],
        "",
    );
    assert_eq!((answer.status, answer.code()), (400, "credential_malformed"));
}

#[test]
fn without_a_credential_the_rules_challenge_is_answered() {
    let answer = Fixture::open().ask("GET", "/admin/v1/keys", &[], "");
    assert_eq!((answer.status, answer.code()), (401, "credential_missing"));
    assert_eq!(answer.reply.header("www-authenticate"), Some("ApiKey realm=\"api\""));
}

#[test]
fn a_key_may_do_only_what_its_scopes_allow() {
    let fixture = Fixture::open();
    let (id, _) = fixture.key("partners", "orders:read");
    let one = format!("/admin/v1/keys/{id}");
    let request = json!({"block": "partners", "scopes": ["a"], "expires": "1d"}).to_string();
    let import =
        json!({"block": "legacy", "scopes": ["a"], "expires": "1d", "hash": "0".repeat(64)})
            .to_string();
    let reading = [("/admin/v1/openapi.json", 200), ("/admin/v1/keys", 200), (&one, 200)];
    let writing = [
        ("/admin/v1/keys".to_owned(), request, 201),
        ("/admin/v1/keys/import".to_owned(), import, 201),
        (format!("{one}/rotate"), r#"{"overlap": "1h"}"#.to_owned(), 200),
        (format!("{one}/disable"), String::new(), 200),
        (format!("{one}/enable"), String::new(), 200),
        (format!("{one}/revoke"), r#"{"reason": "a test"}"#.to_owned(), 200),
    ];
    let (reader, may_read) = fixture.key("staff", READ);
    let (writer, may_write) = fixture.key("staff", WRITE);
    for (target, status) in reading {
        let answer = fixture.ask("GET", target, &[("x-api-key", &may_read)], "");
        assert_eq!(answer.status, status, "{target}: {}", answer.body);
        let answer = fixture.ask("GET", target, &[("x-api-key", &may_write)], "");
        assert_eq!((answer.status, answer.code()), (403, "scope_insufficient"), "{target}");
        assert_eq!(answer.logged(), (Some(&*format!("key:staff:{writer}")), None, None));
    }
    for (target, body, status) in writing {
        let answer = fixture.ask("POST", &target, &[("x-api-key", &may_read)], &body);
        assert_eq!((answer.status, answer.code()), (403, "scope_insufficient"), "{target}");
        assert_eq!(answer.logged(), (Some(&*format!("key:staff:{reader}")), None, None));
        let answer = fixture.ask("POST", &target, &[("x-api-key", &may_write)], &body);
        assert_eq!(answer.status, status, "{target}: {}", answer.body);
    }
}

#[test]
fn a_key_with_both_scopes_may_read_and_write() {
    let (fixture, key) = desk_of("[admin]\n");
    let by_key = [("authorization", &*format!("ApiKey {key}"))];
    assert_eq!(fixture.ask("GET", "/admin/v1/keys", &by_key, "").status, 200);
    let request = json!({"block": "partners", "scopes": ["a"], "expires": "1d"});
    assert_eq!(fixture.ask("POST", "/admin/v1/keys", &by_key, &request.to_string()).status, 201);
}

#[test]
fn a_key_with_all_scopes_may_do_nothing_whichever_rule_lets_it_through() {
    let fixture = Fixture::open();
    let request = json!({"block": "staff", "all_scopes": true, "never_expires": true}).to_string();
    let key = fixture.post("/admin/v1/keys", &request).secret();
    for (method, target) in
        [("GET", "/admin/v1/keys"), ("POST", "/admin/v1/keys"), ("GET", "/admin/v1/openapi.json")]
    {
        let answer = fixture.ask(method, target, &[("x-api-key", &key)], &request);
        assert_eq!(
            (answer.status, answer.code()),
            (403, "scope_insufficient"),
            "{method} {target}"
        );
    }
}

#[test]
fn a_rule_that_names_no_scope_of_the_administration_does_not_open_it() {
    let open = Fixture::open();
    let (_, key) = open.key("staff", READ);
    for path in ["/{*rest}", "/admin/{*rest}", "/admin/v1/keys", "/{a}/{b}/{c}"] {
        let rule = format!("[[rule]]\npath = \"{path}\"\nrequire = \"key:staff\"\n");
        let fixture = Fixture {
            gate: gate(&format!("[admin]\n{BLOCKS}{rule}"), &open.store),
            ..Fixture::open()
        };
        let answer = fixture.ask("GET", "/admin/v1/keys", &[("x-api-key", &key)], "");
        assert_eq!((answer.status, answer.code()), (403, "scope_insufficient"), "{path}");
        assert!(answer.audit.reason.as_deref().unwrap().contains("whose `scopes` name"), "{path}");
    }
}

#[test]
fn a_public_rule_never_allows_administration() {
    let fixture = Fixture::of("[admin]\n[[rule]]\npath = \"/admin/v1/{*rest}\"\npublic = true\n");
    let answer = fixture.ask("GET", "/admin/v1/openapi.json", &[], "");
    assert_eq!((answer.status, answer.code()), (403, "scope_insufficient"));
}

#[test]
fn a_key_that_no_rule_names_for_the_path_is_refused() {
    let fixture = Fixture::open();
    let (_, partner) = fixture.key("partners", READ);
    let answer = fixture.ask("GET", "/admin/v1/keys", &[("x-api-key", &partner)], "");
    assert_eq!((answer.status, answer.code()), (401, "key_invalid"));
}

#[test]
fn a_page_of_another_site_administers_nothing() {
    let fixture = Fixture::open();
    let header = format!("Bearer {}", bootstrap());
    for (site, status) in
        [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)]
    {
        let headers = [("authorization", header.as_str()), ("sec-fetch-site", site)];
        assert_eq!(fixture.ask("GET", "/admin/v1/keys", &headers, "").status, status, "{site}");
    }
    let headers = [("authorization", header.as_str()), ("sec-fetch-site", "cross-site")];
    let request = json!({"block": "staff", "all_scopes": true, "never_expires": true}).to_string();
    let answer = fixture.ask("POST", "/admin/v1/keys", &headers, &request);
    assert_eq!((answer.status, answer.code()), (403, "cross_site"));
    assert_eq!(answer.audit.error.as_deref(), Some("cross_site"));
    assert_eq!(fixture.get("/admin/v1/keys").body["keys"], json!([]));
}
