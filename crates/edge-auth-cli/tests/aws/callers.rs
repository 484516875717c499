//! What makes API Gateway refuse callers before it asks the gate.

use crate::{KEYS, TOKENS, found, gateway, http, rest};

/// A WebSocket API's authorizer.
fn socket(source: &str) -> String {
    format!(
        "Resources:\n  Feed: {{ Type: AWS::ApiGatewayV2::Api, Properties: {{ ProtocolType: WEBSOCKET }} }}\n  Gate:\n    \
         Type: AWS::ApiGatewayV2::Authorizer\n    Properties:\n      ApiId: !Ref Feed\n      AuthorizerType: REQUEST\n      \
         IdentitySource: [{source}]\n"
    )
}

#[test]
fn an_identity_source_that_carries_no_credential_is_refused() {
    const USELESS: &str = "e identity_source_without_credential";
    assert_eq!(found(TOKENS, &socket("route.request.header.Authorization")), [""; 0]);
    for source in [
        "route.request.querystring.token",
        "route.request.header.X-Api-Key",
        "route.request.multivaluequerystring.token",
        "stageVariables.Token",
        "context.authorizer.principal",
    ] {
        assert_eq!(found(TOKENS, &socket(source)), [USELESS], "{source}");
    }
    let both = "['$request.header.Authorization', '$request.querystring.tenant']";
    assert_eq!(found(TOKENS, &gateway("2.0", "true", 0, both)), [USELESS]);
    assert_eq!(
        found(TOKENS, &rest("REQUEST", "10", "method.request.querystring.token"))[0],
        USELESS
    );
    // Without caching, a REST API does not require the field.
    let uncached = found(TOKENS, &rest("REQUEST", "0", "method.request.querystring.token"));
    assert_eq!(uncached, ["w identity_source_without_credential"]);
    // Sources that come with every request, and variables of the stage.
    let always = "method.request.header.Authorization, context.identity.sourceIp, method.request.header.Host, stageVariables.team";
    let stage =
        "  Live: { Type: AWS::ApiGateway::Stage, Properties: { Variables: { Team: blue } } }\n";
    assert_eq!(found(TOKENS, &format!("{}{stage}", rest("REQUEST", "10", always))), [""; 0]);
    let keys = format!("{KEYS}[[rule]]\npath = \"/a\"\nrequire = \"key:partners\"\n");
    assert_eq!(found(&keys, &socket("route.request.header.X-Api-Key")), [""; 0]);
    assert_eq!(found(&keys, &socket("route.request.header.X-Partner")), [USELESS]);
    let agents = "[[client_cert]]\nname = \"agents\"\nsource = \"api-gateway\"\nissuer_dn = \"CN=A\"\nidentity = \"serial\"\n\
                  [[rule]]\npath = \"/jobs\"\nrequire = \"cert:agents\"\n";
    assert_eq!(found(agents, &rest("REQUEST", "0", "''")), [""; 0]);
    let source = "['$request.header.Authorization']";
    assert_eq!(found(agents, &gateway("1.0", "false", 0, source)), [USELESS]);
}

#[test]
fn an_expression_that_refuses_what_the_policy_accepts_is_refused() {
    let header = "method.request.header.Authorization";
    let either = format!(
        "{}{KEYS}",
        TOKENS.replace("\"jwt:corp\"", "{ any = [\"jwt:corp\", \"key:partners\"] }")
    );
    let of = |policy: &str, kind: &str, expression: &str| {
        let template = format!(
            "{}      IdentityValidationExpression: {expression}\n",
            rest(kind, "0", header)
        );
        let codes = found(policy, &template);
        codes.into_iter().filter(|code| code.contains("validation")).collect::<Vec<_>>()
    };
    for good in ["^Bearer .+$", "'^Bearer [-0-9a-zA-Z._]*$'", "'.*'", "!Ref AWS::NoValue"] {
        assert_eq!(of(TOKENS, "TOKEN", good), [""; 0], "{good}");
    }
    for bad in ["^bearer .+$", "'^[^ ]+$'", "'^Bearer [a-zA-Z0-9.]+$'", "'^Basic '"] {
        assert_eq!(of(TOKENS, "TOKEN", bad), ["e validation_refuses_credential"], "{bad}");
    }
    assert_eq!(of(&either, "TOKEN", "^Bearer .+$"), ["e validation_refuses_credential"]);
    assert_eq!(of(&either, "TOKEN", "'^(Bearer|ApiKey) .+$'"), [""; 0]);
    assert_eq!(of(TOKENS, "TOKEN", "'^Bearer '"), ["w validation_matches_partly"]);
    for unknown in ["!Ref Expression", "'^(?=Bearer).*$'"] {
        assert_eq!(of(TOKENS, "TOKEN", unknown), ["w validation_expression_unknown"], "{unknown}");
    }
    // Only `TOKEN` authorizers have one.
    assert_eq!(of(TOKENS, "REQUEST", "^nobody$"), [""; 0]);
    let sam = "Resources:\n  Api:\n    Type: AWS::Serverless::Api\n    Properties:\n      Auth:\n        Authorizers:\n          Gate:\n            \
               FunctionArn: !GetAtt F.Arn\n            Identity: { ValidationExpression: 'mytoken', ReauthorizeEvery: 0 }\n";
    assert_eq!(found(TOKENS, sam), ["e validation_refuses_credential"]);
}

#[test]
fn preflights_that_go_to_an_authorizer_are_reported() {
    const REPORTED: &str = "w preflight_behind_authorizer";
    let api = |globals: &str, cors: &str, auth: &str| {
        format!(
            "{globals}Resources:\n  Api:\n    Type: AWS::Serverless::Api\n    Properties:\n      StageName: live\n{cors}      Auth:\n        \
             DefaultAuthorizer: Gate\n{auth}        Authorizers:\n          Gate: {{ FunctionArn: !GetAtt F.Arn, Identity: {{ ReauthorizeEvery: 0 }} }}\n"
        )
    };
    let cors = "      Cors: { AllowOrigin: \"'*'\" }\n";
    let off = "        AddDefaultAuthorizerToCorsPreflight: false\n";
    assert_eq!(found(TOKENS, &api("", cors, "")), [REPORTED]);
    assert_eq!(found(TOKENS, &api("", cors, &off.replace("false", "!Ref Asked"))), [REPORTED]);
    assert_eq!(found(TOKENS, &api("", cors, off)), [""; 0]);
    assert_eq!(found(TOKENS, &api("", "", "")), [""; 0]);
    let globals = "Globals: { Api: { Cors: \"'*'\" } }\n";
    assert_eq!(found(TOKENS, &api(globals, "", "")), [REPORTED]);
    let globals = "Globals: { Api: { Auth: { AddDefaultAuthorizerToCorsPreflight: false } } }\n";
    assert_eq!(found(TOKENS, &api(globals, cors, "")), [""; 0]);
    // A method for preflights that names the authorizer, however it is written.
    let header = "method.request.header.Authorization";
    let method = |kind: &str| {
        format!(
            "{}  M: {{ Type: AWS::ApiGateway::Method, Properties: {{ HttpMethod: OPTIONS, AuthorizationType: {kind} }} }}\n",
            rest("TOKEN", "0", header)
        )
    };
    assert_eq!(found(TOKENS, &method("CUSTOM, AuthorizerId: !Ref Gate")), [REPORTED]);
    assert_eq!(found(TOKENS, &method("NONE")), [""; 0]);
    // Without identity sources, a public rule may allow it.
    let asked = method("CUSTOM, AuthorizerId: !Ref Gate")
        .replace("Type: TOKEN", "Type: REQUEST")
        .replace(header, "''");
    assert_eq!(found(TOKENS, &asked), [REPORTED]);
    let public = format!(
        "{TOKENS}[[rule]]\npath = \"/{{*rest}}\"\nmethods = [\"OPTIONS\"]\npublic = true\n"
    );
    assert_eq!(found(&public, &asked), ["w public_behind_authorizer"]);
    // HTTP APIs answer preflights themselves.
    let http = http("0", "Headers: [Authorization]", true).replace(
        "      Auth:\n",
        "      CorsConfiguration: true\n      Auth:\n        DefaultAuthorizer: Gate\n",
    );
    assert_eq!(found(TOKENS, &http), [""; 0]);
}

#[test]
fn a_challenge_that_a_rest_api_renames_is_reported() {
    let header = "method.request.header.Authorization";
    let with = |resource: &str| found(TOKENS, &format!("{}{resource}", rest("TOKEN", "0", header)));
    let renamed = ["w challenge_renamed"];
    let response = "  R:\n    Type: AWS::ApiGateway::GatewayResponse\n    Properties:\n      ResponseType: UNAUTHORIZED\n      \
                    ResponseParameters: { gatewayresponse.header.WWW-Authenticate: \"'Bearer'\" }\n";
    assert_eq!(with(response), renamed);
    let sam = "  Api:\n    Type: AWS::Serverless::Api\n    Properties:\n      GatewayResponses:\n        UNAUTHORIZED:\n          \
               ResponseParameters: { Headers: { WWW-Authenticate: \"'Bearer'\" } }\n";
    assert_eq!(with(sam), renamed);
    let method = "  M:\n    Type: AWS::ApiGateway::Method\n    Properties:\n      HttpMethod: GET\n      Integration:\n        IntegrationResponses:\n          \
                  - ResponseParameters: { method.response.header.WWW-Authenticate: integration.response.header.WWW-Authenticate }\n      \
                  MethodResponses: [{ ResponseParameters: { method.response.header.WWW-Authenticate: true } }]\n";
    assert_eq!(with(method), renamed);
    assert_eq!(with(&response.replace("WWW-Authenticate", "Retry-After")), [""; 0]);
}
