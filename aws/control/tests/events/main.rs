//! Sends events to the real program, which asks no store for these answers.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is a failed test"
)]

#[path = "../../../authorizer/tests/common/mod.rs"]
mod common;

use edge_auth::bootstrap_secret::{bootstrap_hash, bootstrap_secret};
use edge_auth_testkit::certificates::{Authority, AuthorityPlan, ClientPlan};
use edge_auth_testkit::mint::{Signer, compact};
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_token::Algorithm;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use common::{Deployed, Running};

const SECRET: &str = "a secret of at least thirty-two bytes";

/// A table at an address where nothing listens.
const ENVIRONMENT: [(&str, &str); 6] = [
    ("EDGE_AUTH_STORE", "dynamodb:edge-auth"),
    ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9"),
    ("AWS_REGION", "eu-west-1"),
    ("AWS_ACCESS_KEY_ID", "AKIATEST"),
    ("AWS_SECRET_ACCESS_KEY", "SECRET0SECRET0SECRET"),
    ("HMAC", SECRET),
];

const POLICY: &str = r#"
[[issuer]]
name = "corp"
issuer = "https://corp.example/"
audience = "api"
keys = { secret = "HMAC" }

[[rule]]
path = "/admin/v1/{*rest}"
require = "jwt:corp"
scopes = ["edge-auth:keys:read"]

[admin]
"#;

fn running() -> Running {
    let secret = bootstrap_secret(&SeededRandomness::new(7)).unwrap();
    let policy = format!("{POLICY}bootstrap_hash = \"{}\"\n", bootstrap_hash(&secret));
    Running::with(&policy, &ENVIRONMENT)
}

/// Starts a function whose administrators have certificates of this source.
fn certified(source: &str) -> Running {
    let policy = format!(
        "[admin]\n[[client_cert]]\nname = \"agents\"\nsource = \"{source}\"\n\
         issuer_dn = \"CN=Agents CA,O=Example\"\n\
         identity = {{ san_uri = \"spiffe://example.com/*\" }}\nscopes = [\"edge-auth:keys:read\"]\n\
         [[rule]]\npath = \"/admin/v1/{{*rest}}\"\nrequire = \"cert:agents\"\n\
         scopes = [\"edge-auth:keys:read\"]\n"
    );
    Running::with(&policy, &ENVIRONMENT)
}

/// Returns a leaf certificate of an authority with this name, as PEM.
fn pem(authority: &str) -> String {
    let authority = Authority::root(&AuthorityPlan::named(authority));
    authority.issue(&ClientPlan::with_uri("spiffe://example.com/agent")).pem()
}

/// Returns a field's value with the bootstrap secret.
fn bootstrap() -> String {
    let secret = bootstrap_secret(&SeededRandomness::new(7)).unwrap();
    format!("Bearer {}", String::from_utf8_lossy(secret.expose()))
}

/// Returns a field's value with a token of an administrator.
fn bearer() -> String {
    let header = json!({ "alg": "HS256", "typ": "at+jwt" });
    let claims = json!({
        "iss": "https://corp.example/", "aud": "api", "sub": "alice", "exp": 4_000_000_000_u64,
        "scope": "edge-auth:keys:read",
    });
    let signer = Signer::Secret(SECRET.as_bytes(), Algorithm::Hs256);
    let token = compact(header.to_string().as_bytes(), claims.to_string().as_bytes(), &signer);
    format!("Bearer {token}")
}

/// Returns the event of a Function URL, or of an HTTP API.
fn event(path: &str, headers: Value) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "", "headers": headers,
        "requestContext": {
            "stage": "$default", "domainName": "x.lambda-url.eu-west-1.on.aws",
            "http": { "method": "GET", "path": path, "sourceIp": "192.0.2.1" },
        },
        "isBase64Encoded": false,
    })
}

/// Marks an event as that of a caller whose signature IAM has checked.
fn signed(mut event: Value) -> Value {
    event["requestContext"]["authorizer"] =
        json!({ "iam": { "userArn": "arn:aws:iam::1:user/operator" } });
    event
}

#[test]
fn it_answers_administration_and_health_and_nothing_else() {
    let mut running = running();
    let status = |path: &str| running.answer(&event(path, json!({})))["statusCode"].clone();
    assert_eq!(status("/healthz"), 200);
    for path in ["/", "/authorize", "/v1/verify", "/admin", "/admin/v10"] {
        assert_eq!(status(path), 404, "{path}");
    }
    let refused = running.answer(&event("/admin/v1/keys", json!({})));
    assert_eq!(refused["statusCode"], 401, "{refused}");
    let audit = running.function.audit().unwrap();
    assert_eq!(
        (&audit["code"], &audit["client_ip"]),
        (&json!("credential_missing"), &json!("192.0.2.1"))
    );
}

#[test]
fn a_signature_of_iam_is_not_enough() {
    let running = running();
    let refused = running.answer(&signed(event("/admin/v1/keys", json!({}))));
    assert_eq!(refused["statusCode"], 401, "{refused}");
}

#[test]
fn behind_iam_the_credential_is_in_its_own_field() {
    let running = running();
    let keys =
        |headers| running.answer(&signed(event("/admin/v1/keys", headers)))["statusCode"].clone();
    let signature =
        "AWS4-HMAC-SHA256 Credential=AKIATEST/20260101/eu-west-1/lambda/aws4_request, Signature=0";
    for credential in [bootstrap(), bearer()] {
        let fields = json!({ "authorization": signature, "x-edge-auth-authorization": credential });
        // The caller is admitted, and the store cannot be reached.
        assert_eq!(keys(fields), 503);
        // IAM read the field `Authorization`, so it is not the policy's.
        assert_eq!(keys(json!({ "authorization": credential })), 401);
    }
    let wrong = json!({ "authorization": signature, "x-edge-auth-authorization": "Bearer a.b.c" });
    assert_eq!(keys(wrong), 401);
}

#[test]
fn without_iam_the_credential_is_in_authorization() {
    let running = running();
    let keys = |headers| running.answer(&event("/admin/v1/keys", headers))["statusCode"].clone();
    for credential in [bootstrap(), bearer()] {
        assert_eq!(keys(json!({ "authorization": credential })), 503);
        assert_eq!(keys(json!({ "x-edge-auth-authorization": credential })), 401);
        let two = format!("{credential},{credential}");
        let refused = keys(json!({ "authorization": two }));
        assert!([json!(400), json!(401)].contains(&refused), "{refused}");
    }
}

#[test]
fn an_http_apis_stage_is_no_part_of_the_path() {
    let running = running();
    let mut asked = event("/prod/healthz", json!({}));
    assert_eq!(running.answer(&asked)["statusCode"], 404);
    asked["requestContext"]["stage"] = json!("prod");
    assert_eq!(running.answer(&asked)["statusCode"], 200);
}

#[test]
fn a_path_that_the_platform_decoded_ambiguously_is_refused() {
    let mut running = running();
    for path in ["/admin/v1/keys/%2e", "/healthz/../admin/v1/keys", "/admin//v1/keys", ""] {
        let answer = running.answer(&event(path, json!({ "authorization": bootstrap() })));
        assert_eq!(answer["statusCode"], 400, "{path}: {answer}");
    }
    assert_eq!(running.function.audit().unwrap()["code"], "path_ambiguous");
}

#[test]
fn a_malformed_request_is_a_bad_request_and_the_function_goes_on() {
    let mut running = running();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut event = event("/admin/v1/keys", json!({ "authorization": bootstrap() }));
        change(&mut event);
        running.answer(&event)["statusCode"].clone()
    };
    // `lambda_http` would panic at each of these.
    assert_eq!(changed(&|event| event["headers"]["host"] = json!("[::1")), 400);
    assert_eq!(changed(&|event| event["headers"]["x-forwarded-proto"] = json!("ht tp")), 400);
    assert_eq!(
        changed(&|event| {
            event["body"] = json!("not base64!");
            event["isBase64Encoded"] = json!(true);
        }),
        400
    );
    assert_eq!(changed(&|event| event["rawQueryString"] = json!("x".repeat(70_000))), 400);
    // It would not read these.
    assert_eq!(changed(&|event| event["headers"] = json!("none")), 400);
    assert_eq!(changed(&|event| event["rawPath"] = json!(7)), 400);
    assert_eq!(changed(&|event| event["requestContext"]["http"] = json!({})), 400);
    assert_eq!(changed(&|event| event["rawQueryString"] = json!("limit=\u{e9}")), 400);
    let said = running.function.said().join("\n");
    assert!(said.contains("refused an HTTP event") && !said.contains(&bootstrap()), "{said}");
}

#[test]
fn an_http_apis_certificate_is_read_from_its_context() {
    let running = certified("api-gateway");
    let keys = |certificate: Value| {
        let mut event = event("/admin/v1/keys", json!({}));
        event["requestContext"]["authentication"] = json!({ "clientCert": certificate });
        running.answer(&event)["statusCode"].clone()
    };
    let certificate = |pem: Value| {
        json!({
            "clientCertPem": pem, "subjectDN": "CN=agent,O=Example", "issuerDN": "CN=Agents CA,O=Example",
            "serialNumber": "2a",
            "validity": { "notBefore": "Aug  5 00:28:21 2020 GMT", "notAfter": "Aug  5 00:28:21 2120 GMT" },
        })
    };
    // The certificate passed, and the store cannot be reached.
    assert_eq!(keys(certificate(json!(pem("Agents CA")))), 503);
    for refused in [
        certificate(json!(pem("Another CA"))),
        certificate(json!("CERT_CONTENT")),
        certificate(Value::Null),
    ] {
        assert_eq!(keys(refused), 401);
    }
    assert_eq!(keys(Value::Null), 401);
}

#[test]
fn a_load_balancers_fields_are_read_only_in_its_events() {
    let mut running = certified("alb-verify");
    let leaf = percent_encoding::utf8_percent_encode(&pem("Agents CA"), percent_encoding::CONTROLS)
        .to_string();
    let balanced = json!({
        "requestContext": { "elb": { "targetGroupArn": "t" } }, "httpMethod": "GET", "path": "/admin/v1/keys",
        "multiValueHeaders": {
            "x-amzn-mtls-clientcert-leaf": [leaf], "host": ["api.example.com"],
            "x-forwarded-for": ["203.0.113.9", "192.0.2.7:4711"],
        },
        "body": "", "isBase64Encoded": false,
    });
    let answer = running.answer(&balanced);
    assert_eq!(answer["statusCode"], 503, "{answer}");
    assert_eq!(running.function.audit().unwrap()["client_ip"], "192.0.2.7");
    let fields = json!({ "x-amzn-mtls-clientcert-leaf": leaf, "x-forwarded-for": "192.0.2.7" });
    assert_eq!(running.answer(&event("/admin/v1/keys", fields))["statusCode"], 401);
}

#[test]
fn events_of_other_kinds_are_errors() {
    let running = running();
    let arn = "arn:aws:execute-api:eu-west-1:1:a/prod/GET/admin/v1/keys";
    let http = event("/healthz", json!({}));
    for (added, event) in [
        (json!({}), json!({})),
        (json!({}), json!({ "source": "aws.s3" })),
        (json!({}), json!({ "source": ["aws.events"] })),
        (json!({}), json!({ "Records": [] })),
        (json!({}), json!({ "requestContext": {}, "httpMethod": "GET", "path": "/healthz" })),
        // Authorizers' events look like requests.
        (json!({ "routeArn": arn, "type": "REQUEST" }), http.clone()),
        (json!({ "methodArn": arn }), http.clone()),
        (json!({ "type": "REQUEST" }), http),
    ] {
        let mut event = event;
        event.as_object_mut().unwrap().extend(added.as_object().unwrap().clone());
        let error = running.error(event.to_string().as_bytes());
        assert_eq!(error["errorType"], "UnknownEvent", "{event}");
    }
    for event in ["[]", "7", "null", "\"aws.events\""] {
        assert_eq!(running.error(event.as_bytes())["errorType"], "UnknownEvent", "{event}");
    }
}

#[test]
fn a_schedule_without_a_feed_has_nothing_to_do() {
    let running = running();
    for source in ["aws.events", "aws.scheduler"] {
        let done = running.answer(&json!({ "source": source, "detail-type": "Scheduled Event" }));
        assert_eq!(done, json!({}));
    }
}

/// A client writes a request's fields and body, which Lambda has as they are.
#[test]
fn a_client_cannot_make_a_request_look_like_a_schedule() {
    let running = running();
    let mut asked = event("/healthz", json!({ "source": "aws.events" }));
    asked["source"] = json!("aws.events");
    asked["body"] = json!("{\"source\":\"aws.events\"}");
    assert_eq!(running.answer(&asked)["statusCode"], 200);
}

#[test]
fn it_does_not_start_without_a_table() {
    let deployed = Deployed::with(&format!("{POLICY}\n"));
    let mut command = deployed.command();
    command.env("HMAC", SECRET);
    let said = edge_auth_testkit::wire::Function::start(&mut command).err().unwrap();
    assert!(said.contains("set EDGE_AUTH_STORE=dynamodb:TABLE"), "{said}");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[ -~é]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map("[a-z]{1,4}", inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

#[test]
fn no_event_ends_the_function_and_none_is_admitted_without_a_credential() {
    let running = running();
    const MEMBERS: [&str; 8] = [
        "rawPath",
        "rawQueryString",
        "headers",
        "cookies",
        "body",
        "isBase64Encoded",
        "requestContext",
        "stageVariables",
    ];
    let change = (0..MEMBERS.len(), any_json());
    proptest!(ProptestConfig::with_cases(200), |(changes in proptest::collection::vec(change, 1..4))| {
        let mut event = event("/admin/v1/keys", json!({}));
        for (member, value) in changes {
            event[MEMBERS[member]] = value;
        }
        match running.function.invoke(event.to_string().into_bytes()).unwrap() {
            Ok(answer) => {
                let answer: Value = serde_json::from_slice(&answer).unwrap();
                let status = answer["statusCode"].as_u64().unwrap();
                prop_assert!((400..500).contains(&status), "{} for {}", answer, event);
            }
            Err(error) => prop_assert_eq!(&error["errorType"], "UnknownEvent"),
        }
    });
    assert_eq!(running.answer(&event("/healthz", json!({})))["statusCode"], 200);
}
