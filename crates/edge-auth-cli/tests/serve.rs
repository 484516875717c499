//! `serve` for its operator: limits, bad input, errors, reload, shutdown.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a panic is a failed test"
)]

mod common;

use std::net::TcpListener;

use common::{Folder, Server, echo};
use serde_json::Value;

const POLICY: &str = r#"
[forward_auth]
proxy = "traefik"

[[api_key]]
name = "partners"
prefix = "acme"
pepper = "PEPPER"

[[rule]]
name = "health"
path = "/public/{*rest}"
public = true

[[rule]]
name = "orders"
path = "/orders/{id}"
require = "key:partners"
"#;

fn key(folder: &Folder) -> String {
    let made = folder.json(&["keys", "create", "--all-scopes", "--expires", "1d"]);
    made["secret"].as_str().unwrap().to_owned()
}

#[test]
fn health_needs_nothing_and_is_not_audited() {
    let server = Folder::with_policy(POLICY).serve(&[]);
    let response = server.call("GET", "/healthz", &[]);
    assert_eq!((response.status, response.body.trim()), (200, r#"{"status":"ok"}"#));
    let wrong = server.call("DELETE", "/healthz", &[]);
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("GET, HEAD")));
    server.call("GET", "/authorize", &[]);
    assert_eq!(server.audit()["code"], "forwarded_request_incomplete");
}

#[test]
fn without_an_upstream_other_paths_are_not_found() {
    let server = Folder::with_policy(POLICY).serve(&[]);
    let response = server.call("GET", "/orders/1", &[]);
    assert_eq!(response.status, 404);
    assert_eq!(response.header("content-type"), Some("application/problem+json"));
    assert!(response.body.contains("upstream"));
}

#[test]
fn a_trusted_proxy_asks_and_gets_the_identity() {
    let folder = Folder::with_policy(POLICY);
    let key = key(&folder);
    let server = folder.serve(&[]);
    let ask = |uri: &str, key: &str| {
        server.call(
            "GET",
            "/authorize",
            &[
                ("x-forwarded-method", "GET"),
                ("x-forwarded-uri", uri),
                ("x-forwarded-host", "a"),
                ("x-api-key", key),
            ],
        )
    };
    let allowed = ask("/orders/1", &key);
    assert_eq!(allowed.status, 200);
    assert!(allowed.header("x-auth-principal").unwrap().starts_with("key:partners:"));
    assert_eq!(ask("/orders/..%2f1", &key).code(), "path_ambiguous");
    assert_eq!(ask("/orders/1", "acme_live_x").status, 401);
}

#[test]
fn an_application_asks_in_json() {
    let folder = Folder::with_policy(POLICY);
    let key = key(&folder);
    let server = folder.serve(&[]);
    let ask = |body: &str| server.call_with_body("POST", "/v1/verify", &[], body);
    let question = |key: &str| {
        serde_json::json!({ "method": "GET", "target": "/orders/1", "headers": { "x-api-key": key } })
            .to_string()
    };
    let answer: Value = serde_json::from_str(&ask(&question(&key)).body).unwrap();
    assert_eq!((&answer["allowed"], &answer["rule"]), (&true.into(), &"orders".into()));
    let answer: Value = serde_json::from_str(&ask(&question("junk")).body).unwrap();
    assert_eq!((&answer["allowed"], &answer["code"]), (&false.into(), &"key_invalid".into()));
    assert_eq!(ask("{").status, 400);
    assert_eq!(ask(&"x".repeat(200_000)).status, 413);
    let wrong = server.call("GET", "/v1/verify", &[]);
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("POST")));
}

#[test]
fn a_body_with_too_large_a_content_length_is_refused_at_once() {
    let server = Folder::with_policy(POLICY).serve(&[]);
    let head = "POST /v1/verify HTTP/1.1\r\nhost: a\r\ncontent-length: 200000\r\n\r\n";
    assert_eq!(server.raw(head.as_bytes()).status, 413);
}

#[test]
fn a_gateway_adds_the_identity_and_strips_the_credential() {
    let folder = Folder::with_policy(POLICY);
    let key = key(&folder);
    let server = folder.serve(&["--upstream", &format!("http://{}", echo())]);
    let response =
        server.call("GET", "/orders/1?x=%2f", &[("x-api-key", &key), ("x_auth_scopes", "all")]);
    assert_eq!(response.status, 200);
    let seen = response.body.to_lowercase();
    assert!(seen.starts_with("get /orders/1?x=%2f http/1.1"), "{seen}");
    assert!(seen.contains("x-auth-principal: key:partners:"), "{seen}");
    assert!(!seen.contains("x_auth_scopes") && !seen.contains(&key.to_lowercase()), "{seen}");
}

#[test]
fn an_upstream_that_is_down_is_a_bad_gateway() {
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = Folder::with_policy(POLICY).serve(&["--upstream", &format!("http://{unused}")]);
    assert_eq!(server.call("GET", "/public/x", &[]).status, 502);
    server.notice("upstream");
}

#[test]
fn malformed_requests_are_the_clients_fault_and_never_ours() {
    let folder = Folder::with_policy(POLICY);
    let server = folder.serve(&["--upstream", &format!("http://{}", echo())]);
    let long = "x".repeat(80_000);
    for (request, expected) in [
        ("GET /public/x HTTP/1.1\r\n\r\n".to_owned(), 400),
        ("GET /public/x HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n".to_owned(), 400),
        ("GET /public/x HTTP/1.1\r\nhost: a b\r\n\r\n".to_owned(), 400),
        ("GET http://b/public/x HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(), 400),
        ("GET //public/x HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(), 400),
        ("GET /public/%00 HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(), 400),
        ("GET /public/../../x HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(), 400),
        ("CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\n\r\n".to_owned(), 400),
        ("OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(), 400),
        ("GET /public/%ff HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(), 400),
        ("junk\r\n\r\n".to_owned(), 400),
        (format!("GET /public/x HTTP/1.1\r\nhost: a\r\nx: {long}\r\n\r\n"), 431),
        (format!("GET /public/{long} HTTP/1.1\r\nhost: a\r\n\r\n"), 431),
        (format!("GET /public/{} HTTP/1.1\r\nhost: a\r\n\r\n", "x".repeat(9_000)), 400),
        (format!("GET /orders/1 HTTP/1.1\r\nhost: a\r\nx-api-key: {}\r\n\r\n", "x".repeat(20_000)), 401),
        ("GET /orders/1 HTTP/1.1\r\nhost: a\r\nx-api-key: a\r\nx-api-key: b\r\n\r\n".to_owned(), 400),
        (format!("GET /public/x HTTP/1.1\r\nhost: a\r\n{}\r\n", "x: 1\r\n".repeat(140)), 431),
        (
            "POST /public/x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\
             transfer-encoding: chunked\r\n\r\n0\r\n\r\n"
                .to_owned(),
            400,
        ),
        (
            "POST /public/x HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"
                .to_owned(),
            400,
        ),
    ] {
        let closing = request.replacen("\r\n\r\n", "\r\nconnection: close\r\n\r\n", 1);
        let response = server.raw(closing.as_bytes());
        assert_eq!(response.status, expected, "{request:.100}: {response:?}");
    }
    assert_eq!(server.call("GET", "/healthz", &[]).status, 200);
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = Folder::with_policy(POLICY).run(&["serve", "--listen", &address]);
    assert_eq!(ran.code(), 3);
    assert!(
        ran.stderr().contains(&address) && ran.stderr().contains("--listen"),
        "{}",
        ran.stderr()
    );
}

#[test]
fn a_file_that_is_not_a_store_is_named_and_left_unchanged() {
    let folder = Folder::with_policy(POLICY);
    folder.write("keys.db", "this is a letter to my aunt, and no database at all");
    let ran = folder.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!((ran.code(), ran.stderr().contains("keys.db")), (3, true), "{}", ran.stderr());
    assert!(std::fs::read_to_string(folder.path("keys.db")).unwrap().contains("my aunt"));
}

#[test]
fn a_policy_with_keys_and_no_store_does_not_serve() {
    let folder = Folder::with_policy(POLICY);
    let output = folder.edge_auth(&["serve"]).env_remove("EDGE_AUTH_STORE").output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), stderr.contains("--store")), (Some(2), true), "{stderr}");
}

#[test]
fn a_policy_is_read_again_on_a_hangup_and_a_bad_one_changes_nothing() {
    let folder = Folder::with_policy(POLICY);
    let server = folder.serve(&["--upstream", &format!("http://{}", echo())]);
    assert_eq!(server.call("GET", "/new", &[]).code(), "no_rule");

    folder.write("policy.toml", &format!("{POLICY}\n[[rule]]\npath = \"/new\"\npublic = true\n"));
    server.signal("HUP");
    server.notice("3 rules");
    assert_eq!(server.call("GET", "/new", &[]).status, 200);

    folder.write("policy.toml", "[[rule]]\npath = 1\n");
    server.signal("HUP");
    server.notice("NOT loaded");
    server.notice("policy.toml:2");
    assert_eq!(server.call("GET", "/new", &[]).status, 200);
}

#[test]
fn a_compiled_policy_is_served_and_its_digest_names_it_everywhere() {
    let folder = Folder::with_policy(POLICY);
    let built = folder.json(&["policy", "build", "policy.toml"]);
    let digest = &built["digest"].as_str().unwrap()[..16];
    for policy in ["policy.toml", "policy.bin"] {
        let server =
            folder.serve(&["--policy", policy, "--upstream", &format!("http://{}", echo())]);
        let end = format!(", 2 rules, policy {digest}");
        assert!(server.listening.ends_with(&end), "{}", server.listening);
        assert_eq!(server.call("GET", "/public/x", &[]).status, 200);
        assert_eq!(server.audit()["policy"], digest);
        assert_eq!(server.call("GET", "/new", &[]).code(), "no_rule");
        assert_eq!(server.audit()["policy"], digest);
    }
}

#[test]
fn a_hangup_takes_over_a_compiled_policy_and_no_damaged_one() {
    let folder = Folder::with_policy(POLICY);
    folder.json(&["policy", "build", "policy.toml"]);
    let upstream = format!("http://{}", echo());
    let server = folder.serve(&["--policy", "policy.bin", "--upstream", &upstream]);
    assert_eq!(server.call("GET", "/new", &[]).code(), "no_rule");

    folder.write("policy.toml", &format!("{POLICY}\n[[rule]]\npath = \"/new\"\npublic = true\n"));
    let built = folder.json(&["policy", "build", "policy.toml"]);
    server.signal("HUP");
    server.notice(&format!("3 rules, policy {}", &built["digest"].as_str().unwrap()[..16]));
    assert_eq!(server.call("GET", "/new", &[]).status, 200);

    let form = std::fs::read(folder.path("policy.bin")).unwrap();
    std::fs::write(folder.path("policy.bin"), &form[..form.len() / 2]).unwrap();
    server.signal("HUP");
    server.notice("NOT loaded");
    server.notice("policy.bin: is damaged");
    assert_eq!(server.call("GET", "/new", &[]).status, 200);
}

#[test]
fn at_the_end_the_audit_log_is_whole() {
    let folder = Folder::with_policy(POLICY);
    let server = folder.serve(&["--upstream", &format!("http://{}", echo())]);
    for _ in 0..20 {
        assert_eq!(server.call("GET", "/public/x", &[]).status, 200);
    }
    server.signal("TERM");
    let (code, audit) = server.wait();
    assert_eq!((code, audit.len()), (Some(0), 20));
    let event: Value = serde_json::from_str(&audit[0]).unwrap();
    assert_eq!((&event["allowed"], &event["path"]), (&true.into(), &"/public/x".into()));
}

#[test]
fn no_credential_is_ever_logged() {
    let folder = Folder::with_policy(POLICY);
    let key = key(&folder);
    let server = folder.serve(&["--upstream", &format!("http://{}", echo())]);
    let secret = key.rsplit('_').next().unwrap().to_owned();
    let tampered = format!("{}x", &key[..key.len() - 1]);
    for value in [&key, &tampered, &format!("{key}x")] {
        server.call("GET", &format!("/orders/1?key={value}"), &[("x-api-key", value)]);
        server.call("GET", "/orders/1", &[("authorization", &format!("Bearer {value}"))]);
        server.call("GET", "/orders/1", &[("authorization", &format!("Basic {value}"))]);
        server.call(
            "GET",
            "/orders/1",
            &[("x-api-key", value), ("authorization", &format!("ApiKey {value}"))],
        );
    }
    server.signal("TERM");
    let (_, audit) = server.wait();
    assert_eq!(audit.len(), 12);
    for line in audit {
        assert!(!line.contains(&secret[..20]) && !line.contains(&secret[20..40]), "{line}");
    }
}

#[test]
fn administration_is_off_until_it_is_switched_on() {
    let folder = Folder::with_policy(POLICY);
    let server = folder.serve(&[]);
    assert_eq!(server.call("GET", "/admin/v1/keys", &[]).status, 403);
    drop(server);

    let init = folder.json(&["admin", "init"]);
    let (secret, hash) =
        (init["secret"].as_str().unwrap(), init["bootstrap_hash"].as_str().unwrap());
    folder.write("policy.toml", &format!("[admin]\nbootstrap_hash = \"{hash}\"\n{POLICY}"));
    let server = folder.serve(&[]);
    let bearer = format!("Bearer {secret}");
    let body = r#"{"block":"partners","scopes":["a"],"expires":"1d"}"#;
    let made = server.call_with_body("POST", "/admin/v1/keys", &[("authorization", &bearer)], body);
    assert_eq!(made.status, 201, "{}", made.body);
    let event = server.audit();
    assert_eq!(
        (&event["action"], &event["principal"]),
        (&"keys.create".into(), &"admin:bootstrap".into())
    );
    let listed = server.call("GET", "/admin/v1/keys", &[("authorization", &bearer)]);
    assert!(listed.body.contains(event["key"].as_str().unwrap()));
    let wrong =
        server.call("GET", "/admin/v1/keys", &[("authorization", "Bearer edge-auth-admin_wrong")]);
    assert_eq!(wrong.status, 401);
}

#[test]
fn a_password_in_an_argument_is_not_repeated() {
    let folder = Folder::with_policy(POLICY);
    for arguments in [
        ["serve", "--upstream", "http://user:hunter2@api.internal"],
        ["serve", "--store", "postgres://admin:hunter2@db/keys"],
    ] {
        let ran = folder.run(&arguments);
        assert_eq!((ran.code(), ran.stderr().contains("hunter2")), (2, false), "{}", ran.stderr());
    }
}

#[test]
fn a_new_store_is_logged_and_an_existing_one_is_not() {
    let folder = Folder::with_policy(POLICY);
    let made_a_store = |server: Server| {
        server.startup_lines.iter().any(|line| line.contains("the store was missing"))
    };
    assert!(made_a_store(folder.serve(&[])));
    assert!(!made_a_store(folder.serve(&[])));
}

#[test]
fn a_policy_with_mistakes_leaves_no_store_behind() {
    let folder = Folder::with_policy("rule = 1");
    assert_eq!(folder.run(&["serve"]).code(), 1);
    assert!(!folder.path("keys.db").exists());
}

#[test]
fn an_untrusted_caller_is_refused_before_its_body_is_read() {
    let folder = Folder::with_policy(&format!("[trust]\nnetworks = [\"192.0.2.0/24\"]\n{POLICY}"));
    let server = folder.serve(&[]);
    let head = "POST /v1/verify HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\nconnection: close\r\n\r\n";
    assert_eq!(server.raw(head.as_bytes()).code(), "proxy_untrusted");
    let head = head.replace("/v1/verify", "/admin/v1/keys");
    assert_eq!(server.raw(head.as_bytes()).code(), "no_rule");
}
