//! Each kind of event, with a good token and without one.

use edge_auth_testkit::iam;
use serde_json::{Value, json};

use super::*;

fn request(path: &str, authorization: &str) -> Value {
    json!({
        "type": "REQUEST",
        "methodArn": format!("{STAGE}GET{path}"),
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": "GET",
        "headers": { "Authorization": authorization },
        "multiValueHeaders": { "Authorization": [authorization] },
        "queryStringParameters": null,
        "requestContext": { "stage": "prod", "domainName": "api.example.com", "identity": { "sourceIp": "192.0.2.1" } },
    })
}

fn unauthorized() -> Value {
    json!({ "errorType": "Unauthorized", "errorMessage": "Unauthorized" })
}

#[test]
fn a_rest_token_event_gets_a_policy_or_unauthorized() {
    let running = running(POLICY);
    let event = |token: &str| json!({ "type": "TOKEN", "methodArn": format!("{STAGE}GET/v1/orders/42"), "authorizationToken": token });
    let answer = running.answer(&event(&bearer()));
    assert!(iam::allows(&answer, &format!("{STAGE}GET/v1/orders/43")), "{answer}");
    assert_eq!(
        (&answer["principalId"], &answer["context"]["kind"]),
        (&json!("jwt:corp:alice"), &json!("jwt"))
    );
    let bearer = bearer();
    let bare = bearer.strip_prefix("Bearer ").unwrap();
    let answer = running.answer(&event(bare));
    assert_eq!(
        answer["principalId"], "jwt:corp:alice",
        "`authorizationToken` is read as the token: {answer}"
    );
    for wrong in ["Bearer a.b.c", "a.b.c", "Basic eDp5", ""] {
        assert_eq!(running.error(event(wrong).to_string().as_bytes()), unauthorized(), "{wrong}");
    }
}

#[test]
fn a_rest_request_event_gets_a_policy_or_unauthorized() {
    let mut running = running(POLICY);
    let answer = running.answer(&request("/v1/orders/42", &bearer()));
    assert!(iam::allows(&answer, &format!("{STAGE}GET/v1/orders/42")), "{answer}");
    assert_eq!(running.function.audit().unwrap()["client_ip"], "192.0.2.1");
    assert_eq!(running.error(request("/v1/orders/42", "").to_string().as_bytes()), unauthorized());
    let answer = running.answer(&request("/v1/invoices", &bearer()));
    assert!(!iam::allows(&answer, &format!("{STAGE}GET/v1/invoices")), "{answer}");
    let mut elsewhere = request("/v1/orders/42", &bearer());
    elsewhere["path"] = json!("/v1/invoices");
    let answer = running.answer(&elsewhere);
    assert!(!iam::allows(&answer, &format!("{STAGE}GET/v1/orders/42")), "{answer}");
}

#[test]
fn an_http_api_event_gets_yes_or_no_and_never_an_error() {
    let running = running(POLICY);
    let event = |authorization: &str| {
        json!({
            "version": "2.0",
            "type": "REQUEST",
            "routeArn": format!("{STAGE}GET/v1/orders/42"),
            "identitySource": null,
            "routeKey": "GET /v1/orders/{id}",
            "rawPath": "/prod/v1/orders/42",
            "rawQueryString": "",
            "cookies": null,
            "headers": { "authorization": authorization },
            "requestContext": {
                "stage": "prod",
                "domainName": "api.example.com",
                "http": { "method": "GET", "path": "/prod/v1/orders/42", "sourceIp": "192.0.2.1" },
            },
        })
    };
    let answer = running.answer(&event(&bearer()));
    assert_eq!(
        (&answer["isAuthorized"], &answer["context"]["subject"]),
        (&json!(true), &json!("alice"))
    );
    assert_eq!(running.answer(&event("Bearer a.b.c"))["isAuthorized"], false);
    // Two fields with one name arrive as one.
    assert_eq!(
        running.answer(&event(&format!("{},{}", bearer(), bearer())))["isAuthorized"],
        false
    );
}

#[test]
fn the_cookies_of_a_payload_2_event_are_read() {
    let policy = POLICY.replace("keys =", "token_cookie = \"session\"\nkeys =");
    let running = running(&policy);
    let bearer = bearer();
    let good = format!("session={}", bearer.strip_prefix("Bearer ").unwrap());
    let asked = |cookies: Value, headers: Value| {
        let event = json!({
            "version": "2.0", "type": "REQUEST", "routeArn": format!("{STAGE}GET/v1/orders/42"),
            "cookies": cookies, "headers": headers,
        });
        running.answer(&event)["isAuthorized"].clone()
    };
    assert_eq!(asked(json!(["theme=dark", good]), json!({})), true);
    assert_eq!(asked(json!([good, good]), json!({})), false, "two of a kind");
    assert_eq!(asked(json!(["session=a.b.c"]), json!({})), false);
    assert_eq!(asked(Value::Null, json!({})), false);
    // If the event also has the field, it has the same value.
    assert_eq!(asked(json!([good]), json!({ "cookie": good })), true);
    let url = json!({
        "version": "2.0", "rawPath": "/authorize", "rawQueryString": "", "cookies": [good],
        "headers": {
            "x-forwarded-method": "GET", "x-forwarded-uri": "/v1/orders/42", "x-forwarded-host": "api.example.com",
        },
        "requestContext": {
            "authorizer": { "iam": { "userArn": "arn:aws:iam::1:user/p" } },
            "http": { "method": "GET", "path": "/authorize", "sourceIp": "192.0.2.1" },
        },
    });
    assert_eq!(running.answer(&url)["statusCode"], 200);
}

#[test]
fn an_http_api_event_gets_an_iam_policy_if_configured_or_in_payload_1() {
    let iam = running(&format!("{POLICY}\n[aws]\nhttp_api = \"iam\"\n"));
    let arn = format!("{STAGE}GET/v1/orders/42");
    let event = json!({ "version": "2.0", "type": "REQUEST", "routeArn": arn, "headers": { "authorization": bearer() } });
    assert!(iam::allows(&iam.answer(&event), &arn));
    let mut old = request("/v1/orders/42", &bearer());
    old["version"] = json!("1.0");
    assert!(iam::allows(&iam.answer(&old), &arn));
    let mut bad = request("/v1/orders/42", "Bearer a.b.c");
    bad["version"] = json!("1.0");
    assert!(!iam::allows(&iam.answer(&bad), &arn));
}

#[test]
fn a_web_socket_event_gets_a_policy_for_its_connection() {
    let running = running(POLICY);
    let event = |authorization: &str| {
        json!({
            "type": "REQUEST",
            "methodArn": format!("{STAGE}$connect"),
            "headers": { "Authorization": authorization },
            "multiValueHeaders": { "Authorization": [authorization] },
            "requestContext": {
                "routeKey": "$connect", "eventType": "CONNECT", "connectionId": "c=", "stage": "prod",
                "identity": { "sourceIp": "192.0.2.1" },
            },
        })
    };
    let answer = running.answer(&event(&bearer()));
    assert!(iam::allows(&answer, &format!("{STAGE}$connect")), "{answer}");
    assert_eq!(running.error(event("").to_string().as_bytes()), unauthorized());
}

#[test]
fn an_appsync_event_gets_yes_or_no_and_a_ttl_of_zero() {
    let running = running(POLICY);
    let event = |token: &str| {
        json!({
            "authorizationToken": token,
            "requestContext": { "apiId": "a", "accountId": "1", "requestId": "r", "queryString": "query { me }",
                "operationName": null, "variables": {} },
            "requestHeaders": { "authorization": "Bearer of.another.one", "host": "abc.appsync-api.eu-west-1.amazonaws.com" },
        })
    };
    let answer = running.answer(&event(&bearer()));
    assert_eq!((&answer["isAuthorized"], &answer["ttlOverride"]), (&json!(true), &json!(0)));
    assert_eq!(answer["resolverContext"]["principal"], "jwt:corp:alice");
    let bearer = bearer();
    let bare = bearer.strip_prefix("Bearer ").unwrap();
    assert_eq!(running.answer(&event(bare))["resolverContext"]["principal"], "jwt:corp:alice");
    assert_eq!(running.answer(&event("Bearer a.b.c"))["isAuthorized"], false);
    assert_eq!(running.answer(&event("a.b.c"))["isAuthorized"], false);
}

#[test]
fn an_http_apis_path_is_decoded_in_both_payloads() {
    let rule = "[[rule]]\npath = \"/open/{name}\"\npublic = true\n";
    let running = running(&format!("{}{rule}", POLICY.replace("traefik", "envoy")));
    let stage = |stage: &str| json!({ "stage": stage, "identity": { "sourceIp": "192.0.2.1", "userArn": "arn:aws:iam::1:user/u" } });
    let old = |path: &str, context: Value| {
        let event = json!({
            "version": "1.0", "resource": "/{proxy+}", "path": path, "httpMethod": "GET", "headers": {},
            "multiValueHeaders": {}, "requestContext": context,
        });
        running.answer(&event)["statusCode"].clone()
    };
    assert_eq!(old("/authorize/open/a b", stage("$default")), 200);
    // A `%20` in a decoded path was a `%2520`.
    assert_eq!(old("/authorize/open/a%20b", stage("$default")), 400);
    assert_eq!(old("/prod/authorize/open/a", stage("prod")), 200);
    // A REST API leaves the path as the client sent it, without the stage.
    let rest = json!({
        "path": "/authorize/open/a%20b", "httpMethod": "GET", "multiValueHeaders": {}, "requestContext": stage("prod"),
    });
    assert_eq!(running.answer(&rest)["statusCode"], 200);
}

#[test]
fn an_http_event_gets_the_answer_of_its_endpoint() {
    let running = running(POLICY);
    let url = |method: &str, path: &str, headers: Value, iam: Value| {
        json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "", "headers": headers,
            "requestContext": {
                "stage": "$default", "authorizer": iam, "domainName": "x.lambda-url.eu-west-1.on.aws",
                "http": { "method": method, "path": path, "sourceIp": "192.0.2.1" },
            },
            "body": null, "isBase64Encoded": false,
        })
    };
    let status = |event: &Value| running.answer(event)["statusCode"].clone();
    assert_eq!(status(&url("GET", "/healthz", json!({}), Value::Null)), 200);
    assert_eq!(status(&url("GET", "/elsewhere", json!({}), Value::Null)), 404);
    let refused = running.answer(&url("GET", "/v1/verify", json!({}), Value::Null));
    assert_eq!(
        (&refused["statusCode"], &refused["headers"]["Allow"]),
        (&json!(405), &json!("POST"))
    );
    assert_eq!(status(&url("POST", "/v1/verify", json!({}), Value::Null)), 403);
    let asked = json!({
        "x-forwarded-method": "GET", "x-forwarded-uri": "/v1/orders/42", "x-forwarded-host": "api.example.com",
        "authorization": bearer(),
    });
    // A proxy is trusted if IAM authenticated it.
    assert_eq!(status(&url("GET", "/authorize", asked.clone(), Value::Null)), 403);
    let answer = running.answer(&url(
        "GET",
        "/authorize",
        asked,
        json!({ "iam": { "userArn": "arn:aws:iam::1:user/p" } }),
    ));
    assert_eq!(
        (&answer["statusCode"], &answer["headers"]["X-Auth-Subject"]),
        (&json!(200), &json!("alice"))
    );
    let keys = running.answer(&url(
        "GET",
        "/admin/v1/keys",
        json!({ "authorization": bearer() }),
        Value::Null,
    ));
    assert_eq!(keys["statusCode"], 404, "{keys}");
    assert!(keys["body"].as_str().unwrap().contains("control plane"), "{keys}");
}

#[test]
fn a_load_balancers_event_gets_a_response_in_its_form() {
    let running = running(POLICY);
    let event = |fields: &str| {
        json!({
            "requestContext": { "elb": { "targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/t/1" } },
            "httpMethod": "GET", "path": "/authorize", "queryStringParameters": {}, "body": "", "isBase64Encoded": false,
            fields: {},
        })
    };
    let answer = running.answer(&event("multiValueHeaders"));
    assert_eq!(answer["statusCode"], 400);
    assert_eq!(answer["multiValueHeaders"]["X-Auth-Code"], json!(["forwarded_request_incomplete"]));
    let answer = running.answer(&event("headers"));
    assert_eq!(answer["headers"]["X-Auth-Code"], "forwarded_request_incomplete");
}
