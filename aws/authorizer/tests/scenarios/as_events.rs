//! Turns calls into events, and the responses into answers.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edge_auth_testkit::iam;
use edge_auth_testkit::scenario::source::Endpoint;
use edge_auth_testkit::scenario::{Call, ObservedResponse, PlatformCredentials};
use serde_json::{Value, json};

/// The beginning of every ARN.
const STAGE: &str = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/";

/// Makes the event of a call. Each endpoint gets another kind of event, so that all kinds occur.
pub(crate) fn of(call: &Call) -> Result<Value, String> {
    let target = String::from_utf8(call.target.clone()).map_err(|error| error.to_string())?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut fields: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let host = [("Host", call.host.as_bytes())];
    let headers = call.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
    for (name, value) in host.into_iter().chain(headers) {
        let value = String::from_utf8(value.to_vec()).map_err(|error| error.to_string())?;
        fields.entry(name).or_default().push(value);
    }
    let body = String::from_utf8_lossy(&call.body).into_owned();
    let certificate = match &call.handover {
        Some(PlatformCredentials::ApiGateway(pem)) => {
            json!({ "clientCertPem": pem, "subjectDN": "CN=client" })
        }
        _ => Value::Null,
    };
    let identity = json!({ "sourceIp": call.from, "clientCert": certificate, "userArn": null });
    Ok(match call.endpoint {
        Endpoint::Authorizer | Endpoint::Gateway => json!({
            "type": "REQUEST",
            "methodArn": arn(call, path),
            "resource": "/{proxy+}",
            "path": path,
            "httpMethod": call.method,
            "headers": {},
            "multiValueHeaders": fields,
            "queryStringParameters": null,
            "requestContext": { "stage": "prod", "identity": identity },
        }),
        Endpoint::ForwardAuth => json!({
            "resource": "/{proxy+}",
            "path": path,
            "httpMethod": call.method,
            "headers": null,
            "multiValueHeaders": fields,
            "multiValueQueryStringParameters": null,
            "requestContext": { "stage": "prod", "identity": identity },
            "body": null,
        }),
        Endpoint::Verify => json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": query,
            "headers": fields.iter().map(|(name, values)| (name, values.join(","))).collect::<BTreeMap<_, _>>(),
            "requestContext": {
                "stage": "$default", "http": { "method": call.method, "path": path, "sourceIp": call.from },
            },
            "body": STANDARD.encode(&call.body),
            "isBase64Encoded": true,
        }),
        Endpoint::Admin => {
            fields.entry("X-Forwarded-For").or_default().push(call.from.to_string());
            let query: BTreeMap<&str, Vec<&str>> = query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .map(|(name, value)| (name, vec![value]))
                .collect();
            json!({
                "requestContext": { "elb": { "targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/t/1" } },
                "httpMethod": call.method,
                "path": path,
                "multiValueQueryStringParameters": query,
                "multiValueHeaders": fields,
                "body": body,
                "isBase64Encoded": false,
            })
        }
    })
}

fn arn(call: &Call, path: &str) -> String {
    format!("{STAGE}{}{path}", call.method)
}

/// Returns the answer that API Gateway makes of an authorizer's response.
pub(crate) fn decided(call: &Call, answer: &Value) -> ObservedResponse {
    let target = String::from_utf8_lossy(&call.target);
    let path = target.split('?').next().unwrap_or_default();
    let allowed = iam::allows(answer, &arn(call, path));
    let context = answer["context"].as_object().into_iter().flatten();
    // A mapping would set them like this.
    let field = |(name, value): (&String, &Value)| {
        let mut name = name.clone();
        name.get_mut(..1).into_iter().for_each(str::make_ascii_uppercase);
        (format!("X-Auth-{name}"), value.as_str().unwrap_or_default().to_owned())
    };
    let mut headers: Vec<(String, String)> = context.filter(|_| allowed).map(field).collect();
    // No client sees it, but the scenarios search it for credentials.
    headers.push(("The-Answer".to_owned(), answer.to_string()));
    ObservedResponse {
        status: if allowed { 200 } else { 403 },
        headers,
        ..ObservedResponse::default()
    }
}

/// Returns the answer that API Gateway makes of an error.
pub(crate) fn raised(error: &Value) -> Result<ObservedResponse, String> {
    let status = match error["errorMessage"].as_str() {
        Some("Unauthorized") => 401,
        Some("The gate cannot decide at the moment.") => 500,
        _ => return Err(format!("another error: {error}")),
    };
    Ok(ObservedResponse { status, ..ObservedResponse::default() })
}

/// Returns the reply to a request over HTTP.
pub(crate) fn replied(reply: &Value) -> ObservedResponse {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    // A load balancer reads one of them: the second, where multi-value headers are on.
    let repeated = reply["multiValueHeaders"].as_object();
    let single = reply["headers"].as_object().filter(|_| repeated.is_none());
    let (single, repeated) = (single.into_iter().flatten(), repeated.into_iter().flatten());
    let repeated = repeated.flat_map(|(name, values)| {
        values.as_array().into_iter().flatten().map(move |value| (name.clone(), text(value)))
    });
    ObservedResponse {
        status: reply["statusCode"]
            .as_u64()
            .and_then(|status| u16::try_from(status).ok())
            .unwrap_or_default(),
        headers: single.map(|(name, value)| (name.clone(), text(value))).chain(repeated).collect(),
        body: text(&reply["body"]).into_bytes(),
        ..ObservedResponse::default()
    }
}
