//! Client certificates in the events of REST APIs and HTTP APIs.

use edge_auth_testkit::certificates::{Authority, AuthorityPlan, ClientPlan};
use edge_auth_testkit::iam;
use serde_json::{Value, json};

use super::*;

const AGENTS: &str = r#"
[[client_cert]]
name = "gateway"
source = "api-gateway"
issuer_dn = "CN=Agents CA,O=Example"
identity = { san_uri = "spiffe://example.com/*" }

[[rule]]
path = "/jobs"
require = "cert:gateway"
"#;

/// Returns a leaf certificate of an authority with this name, as PEM.
fn pem(authority: &str) -> String {
    let authority = Authority::root(&AuthorityPlan::named(authority));
    authority.issue(&ClientPlan::with_uri("spiffe://example.com/agent")).pem()
}

fn client_cert(pem: Value) -> Value {
    json!({
        "clientCertPem": pem, "subjectDN": "CN=agent,O=Example", "issuerDN": "CN=Agents CA,O=Example",
        "serialNumber": "2a",
        "validity": { "notBefore": "Aug  5 00:28:21 2020 GMT", "notAfter": "Aug  5 00:28:21 2120 GMT" },
    })
}

#[test]
fn a_rest_apis_certificate_is_read_from_the_identity() {
    let running = running(AGENTS);
    let arn = format!("{STAGE}GET/jobs");
    let event = |certificate: Value| {
        json!({
            "type": "REQUEST", "methodArn": arn, "path": "/jobs", "httpMethod": "GET", "multiValueHeaders": {},
            "requestContext": { "identity": { "sourceIp": "192.0.2.1", "clientCert": certificate } },
        })
    };
    let answer = running.answer(&event(client_cert(json!(pem("Agents CA")))));
    assert!(iam::allows(&answer, &arn), "{answer}");
    assert_eq!(answer["principalId"], "cert:gateway:spiffe://example.com/agent");
    for refused in [
        client_cert(json!(pem("Another CA"))),
        // Names beside a placeholder do not prove a certificate, however plausible.
        client_cert(json!("CERT_CONTENT")),
        client_cert(json!("-----BEGIN CERTIFICATE-----\nMIIEZTCCAk0CAQEwDQ...")),
        client_cert(Value::Null),
        json!({}),
        Value::Null,
    ] {
        assert_eq!(
            running.error(event(refused).to_string().as_bytes())["errorMessage"],
            "Unauthorized"
        );
    }
}

#[test]
fn an_http_apis_certificate_is_read_from_the_authentication() {
    let running = running(AGENTS);
    let event = |certificate: Value| {
        json!({
            "version": "2.0", "type": "REQUEST", "routeArn": format!("{STAGE}GET/jobs"), "rawPath": "/jobs", "headers": {},
            "requestContext": {
                "http": { "method": "GET", "sourceIp": "192.0.2.1" }, "authentication": { "clientCert": certificate },
            },
        })
    };
    assert_eq!(running.answer(&event(client_cert(json!(pem("Agents CA")))))["isAuthorized"], true);
    assert_eq!(
        running.answer(&event(client_cert(json!(pem("Another CA")))))["isAuthorized"],
        false
    );
    assert_eq!(running.answer(&event(Value::Null))["isAuthorized"], false);
}
