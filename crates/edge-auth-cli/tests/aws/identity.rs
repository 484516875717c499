//! Identity headers of a client that reach the API.

use super::*;

const CODE: &str = "identity_header_not_overwritten";
const FIELDS: [&str; 6] = ["Principal", "Kind", "Subject", "Issuer", "Client", "Scopes"];

/// Makes an OpenAPI file of a REST or HTTP API, whose one operation maps fields by `parameters`.
fn openapi(kind: &str, parameters: &[String]) -> String {
    let parameters = parameters.join(", ");
    format!(
        "openapi: '3.0.1'\npaths:\n  /{{proxy+}}:\n    x-amazon-apigateway-any-method:\n      \
         x-amazon-apigateway-integration:\n        type: {kind}\n        uri: https://api.example.com/\n        \
         requestParameters: {{ {parameters} }}\ncomponents:\n  securitySchemes:\n    gate:\n      \
         x-amazon-apigateway-authorizer:\n        type: request\n        authorizerResultTtlInSeconds: 0\n"
    )
}

/// Maps all six identity headers, in the form of a REST API or of an HTTP API.
fn mapped(rest: bool) -> Vec<String> {
    let line = |field: &&str| {
        let member = field.to_ascii_lowercase();
        match rest {
            true => {
                format!("integration.request.header.X-Auth-{field}: context.authorizer.{member}")
            }
            false => format!("'overwrite:header.x-auth-{field}': $context.authorizer.{member}"),
        }
    };
    FIELDS.iter().map(line).collect()
}

#[test]
fn a_mapping_that_lacks_one_of_the_six_is_refused() {
    for rest in [true, false] {
        assert_eq!(found(TOKENS, &openapi("http_proxy", &mapped(rest))), [""; 0]);
        for lacking in 0..FIELDS.len() {
            let mut some = mapped(rest);
            some.remove(lacking);
            assert_eq!(
                found(TOKENS, &openapi("HTTP_PROXY", &some)),
                [format!("e {CODE}")],
                "{rest} {lacking}"
            );
        }
    }
}

#[test]
fn a_value_from_the_client_or_missing_in_the_context_overwrites_nothing() {
    for bad in [
        "integration.request.header.X-Auth-Kind: method.request.header.X-Auth-Kind",
        "integration.request.header.X-Auth-Kind: context.authorizer.kinds",
        "'overwrite:header.X-Auth-Kind': $request.header.x-auth-kind",
        "'overwrite:header.X-Auth-Kind': '${request.querystring.kind}'",
        "'append:header.X-Auth-Kind': $context.authorizer.kind",
        "integration.request.querystring.X-Auth-Kind: context.authorizer.kind",
    ] {
        let mut parameters = mapped(true);
        parameters[1] = bad.to_owned();
        assert_eq!(
            found(TOKENS, &openapi("http_proxy", &parameters)),
            [format!("e {CODE}")],
            "{bad}"
        );
    }
    for good in
        ["'remove:header.X-Auth-Kind': ''", "integration.request.header.X-Auth-Kind: \"'jwt'\""]
    {
        let mut parameters = mapped(true);
        parameters[1] = good.to_owned();
        assert_eq!(found(TOKENS, &openapi("http_proxy", &parameters)), [""; 0], "{good}");
    }
}

#[test]
fn an_integration_that_maps_none_is_warned_of_if_it_forwards_fields() {
    assert_eq!(found(TOKENS, &openapi("http_proxy", &[])), [format!("w {CODE}")]);
    for kind in ["http", "aws_proxy", "mock"] {
        assert_eq!(found(TOKENS, &openapi(kind, &[])), [""; 0], "{kind}");
    }
}

#[test]
fn cloudformation_s_integrations_and_another_prefix_are_known() {
    let authorizer = rest("REQUEST", "0", "''");
    let method = "  Orders:\n    Type: AWS::ApiGateway::Method\n    Properties:\n      Integration:\n        \
                  Type: HTTP_PROXY\n        RequestParameters: { PARAMETERS }\n";
    let integration = "  Orders:\n    Type: AWS::ApiGatewayV2::Integration\n    Properties:\n      \
                       IntegrationType: HTTP_PROXY\n      RequestParameters: { PARAMETERS }\n";
    let prefixed = format!("{TOKENS}[identity]\nprefix = \"X-Caller-\"\n");
    for (resource, is_rest) in [(method, true), (integration, false)] {
        let with = |parameters: &[String]| {
            format!("{authorizer}{}", resource.replace("PARAMETERS", &parameters.join(", ")))
        };
        let all = mapped(is_rest);
        assert_eq!(found(TOKENS, &with(&all)), [""; 0]);
        assert_eq!(found(TOKENS, &with(&all[..5])), [format!("e {CODE}")]);
        assert_eq!(found(&prefixed, &with(&all)), [format!("w {CODE}")]);
    }
}
