//! The replies to proxies.

use edge_auth::Reply;

use crate::fixture::{Fixture, PROXY, Sent, TRUSTED, code, forward_auth};

const IDENTITY: [&str; 6] = [
    "X-Auth-Principal",
    "X-Auth-Kind",
    "X-Auth-Subject",
    "X-Auth-Issuer",
    "X-Auth-Client",
    "X-Auth-Scopes",
];
const PROXIES: [(&str, [&str; 2]); 4] = [
    ("nginx", ["X-Original-Method", "X-Original-URI"]),
    ("traefik", ["X-Forwarded-Method", "X-Forwarded-Uri"]),
    ("caddy", ["X-Forwarded-Method", "X-Forwarded-Uri"]),
    ("envoy", ["X-Unused-Method", "X-Unused-Uri"]),
];

fn fixture(proxy: &str) -> Fixture {
    Fixture::of(&format!("{TRUSTED}{}", forward_auth(proxy)), "")
}

/// Asks about `GET path` in the way of any of the proxies.
fn ask(fixture: &Fixture, [method, uri]: [&str; 2], path: &str, headers: Sent<'_>) -> Reply {
    let mut all = vec![(method, &b"GET"[..]), (uri, path.as_bytes())];
    all.extend(headers);
    fixture.forward(PROXY, "GET", &format!("/authorize{path}"), &all).0
}

/// The values of the six identity headers, each of which is there exactly once.
fn identity(reply: &Reply) -> [&str; 6] {
    let named = reply.headers.iter().filter(|(name, _)| name.starts_with("X-Auth-"));
    assert_eq!(named.count(), 6, "{:?}", reply.headers);
    IDENTITY.map(|name| reply.header(name).unwrap())
}

#[test]
fn all_six_headers_describe_the_principal() {
    for (proxy, names) in PROXIES {
        let fixture = fixture(proxy);
        let sent = [("x-api-key", fixture.key.as_bytes()), ("X-Auth-Subject", &b"root"[..])];
        let reply = ask(&fixture, names, "/orders/1", &sent);
        assert_eq!((reply.status, reply.body.len()), (200, 0), "{proxy}");
        let principal = format!("key:partners:{}", fixture.id);
        let expected = [&principal, "api-key", &fixture.id, "", "team%20data", "orders:read"];
        assert_eq!(identity(&reply), expected, "{proxy}");
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
}

#[test]
fn on_a_public_path_all_six_headers_are_empty_so_that_a_clients_own_are_overwritten() {
    for (proxy, names) in PROXIES {
        let fixture = fixture(proxy);
        let sent = [("x-api-key", fixture.key.as_bytes()), ("X-Auth-Subject", &b"root"[..])];
        let reply = ask(&fixture, names, "/open", &sent);
        assert_eq!((reply.status, identity(&reply)), (200, [""; 6]), "{proxy}");
    }
}

#[test]
fn a_refusal_has_its_code_and_nginx_hears_401_and_403_only() {
    let refusals: [(&str, Sent<'_>, u16, &str); 7] = [
        ("/orders/1", &[], 401, "credential_missing"),
        ("/orders/1", &[("x-api-key", b"acme_live_junk")], 401, "key_invalid"),
        ("/orders/1", &[("x-api-key", b"a"), ("x-api-key", b"a")], 400, "credential_malformed"),
        ("/other", &[], 403, "no_rule"),
        ("/orders/%00", &[], 400, "path_ambiguous"),
        ("/open", &[("upgrade", b"websocket")], 403, "upgrade_not_allowed"),
        ("/open", &[("host", b"a"), ("host", b"b")], 400, "request_malformed"),
    ];
    for (proxy, names) in PROXIES {
        let fixture = fixture(proxy);
        for (path, headers, status, name) in refusals {
            let reply = ask(&fixture, names, path, headers);
            let expected = if proxy == "nginx" && status != 401 { 403 } else { status };
            assert_eq!(reply.status, expected, "{proxy}: {name}");
            assert_eq!(reply.header("X-Auth-Code"), Some(name), "{proxy}");
            assert_eq!(code(&reply), name, "{proxy}");
            assert_eq!(reply.header("X-Auth-Principal"), None, "{proxy}: {name}");
            let challenge =
                (status == 401 || name == "credential_malformed").then_some("ApiKey realm=\"api\"");
            assert_eq!(reply.header("WWW-Authenticate"), challenge, "{proxy}: {name}");
        }
    }
}

#[test]
fn trouble_with_the_store_is_503_and_for_nginx_403() {
    for (proxy, names) in PROXIES {
        let fixture = fixture(proxy);
        fixture.store.set_unavailable("the disk is full");
        let reply = ask(&fixture, names, "/orders/1", &[("x-api-key", fixture.key.as_bytes())]);
        assert_eq!(reply.status, if proxy == "nginx" { 403 } else { 503 });
        assert_eq!(reply.header("X-Auth-Code"), Some("store_unavailable"));
    }
}
