//! Inputs of a given size: for each part of a request, the forms that cause the most work.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edge_auth::Headers;
use edge_auth::certificate::PlatformCertificate;
use edge_auth::endpoints::{
    Client, ForwardAuth, ForwardedHeaders, GatewayEndpoint, InboundRequest, VerifyEndpoint,
    private_cache_control,
};
use edge_auth::route::{Host, NormalPath};
use edge_auth_api_gateway::ApiType;
use edge_auth_control::AdminApi;
use edge_auth_testkit::certificates::ClientPlan;
use edge_auth_testkit::mint::{Signer, compact};
use edge_auth_token::{Algorithm, JwkSet};
use futures::executor::block_on;

use crate::fixture::{AUTHORIZER, GATE, NOW, ROOT, SECRET, incoming};

type Work = Box<dyn FnOnce()>;

/// One kind of input, and the smaller of its two sizes.
pub(crate) struct InputKind {
    pub name: &'static str,
    pub size: usize,
    pub prepare: fn(usize) -> Work,
}

const fn kind(name: &'static str, size: usize, prepare: fn(usize) -> Work) -> InputKind {
    InputKind { name, size, prepare }
}

/// Twice each size is still below the limits.
pub(crate) const KINDS: &[InputKind] = &[
    kind("path: plain segments", 2000, |n| path("/a".repeat(n))),
    kind("path: long segment", 4000, |n| path(format!("/{}", "a".repeat(n)))),
    kind("path: dot segments", 700, |n| path("/a/..".repeat(n))),
    kind("path: dots at the end", 900, |n| {
        path([&"/a".repeat(n)[..], &"/..".repeat(n)[..]].concat())
    }),
    kind("path: escapes", 1300, |n| path(format!("/{}", "%61".repeat(n)))),
    kind("path: characters beyond ASCII", 600, |n| path(format!("/{}", "%C3%A9".repeat(n)))),
    kind("path: captures", 1000, |n| path(format!("/a/b/c/d{}", "/e".repeat(n)))),
    kind("path: leads of keys and tokens, refused", 40, |n| {
        path(["//", &"edge-auth-admin_,".repeat(n), &"eyJ".repeat(8 * n)].concat())
    }),
    kind("path: leads of keys and tokens, normal", 40, |n| {
        path(["/", &"edge-auth-admin_,".repeat(n), &"eyJ".repeat(8 * n)].concat())
    }),
    kind("path: escapes in escapes, refused", 600, |n| path(format!("//{}", "%2525".repeat(n)))),
    kind("path: too long", 20_000, |n| path("/a".repeat(n))),
    kind("query", 20_000, |n| path(format!("/public/x?{}", "a=%61&".repeat(n)))),
    kind("host", 20_000, |n| work(move || drop(Host::parse(&"a.".repeat(n))))),
    kind("host: colons", 20_000, |n| {
        work(move || drop(Host::parse(&format!("[{}]", ":".repeat(n)))))
    }),
    kind("decoded path", 2000, |n| work(move || drop(NormalPath::from_decoded(&"/a".repeat(n))))),
    kind("fields: different", 2000, |n| fields((0..n).map(|i| (format!("x-{i}"), "v".to_owned())))),
    kind("fields: reserved", 2000, |n| {
        fields((0..n).map(|i| (format!("x-auth-{i}"), "v".to_owned())))
    }),
    kind("fields: Authorization, repeated", 2000, |n| repeated("authorization", "Bearer a", n)),
    kind("fields: Host, repeated", 2000, |n| repeated("host", "a", n)),
    kind("fields: Cookie, repeated", 2000, |n| repeated("cookie", "a=b", n)),
    kind("fields: Upgrade", 5000, |n| field("/public/x", "upgrade", &"a,".repeat(n))),
    kind("fields: X-Forwarded-For", 3000, |n| {
        field("/public/x", "x-forwarded-for", &vec!["10.0.0.1"; n].join(", "))
    }),
    kind("fields: Origin", 20_000, |n| field("/public/x", "origin", &"https://app.".repeat(n))),
    kind("fields: Connection, and as many fields", 1000, connection),
    kind("fields: Connection, one list", 5000, |n| {
        forwarded(vec![("connection".to_owned(), "x,".repeat(n))])
    }),
    kind("fields: Cache-Control of the upstream", 5000, |n| {
        work(move || drop(private_cache_control(["a, public,".repeat(n).as_str()])))
    }),
    kind("Authorization: spaces", 20_000, |n| {
        field("/token", "authorization", &format!("Bearer{}a", " ".repeat(n)))
    }),
    kind("Authorization: equals signs", 6000, |n| {
        field("/token", "authorization", &format!("Bearer {}", "=".repeat(n)))
    }),
    kind("Authorization: words", 6000, |n| field("/public/x", "authorization", &"a ".repeat(n))),
    kind("Authorization: too long", 20_000, |n| {
        field("/token", "authorization", &format!("Bearer {}", "a".repeat(n)))
    }),
    kind("token: dots", 6000, |n| {
        field("/token", "authorization", &format!("Bearer {}", ".".repeat(n)))
    }),
    kind("token: no JSON", 6000, |n| bearer(b"{}", "x".repeat(n).as_bytes())),
    kind("token: members of the header", 400, |n| bearer(members(n, "").as_bytes(), b"{}")),
    kind("token: members of the claims", 400, |n| claims(&members(n, ""))),
    kind("token: members with long names in common", 100, |n| claims(&members(n, &"a".repeat(40)))),
    kind("token: a member twice, at the end", 400, |n| {
        claims(&members(n, "").replace('}', r#","m0":0}"#))
    }),
    kind("token: nested arrays", 3000, |n| claims(&format!(r#"{{"a":{}"#, "[".repeat(n)))),
    kind("token: arrays side by side", 1500, |n| {
        claims(&format!(r#"{{"a":[{}0]}}"#, "[],".repeat(n)))
    }),
    kind("token: digits", 4000, |n| claims(&format!(r#"{{"exp":{}}}"#, "9".repeat(n)))),
    kind("token: digits of a fraction", 4000, |n| {
        claims(&format!(r#"{{"exp":1.{}}}"#, "9".repeat(n)))
    }),
    kind("token: escapes", 1000, |n| claims(&format!(r#"{{"iss":"{}"}}"#, r"\u0061".repeat(n)))),
    kind("token: audiences", 1000, |n| {
        known_claims(&format!(r#""aud":["{}"]"#, vec!["a"; n].join("\",\"")))
    }),
    kind("token: empty audiences", 1000, |n| {
        known_claims(&format!(r#""aud":["{}"]"#, vec![""; n].join("\",\"")))
    }),
    kind("token: scopes in a text", 800, |n| granted(&format!(r#""{}""#, scopes(n).join(" ")))),
    kind("token: scopes in a list", 500, |n| {
        granted(&format!(r#"["{}"]"#, scopes(n).join("\",\"")))
    }),
    kind("token: key identifier", 4000, |n| {
        bearer(format!(r#"{{"alg":"HS256","kid":"{}"}}"#, "k".repeat(n)).as_bytes(), b"{}")
    }),
    kind("key set: keys of no use", 20, |n| {
        let keys = vec![r#"{"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB","key_ops":["verify"]}"#; n]
            .join(",");
        work(move || drop(JwkSet::parse(format!(r#"{{"keys":[{keys}]}}"#).as_bytes())))
    }),
    kind("key set: purposes", 4000, |n| {
        let purposes = scopes(n).join("\",\"");
        let set = format!(r#"{{"keys":[{{"kty":"oct","key_ops":["{purposes}"]}}]}}"#);
        work(move || drop(JwkSet::parse(set.as_bytes())))
    }),
    kind("API key: long", 6000, |n| {
        field("/key", "x-api-key", &format!("acme_live_{}", "a".repeat(n)))
    }),
    kind("API key: leads", 600, |n| field("/key", "x-api-key", &"acme_live_".repeat(n))),
    kind("API key: of another system", 6000, |n| {
        field("/key", "x-api-key", &format!("legacy_{}", "a".repeat(n)))
    }),
    kind("certificate: spaces", 20_000, |n| {
        field("/certificate", "client-cert", &format!("{0}:{0}", " ".repeat(n)))
    }),
    kind("certificate: colons", 20_000, |n| field("/certificate", "client-cert", &":".repeat(n))),
    kind("certificate: no DER", 10_000, |n| {
        field("/certificate", "client-cert", &format!(":{}:", "AAAA".repeat(n)))
    }),
    kind("certificate: items of the chain", 2000, |n| {
        let chain = vec![":AAAA:"; n].join(",");
        asked(
            "/certificate",
            vec![("client-cert", ":AAAA:".to_owned()), ("client-cert-chain", chain)],
        )
    }),
    kind("certificate: empty items of the chain", 10_000, |n| {
        asked(
            "/certificate",
            vec![("client-cert", ":AAAA:".to_owned()), ("client-cert-chain", ",".repeat(n))],
        )
    }),
    kind("certificate: extensions", 200, |n| {
        certificate(&ClientPlan { extensions: n as u64, ..agent() })
    }),
    kind("certificate: alternative names", 150, |n| {
        certificate(&ClientPlan { hosts: hosts(n), ..agent() })
    }),
    kind("certificate: padding", 4000, |n| certificate(&ClientPlan { padding: n, ..agent() })),
    kind("certificate: escapes of PEM", 4000, |n| load_balanced("%0A".repeat(n))),
    kind("certificate: lines of PEM", 400, |n| {
        load_balanced("-----BEGIN CERTIFICATE-----%0A".repeat(n))
    }),
    kind("certificate: empty ones in PEM", 200, |n| {
        load_balanced("-----BEGIN CERTIFICATE-----%0AAAAA%0A-----END CERTIFICATE-----%0A".repeat(n))
    }),
    kind("forwarded: URI", 2000, |n| {
        let fields = vec![
            ("x-forwarded-method", "GET".to_owned()),
            ("x-forwarded-host", "api.example.com".to_owned()),
            ("x-forwarded-uri", "/a".repeat(n)),
        ];
        let work = move |fields: &[(&str, &[u8])]| {
            drop(block_on(ForwardAuth::new(&*GATE).answer(
                &incoming("/authorize", fields),
                "/authorize",
                NOW,
            )))
        };
        with_fields(fields, work)
    }),
    kind("verify: fields", 2000, |n| verify(format!(r#"{{"x":"a"{}}}"#, r#","y":"b""#.repeat(n)))),
    kind("verify: values of one field", 4000, |n| {
        verify(format!(r#"{{"x":["a"{}]}}"#, r#","b""#.repeat(n)))
    }),
    kind("verify: a long name and as many values", 2000, |n| {
        verify(format!(r#"{{"x-auth-{}":["a"{}]}}"#, "x".repeat(n), r#","b""#.repeat(n)))
    }),
    kind("verify: unknown member", 20_000, |n| verify(format!(r#"{{}},"{}":1"#, "a".repeat(n)))),
    kind("verify: nested", 5000, |n| verify("[".repeat(n))),
    kind("administration: path", 2000, |n| {
        let target = format!("/admin/v1{}", "/a".repeat(n));
        work(move || {
            drop(block_on(
                AdminApi::new(&*GATE, GATE.platform()).admit(&incoming(&target, &[]), NOW),
            ))
        })
    }),
    kind("API Gateway: path", 2000, |n| method_arn("/a".repeat(n))),
    kind("API Gateway: wildcards", 2000, |n| method_arn("/*".repeat(n))),
    kind("API Gateway: colons", 4000, |n| method_arn(":".repeat(n))),
];

fn work(work: impl FnOnce() + 'static) -> Work {
    Box::new(work)
}

fn path(target: String) -> Work {
    work(move || drop(block_on(GatewayEndpoint::new(&*GATE).decide(&incoming(&target, &[]), NOW))))
}

fn with_fields(
    fields: Vec<(&'static str, String)>,
    ask: impl FnOnce(&[(&str, &[u8])]) + 'static,
) -> Work {
    work(move || {
        let fields: Vec<(&str, &[u8])> =
            fields.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        ask(&fields);
    })
}

fn asked(target: &'static str, fields: Vec<(&'static str, String)>) -> Work {
    with_fields(fields, move |fields| {
        drop(block_on(GatewayEndpoint::new(&*GATE).decide(&incoming(target, fields), NOW)))
    })
}

fn field(target: &'static str, name: &'static str, value: &str) -> Work {
    asked(target, vec![(name, value.to_owned())])
}

fn repeated(name: &'static str, value: &str, n: usize) -> Work {
    asked("/token", vec![(name, value.to_owned()); n])
}

fn fields(fields: impl Iterator<Item = (String, String)>) -> Work {
    let fields: Vec<_> = fields.collect();
    work(move || {
        let fields: Vec<(&str, &[u8])> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        drop(block_on(GatewayEndpoint::new(&*GATE).decide(&incoming("/public/x", &fields), NOW)));
    })
}

/// A `Connection` field with `n` names, and these `n` fields.
fn connection(n: usize) -> Work {
    let names: Vec<String> = (0..n).map(|i| format!("x-{i:05}")).collect();
    let list = ("connection".to_owned(), names.join(","));
    let mut fields: Vec<_> = names.into_iter().map(|name| (name, "v".to_owned())).collect();
    fields.push(list);
    forwarded(fields)
}

fn forwarded(fields: Vec<(String, String)>) -> Work {
    work(move || {
        let fields: Vec<(&str, &[u8])> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let client = Client { peer: None, secure: true, host: None, trusted_proxy: true };
        drop(ForwardedHeaders::of(Headers(&fields), client));
    })
}

fn bearer(header: &[u8], claims: &[u8]) -> Work {
    let token = compact(header, claims, &Signer::Secret(SECRET.as_bytes(), Algorithm::Hs256));
    field("/token", "authorization", &format!("Bearer {token}"))
}

fn claims(claims: &str) -> Work {
    bearer(br#"{"alg":"HS256","typ":"at+jwt"}"#, claims.as_bytes())
}

/// Valid claims and `more`.
fn known_claims(more: &str) -> Work {
    claims(&format!(
        r#"{{"iss":"https://login.example.com/","sub":"alice","exp":1800000600,{more}}}"#
    ))
}

fn granted(scope: &str) -> Work {
    known_claims(&format!(r#""aud":"https://api.example.com","scope":{scope}"#))
}

fn members(n: usize, prefix: &str) -> String {
    let members: Vec<String> = (0..n).map(|i| format!(r#""{prefix}m{i}":{i}"#)).collect();
    format!("{{{}}}", members.join(","))
}

fn scopes(n: usize) -> Vec<String> {
    (0..n).map(|i| format!("s:{i}")).collect()
}

fn hosts(n: usize) -> Vec<String> {
    (0..n).map(|i| format!("h{i}.example.com")).collect()
}

fn agent() -> ClientPlan {
    ClientPlan::with_uri("spiffe://example.com/agent")
}

fn certificate(plan: &ClientPlan) -> Work {
    let der = STANDARD.encode(ROOT.issue(plan).certificate());
    field("/certificate", "client-cert", &format!(":{der}:"))
}

fn load_balanced(chain: String) -> Work {
    with_fields(vec![("x-amzn-mtls-clientcert", chain)], |fields| {
        let incoming = InboundRequest {
            certificate: PlatformCertificate::LoadBalancer,
            ..incoming("/load-balanced", fields)
        };
        drop(block_on(GatewayEndpoint::new(&*GATE).decide(&incoming, NOW)));
    })
}

fn verify(headers: String) -> Work {
    let body = format!(r#"{{"method":"GET","target":"/public/x","headers":{headers}}}"#);
    work(move || {
        drop(block_on(VerifyEndpoint::new(&*GATE).answer(
            &incoming("/v1/verify", &[]),
            body.as_bytes(),
            NOW,
        )))
    })
}

fn method_arn(path: String) -> Work {
    let arn = format!("arn:aws:execute-api:eu-west-1:123456789012:abcdef123/prod/GET{path}");
    work(move || {
        drop(block_on(AUTHORIZER.authorize_method(ApiType::Rest, &arn, &incoming("", &[]), NOW)))
    })
}
