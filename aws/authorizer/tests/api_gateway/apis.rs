//! APIs whose routes all ask the function and forward to an upstream of the test.

use edge_auth_testkit::wire::{Recorder, Response};
use serde_json::json;

use crate::ministack::MiniStack;

/// The kind of a REST API's authorizer.
#[derive(Clone, Copy)]
pub(crate) enum Authorizer {
    Token,
    Request,
}

/// A REST API.
pub(crate) struct Rest<'c> {
    cloud: &'c MiniStack,
    id: String,
    _upstream: Recorder,
}

impl<'c> Rest<'c> {
    /// Makes the API with these resources. Answers are kept for `ttl` seconds.
    pub(crate) fn with(
        cloud: &'c MiniStack,
        authorizer: Authorizer,
        ttl: u32,
        paths: &[&str],
    ) -> Self {
        let upstream = Recorder::start().unwrap();
        let created = cloud.ask("POST", "/restapis", &json!({ "name": "api" }));
        let id = created["id"].as_str().unwrap().to_owned();
        let kind = match authorizer {
            Authorizer::Token => "TOKEN",
            Authorizer::Request => "REQUEST",
        };
        let authorizer = cloud.ask(
            "POST",
            &format!("/restapis/{id}/authorizers"),
            &json!({
                "name": "edge-auth", "type": kind, "authorizerUri": cloud.authorizer_uri(),
                "identitySource": "method.request.header.Authorization", "authorizerResultTtlInSeconds": ttl,
            }),
        );
        let root = cloud.ask("GET", &format!("/restapis/{id}/resources"), &json!(null));
        let items = root["item"].as_array().or_else(|| root["items"].as_array()).unwrap();
        let root = items.first().unwrap()["id"].as_str().unwrap().to_owned();
        for path in paths {
            let mut parent = root.clone();
            for part in path.split('/').filter(|part| !part.is_empty()) {
                let made = cloud.ask(
                    "POST",
                    &format!("/restapis/{id}/resources/{parent}"),
                    &json!({ "pathPart": part }),
                );
                parent = made["id"].as_str().unwrap().to_owned();
            }
            let method = format!("/restapis/{id}/resources/{parent}/methods/GET");
            cloud.ask(
                "PUT",
                &method,
                &json!({ "authorizationType": "CUSTOM", "authorizerId": authorizer["id"], "apiKeyRequired": false }),
            );
            cloud.ask(
                "PUT",
                &format!("{method}/integration"),
                &json!({ "type": "HTTP_PROXY", "httpMethod": "GET", "uri": upstream.url() }),
            );
        }
        cloud.ask("POST", &format!("/restapis/{id}/deployments"), &json!({ "stageName": "prod" }));
        Self { cloud, id, _upstream: upstream }
    }

    pub(crate) fn get(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        self.cloud.get(&format!("/restapis/{}/prod/_user_request_{path}", self.id), fields)
    }
}

/// An HTTP API.
pub(crate) struct Http<'c> {
    cloud: &'c MiniStack,
    id: String,
    _upstream: Recorder,
}

impl<'c> Http<'c> {
    /// Makes the API with these routes. Simple answers are kept for each route.
    pub(crate) fn with(cloud: &'c MiniStack, simple: bool, routes: &[&str]) -> Self {
        let upstream = Recorder::start().unwrap();
        let created =
            cloud.ask("POST", "/v2/apis", &json!({ "name": "api", "protocolType": "HTTP" }));
        let id = created["apiId"].as_str().unwrap().to_owned();
        let sources: &[&str] = if simple {
            &["$request.header.Authorization", "$context.routeKey"]
        } else {
            &["$request.header.Authorization"]
        };
        let authorizer = cloud.ask(
            "POST",
            &format!("/v2/apis/{id}/authorizers"),
            &json!({
                "name": "edge-auth", "authorizerType": "REQUEST", "authorizerUri": cloud.authorizer_uri(),
                "identitySource": sources, "authorizerPayloadFormatVersion": "2.0",
                "enableSimpleResponses": simple, "authorizerResultTtlInSeconds": 300,
            }),
        );
        let integration = cloud.ask(
            "POST",
            &format!("/v2/apis/{id}/integrations"),
            &json!({
                "integrationType": "HTTP_PROXY", "integrationMethod": "GET", "integrationUri": upstream.url(),
                "payloadFormatVersion": "1.0",
            }),
        );
        for route in routes {
            let target = format!("integrations/{}", integration["integrationId"].as_str().unwrap());
            cloud.ask(
                "POST",
                &format!("/v2/apis/{id}/routes"),
                &json!({
                    "routeKey": route, "target": target, "authorizationType": "CUSTOM",
                    "authorizerId": authorizer["authorizerId"],
                }),
            );
        }
        cloud.ask(
            "POST",
            &format!("/v2/apis/{id}/stages"),
            &json!({ "stageName": "prod", "autoDeploy": true }),
        );
        Self { cloud, id, _upstream: upstream }
    }

    pub(crate) fn get(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        self.cloud.get(&format!("/_aws/execute-api/{}/prod{path}", self.id), fields)
    }
}
