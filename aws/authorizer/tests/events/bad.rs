//! Malformed events get a defined answer, which never allows access.

use edge_auth_testkit::iam;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

fn is_unauthorized(running: &Running, event: &Value) -> bool {
    running.error(event.to_string().as_bytes())["errorMessage"] == "Unauthorized"
}

#[test]
fn an_event_of_an_unknown_kind_is_unauthorized() {
    let mut running = running(POLICY);
    let arn = format!("{STAGE}GET/v1/orders/42");
    for event in [
        json!({}),
        json!([]),
        json!("text"),
        json!(null),
        json!({ "Records": [] }),
        json!({ "type": "TOKEN" }),
        json!({ "type": "TOKEN", "authorizationToken": bearer() }),
        json!({ "type": "TOKEN", "methodArn": arn }),
        json!({ "type": "TOKEN", "methodArn": 7, "authorizationToken": bearer() }),
        json!({ "type": "OTHER", "methodArn": arn, "authorizationToken": bearer() }),
        json!({ "type": 1, "methodArn": arn, "authorizationToken": bearer() }),
        json!({ "methodArn": arn, "authorizationToken": bearer() }),
        json!({ "version": "3.0", "routeArn": arn, "headers": { "authorization": bearer() } }),
        json!({ "type": "REQUEST", "methodArn": arn, "headers": "none" }),
        json!({ "type": "REQUEST", "headers": { "authorization": bearer() }, "httpMethod": "GET", "path": "/healthz" }),
        json!({ "authorizationToken": bearer() }),
        json!({ "requestContext": "none" }),
    ] {
        assert!(is_unauthorized(&running, &event), "{event}");
    }
    let said = running.function.said().join("\n");
    assert!(
        said.contains("refused an event of an unknown kind") && !said.contains(&bearer()),
        "{said}"
    );
}

#[test]
fn an_incomplete_http_event_is_a_bad_request() {
    let running = running(POLICY);
    let elb = json!({ "elb": { "targetGroupArn": "t" } });
    for (event, status) in [
        (json!({ "requestContext": elb }), 400),
        (json!({ "requestContext": elb, "httpMethod": "GET", "path": 7 }), 400),
        (
            json!({ "requestContext": elb, "httpMethod": null, "path": "/authorize", "headers": null }),
            400,
        ),
        (json!({ "requestContext": { "http": {} }, "rawPath": "/authorize/../healthz" }), 400),
        (json!({ "requestContext": { "http": {} }, "rawPath": "" }), 400),
        (
            json!({ "httpMethod": "GET", "path": "/v1/verify", "multiValueHeaders": { "a": null, "b": [] } }),
            405,
        ),
    ] {
        assert_eq!(running.answer(&event)["statusCode"], status, "{event}");
    }
}

#[test]
fn a_path_that_the_platform_decoded_ambiguously_is_in_the_audit_log() {
    let mut running = running(POLICY);
    let event = json!({ "requestContext": { "http": { "method": "GET" } }, "rawPath": "/authorize/../healthz" });
    assert_eq!(running.answer(&event)["statusCode"], 400);
    let audit = running.function.audit().unwrap();
    assert_eq!((&audit["allowed"], &audit["code"]), (&json!(false), &json!("path_ambiguous")));
    assert_eq!(
        (&audit["method"], &audit["path"]),
        (&json!("GET"), &json!("/authorize/../healthz"))
    );
}

#[test]
fn a_body_is_read_up_to_the_limit_of_its_endpoint() {
    let running = running(POLICY);
    let post = |body: &str, base64: bool| {
        let event = json!({
            "requestContext": { "elb": {} }, "httpMethod": "POST", "path": "/v1/verify", "headers": {},
            "body": body, "isBase64Encoded": base64,
        });
        running.answer(&event)["statusCode"].clone()
    };
    assert_eq!(post(&"x".repeat(6 * 1024 * 1024 - 500), false), 413);
    assert_eq!(post("not base64!", true), 400);
    assert_eq!(post("e30=", true), 400);
    assert_eq!(post("{\"method\":\"GET\",\"target\":\"/v1/orders/1\"}", false), 200);
    assert_eq!(post("eyJtZXRob2QiOiJHRVQiLCJ0YXJnZXQiOiIvIn0=", true), 200);
}

#[test]
fn two_credentials_are_refused_however_they_arrive() {
    let running = running(POLICY);
    let event = |headers: Value| {
        json!({
            "type": "REQUEST", "methodArn": format!("{STAGE}GET/v1/orders/42"), "httpMethod": "GET",
            "path": "/v1/orders/42", "multiValueHeaders": headers, "requestContext": null,
        })
    };
    let one = running.answer(&event(json!({ "Authorization": [bearer()] })));
    assert!(iam::allows(&one, &format!("{STAGE}GET/v1/orders/42")));
    assert!(is_unauthorized(&running, &event(json!({ "Authorization": [bearer(), bearer()] }))));
    assert!(is_unauthorized(
        &running,
        &event(json!({ "Authorization": [bearer()], "authorization": [bearer()] }))
    ));
}

#[test]
fn a_policy_with_a_mistake_fails_the_start_and_names_its_place() {
    let deployed = common::Deployed::with("[[rule]]\npath = \"/a\"\nrequire = \"jwt:nobody\"\n");
    let said = edge_auth_testkit::wire::Function::start(&mut deployed.command()).err().unwrap();
    for fragment in ["does not start", "policy.toml:3", "rule 1", "require"] {
        assert!(said.contains(fragment), "{said}");
    }
    let deployed = common::Deployed::with(
        "[[api_key]]\nname = \"k\"\nprefix = \"acme\"\npepper = \"PEPPER\"\n",
    );
    let said = edge_auth_testkit::wire::Function::start(&mut deployed.command()).err().unwrap();
    assert!(said.contains("EDGE_AUTH_STORE=dynamodb:TABLE"), "{said}");
}

/// Returns all variants of a value that lack one member or have it as null.
fn damaged(event: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    if let Value::Object(members) = event {
        for name in members.keys() {
            let without: Map<String, Value> = members
                .iter()
                .filter(|(other, _)| *other != name)
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect();
            all.push(Value::Object(without));
            let inner = [Value::Null, json!(1), json!("x"), json!([])].into_iter();
            for value in inner.chain(members.get(name).map(damaged).unwrap_or_default()) {
                let mut changed = members.clone();
                changed.insert(name.clone(), value);
                all.push(Value::Object(changed));
            }
        }
    }
    all
}

#[test]
fn an_authorizers_event_without_a_member_never_allows_more() {
    let running = running(POLICY);
    let event = json!({
        "type": "REQUEST",
        "methodArn": format!("{STAGE}GET/v1/orders/42"),
        "path": "/v1/orders/42",
        "httpMethod": "GET",
        "multiValueHeaders": { "Authorization": ["Bearer a.b.c"] },
        "requestContext": { "identity": { "sourceIp": "192.0.2.1", "clientCert": { "clientCertPem": "x" } } },
    });
    for event in damaged(&event) {
        match running.function.invoke(event.to_string().into_bytes()).unwrap() {
            Ok(answer) => {
                let answer: Value = serde_json::from_slice(&answer).unwrap();
                assert!(
                    !iam::allows(&answer, &format!("{STAGE}GET/v1/orders/42")),
                    "{event}: {answer}"
                );
                assert!(
                    answer["statusCode"].as_u64().is_none_or(|status| status >= 400),
                    "{event}: {answer}"
                );
            }
            Err(error) => assert_eq!(error["errorMessage"], "Unauthorized", "{event}"),
        }
    }
}

#[test]
fn an_arbitrary_text_is_never_allowed() {
    let running = running(POLICY);
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = "[\\[\\]{}\",:a-zA-Z0-9/$ ]{0,80}";
    let tried = runner.run(&strategy, |text| {
        let invoked =
            running.function.invoke(text.clone().into_bytes()).map_err(TestCaseError::fail)?;
        prop_assert!(invoked.is_err(), "{text}");
        Ok(())
    });
    tried.unwrap();
}
