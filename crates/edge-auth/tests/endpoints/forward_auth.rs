//! The descriptions of requests that forward-auth accepts, and the proxies that it trusts.

use edge_auth::{Code, Outcome};

use crate::fixture::{Fixture, PROXY, Sent, TRUSTED, forward_auth};
use edge_auth_testkit::gates::TRUST;

/// A proxy that describes the request in headers: method, URI, host.
const DESCRIBING: [(&str, [&str; 3]); 3] = [
    ("nginx", ["X-Original-Method", "X-Original-URI", "X-Original-Host"]),
    ("traefik", ["X-Forwarded-Method", "X-Forwarded-Uri", "X-Forwarded-Host"]),
    ("caddy", ["X-Forwarded-Method", "X-Forwarded-Uri", "X-Forwarded-Host"]),
];

/// The headers of all the kinds of proxy that are not this one's.
fn foreign(proxy: &str) -> Vec<&'static str> {
    let own =
        |name: &&str| DESCRIBING.iter().any(|(one, names)| *one == proxy && names.contains(name));
    let all = DESCRIBING.iter().flat_map(|(_, names)| *names).filter(|name| !own(name));
    all.chain(["X-Forwarded-Path", "X-Rewrite-URL", "X-Original-URL", "X-Envoy-Original-Path"])
        .collect()
}

fn fixture(proxy: &str) -> Fixture {
    Fixture::of(&format!("{TRUSTED}{}", forward_auth(proxy)), "")
}

fn is_incomplete(outcome: &Outcome, header: &str) {
    assert_eq!(outcome.code(), Some(Code::ForwardedRequestIncomplete), "{header}");
    let reason = outcome.audit.as_ref().unwrap().reason.as_deref().unwrap();
    assert!(reason.contains(&header.to_ascii_lowercase()), "{reason}");
}

#[test]
fn a_described_request_is_decided_by_its_rule() {
    for (proxy, [method, uri, host]) in DESCRIBING {
        let fixture = fixture(proxy);
        let key = [("x-api-key", fixture.key.as_bytes())];
        let described_host = (host, &b"api.example"[..]);
        // nginx always asks with `GET`, so the method of its own request does not count.
        for (m, u, code) in [
            ("GET", "/orders/1?page=2", None),
            ("POST", "/orders/1", Some(Code::NoRule)),
            ("GET", "/other", Some(Code::NoRule)),
            ("GET", "/open/../orders/1", Some(Code::PathAmbiguous)),
            ("GET", "/orders/%2E%2e/open", Some(Code::PathAmbiguous)),
            ("GET", "/orders/1?page=/../2", None),
            ("GET", "/orders/..%2fopen", Some(Code::PathAmbiguous)),
            // An upstream that does not decode the path does not see `/orders`.
            ("GET", "/order%73/1", Some(Code::PathAmbiguous)),
            ("GET", "/orders/%61%40b", None),
        ] {
            let described = [(method, m.as_bytes()), (uri, u.as_bytes()), described_host];
            let headers = [&described[..], &key].concat();
            let (_, outcome) = fixture.forward(PROXY, "GET", "/authorize", &headers);
            assert_eq!(outcome.code(), code, "{proxy}: {m} {u}");
            assert_eq!(outcome.audit.as_ref().unwrap().method, m);
        }
        let described = [(method, &b"GET"[..]), (uri, b"/orders/1"), described_host];
        let (_, outcome) = fixture.forward(PROXY, "POST", "/authorize", &described);
        assert_eq!(outcome.code(), Some(Code::CredentialMissing), "{proxy}");
        assert_eq!(outcome.audit.as_ref().unwrap().host.as_deref(), Some("api.example"));
    }
}

#[test]
fn a_missing_empty_unreadable_or_repeated_method_or_uri_is_refused_and_never_defaulted() {
    for (proxy, [method, uri, _]) in DESCRIBING {
        let fixture = fixture(proxy);
        let good: [(&str, &[u8]); 2] = [(method, b"GET"), (uri, b"/open")];
        assert_eq!(
            fixture.forward(PROXY, "GET", "/authorize/open", &good).1.code(),
            None,
            "{proxy}"
        );
        for (index, (name, value)) in good.into_iter().enumerate() {
            let other = good[1 - index];
            let bad: [Sent<'_>; 5] = [
                &[],
                &[(name, b"")],
                &[(name, b"\xff")],
                &[(name, value), (name, value)],
                &[(name, value), (name, b"")],
            ];
            for wrong in bad {
                // Neither the asking request nor another proxy's headers stand in.
                let others = foreign(proxy);
                let stand_ins = others.iter().map(|foreign| (*foreign, value));
                let headers: Vec<_> =
                    [other].into_iter().chain(wrong.iter().copied()).chain(stand_ins).collect();
                is_incomplete(&fixture.forward(PROXY, "GET", "/authorize/open", &headers).1, name);
            }
        }
    }
}

#[test]
fn the_headers_of_other_proxies_say_nothing() {
    for (proxy, [method, uri, _]) in DESCRIBING {
        let fixture = fixture(proxy);
        for (own, others, code) in
            [("/open", "/orders/1", None), ("/orders/1", "/open", Some(Code::CredentialMissing))]
        {
            let foreign = foreign(proxy);
            let mut headers: Vec<_> =
                foreign.iter().map(|name| (*name, others.as_bytes())).collect();
            headers.extend([(method, &b"GET"[..]), (uri, own.as_bytes())]);
            assert_eq!(
                fixture.forward(PROXY, "GET", "/authorize", &headers).1.code(),
                code,
                "{proxy} {own}"
            );
        }
    }
    let fixture = fixture("envoy");
    let foreign = foreign("envoy");
    let headers: Vec<_> = foreign.iter().map(|name| (*name, &b"/open"[..])).collect();
    let (_, outcome) = fixture.forward(PROXY, "GET", "/authorize/orders/1", &headers);
    assert_eq!(outcome.code(), Some(Code::CredentialMissing));
}

#[test]
fn envoys_request_is_its_own_below_the_prefix() {
    let fixture = fixture("envoy");
    let key = [("x-api-key", fixture.key.as_bytes())];
    for (method, target, code) in [
        ("GET", "/authorize/open", None),
        ("GET", "/authorize/orders/1?page=2", None),
        ("POST", "/authorize/orders/1", Some(Code::NoRule)),
        ("GET", "/authorize/orders/../open", Some(Code::PathAmbiguous)),
        ("GET", "/authorize/orders/%2e%2e/open", Some(Code::PathAmbiguous)),
        ("GET", "/authorize/ope%6e", Some(Code::PathAmbiguous)),
        ("GET", "/authorize/authorize/open", Some(Code::NoRule)),
    ] {
        let (_, outcome) = fixture.forward(PROXY, method, target, &key);
        assert_eq!(outcome.code(), code, "{method} {target}");
    }
}

#[test]
fn nothing_climbs_out_of_envoys_prefix() {
    let fixture = fixture("envoy");
    for target in [
        "/authorize/../open",
        "/authorize/%2e%2e/open",
        "/authorize/.%2E/open",
        "/authorize/orders/../../open",
        "/authorize/./../open",
        "/authorize",
        "/authorize?/open",
        "/authorizeopen",
        "/AUTHORIZE/open",
        "/%61uthorize/open",
        "/open",
        "/x/../authorize/open",
        "/authorize//open",
        "/authorize/..%2fopen",
        "/authorize/..\\open",
        "/authorize/..;/open",
    ] {
        let (reply, outcome) = fixture.forward(PROXY, "GET", target, &[]);
        assert_eq!((reply.status, outcome.code()), (400, Some(Code::PathAmbiguous)), "{target}");
    }
}

#[test]
fn an_untrusted_proxy_is_refused() {
    for (proxy, [method, uri, _]) in DESCRIBING.into_iter().chain([("envoy", ["a", "b", "c"])]) {
        let fixture = fixture(proxy);
        let headers: [(&str, &[u8]); 3] =
            [(method, b"GET"), (uri, b"/open"), ("X-Forwarded-For", PROXY.as_bytes())];
        assert_eq!(
            fixture.forward(PROXY, "GET", "/authorize/open", &headers).1.code(),
            None,
            "{proxy}"
        );
        for peer in ["192.0.2.1", "127.0.0.1", "::1", "11.0.0.1", "unknown"] {
            let (reply, outcome) = fixture.forward(peer, "GET", "/authorize/open", &headers);
            assert_eq!(
                (reply.status, outcome.code()),
                (403, Some(Code::ProxyUntrusted)),
                "{proxy} {peer}"
            );
            assert_eq!(reply.header("x-auth-code"), Some("proxy_untrusted"));
            assert_eq!(reply.header("x-auth-principal"), None);
        }
    }
}

#[test]
fn without_a_trust_block_only_this_machine_is_trusted() {
    let fixture = Fixture::of(&forward_auth("envoy"), "");
    for (peer, code) in [
        ("127.0.0.1", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        (PROXY, Some(Code::ProxyUntrusted)),
        ("unknown", Some(Code::ProxyUntrusted)),
    ] {
        assert_eq!(fixture.forward(peer, "GET", "/authorize/open", &[]).1.code(), code, "{peer}");
    }
}

/// Returns whether the caller is a trusted proxy.
fn admits(fixture: &Fixture, peer: &str, headers: Sent<'_>) -> bool {
    let (_, outcome) = fixture.forward(peer, "GET", "/authorize/open", headers);
    let code = outcome.code();
    assert!(matches!(code, None | Some(Code::ProxyUntrusted)), "{code:?}");
    code.is_none()
}

#[test]
fn a_configured_secret_must_be_sent_exactly_once_and_from_a_configured_network() {
    let right: (&str, &[u8]) = ("X-Edge-Auth-Secret", TRUST.as_bytes());
    let cut = &TRUST.as_bytes()[..TRUST.len() - 1];
    let secret = "[trust]\nsecret = \"TRUST\"\n";
    let anywhere = Fixture::of(&format!("{secret}{}", forward_auth("envoy")), "");
    let inside =
        Fixture::of(&format!("{TRUSTED}secret = \"TRUST\"\n{}", forward_auth("envoy")), "");
    assert!(admits(&anywhere, "192.0.2.1", &[right]) && admits(&anywhere, "unknown", &[right]));
    assert!(admits(&inside, PROXY, &[right]) && !admits(&inside, "192.0.2.1", &[right]));
    let wrong: [Sent<'_>; 5] = [
        &[],
        &[("X-Edge-Auth-Secret", b"")],
        &[("X-Edge-Auth-Secret", cut)],
        &[right, right],
        &[("X-Other-Secret", TRUST.as_bytes())],
    ];
    for headers in wrong {
        assert!(
            !admits(&anywhere, PROXY, headers) && !admits(&inside, PROXY, headers),
            "{headers:?}"
        );
    }
}

#[test]
fn the_clients_address_comes_from_the_proxy() {
    for (proxy, [method, uri, _]) in DESCRIBING {
        let headers: [(&str, &[u8]); 3] = [
            (method, b"GET"),
            (uri, b"/open"),
            ("x-forwarded-for", b"6.6.6.6, 203.0.113.7, 10.9.9.9"),
        ];
        let (_, outcome) = fixture(proxy).forward(PROXY, "GET", "/authorize", &headers);
        assert_eq!(outcome.audit.as_ref().unwrap().client_ip, "203.0.113.7".parse().ok());
    }
}

#[test]
fn envoys_own_address_never_counts_as_its_clients() {
    let fixture = fixture("envoy");
    let own = ("x-edge-auth-client-address", &b"203.0.113.7"[..]);
    // Envoy adds its own address to this field, not the client's.
    let forwarded = ("x-forwarded-for", &b"10.9.9.9"[..]);
    let cases: [(Sent<'_>, Option<&str>); 6] = [
        (&[own, forwarded], Some("203.0.113.7")),
        (&[("X-Edge-Auth-Client-Address", b"::ffff:203.0.113.7")], Some("203.0.113.7")),
        (&[forwarded], None),
        (&[own, own], None),
        (&[(own.0, b"203.0.113.7, 10.9.9.9")], None),
        (&[(own.0, b"-"), forwarded], None),
    ];
    for (headers, address) in cases {
        let (_, outcome) = fixture.forward(PROXY, "GET", "/authorize/open", headers);
        let expected = address.map(|address| address.parse().unwrap());
        assert_eq!(
            (outcome.code(), outcome.audit.as_ref().unwrap().client_ip),
            (None, expected),
            "{headers:?}"
        );
    }
}

#[test]
fn a_host_must_be_described_if_rules_name_hosts() {
    let rule = "[[rule]]\nhost = \"api.example\"\npath = \"/hosted\"\npublic = true\n";
    for (proxy, [method, uri, host]) in DESCRIBING {
        let fixture = Fixture::of(&format!("{TRUSTED}{}", forward_auth(proxy)), rule);
        for (name, code) in [(&b"api.example"[..], None), (b"gate.example", Some(Code::NoRule))] {
            let headers = [(method, &b"GET"[..]), (uri, b"/hosted"), (host, name)];
            let (_, outcome) = fixture.forward(PROXY, "GET", "/authorize", &headers);
            assert_eq!(outcome.code(), code);
        }
        let incomplete: [&[&str]; 3] = [&[], &[""], &["api.example", "api.example"]];
        for hosts in incomplete {
            let mut headers = vec![(method, &b"GET"[..]), (uri, b"/open")];
            headers.extend(hosts.iter().map(|name| (host, name.as_bytes())));
            let (_, outcome) = fixture.forward(PROXY, "GET", "/authorize", &headers);
            is_incomplete(&outcome, host);
        }
    }
}

#[test]
fn without_a_configured_proxy_descriptions_are_refused() {
    let fixture = Fixture::of(TRUSTED, "");
    let headers: Vec<_> = DESCRIBING
        .iter()
        .flat_map(|(_, [method, uri, _])| [(*method, &b"GET"[..]), (*uri, &b"/open"[..])])
        .collect();
    let (reply, outcome) = fixture.forward(PROXY, "GET", "/authorize/open", &headers);
    assert_eq!((reply.status, outcome.code()), (400, Some(Code::ForwardedRequestIncomplete)));
}
