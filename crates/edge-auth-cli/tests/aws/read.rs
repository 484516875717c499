//! The ways to write a template.

use crate::{TOKENS, found, gateway, http, rest};

#[test]
fn identity_sources_known_only_at_deployment_switch_no_check_off() {
    let unsafe_ones = [
        "e ttl_exceeds_bound",
        "w sources_unknown",
        "e credential_not_in_cache_key",
        "e simple_without_route_key",
    ];
    for later in ["[!Sub '$request.header.${Field}']", "!Ref Sources", "{ Fn::If: [A, [x], [y]] }"]
    {
        assert_eq!(found(TOKENS, &gateway("2.0", "true", 3600, later)), unsafe_ones, "{later}");
    }
    for later in ["Headers: [!Ref Field]", "Headers: !Ref Fields"] {
        assert_eq!(found(TOKENS, &http("20", later, true)), unsafe_ones[1..], "{later}");
    }
    let identity = http("20", "Headers: [Authorization]", true)
        .replace("Identity:", "Identity: !If\n            -");
    assert_eq!(found(TOKENS, &identity)[..2], ["w ttl_unknown", "w sources_unknown"]);
    let known = "['$request.header.Authorization', '$context.routeKey', !Ref Another]";
    assert_eq!(
        found(TOKENS, &gateway("2.0", "true", 20, known)),
        ["w sources_unknown", "w simple_kept_for_route"]
    );
    // An HTTP API without identity sources does not cache.
    for none in ["[]", "''", "~", "!Ref AWS::NoValue", "{ Ref: 'AWS::NoValue' }"] {
        assert_eq!(found(TOKENS, &gateway("2.0", "true", 3600, none)), [""; 0], "{none}");
    }
}

#[test]
fn true_is_read_in_every_form_of_yaml() {
    let iam = format!("{TOKENS}[aws]\nhttp_api = \"iam\"\n");
    for on in ["true", "True", "TRUE", "'true'", "yes", "on"] {
        let template = gateway("2.0", on, 0, "['$request.header.Authorization']");
        assert_eq!(found(&iam, &template), ["e simple_mismatch"], "{on}");
    }
    let later = gateway("2.0", "!Ref Simple", 0, "['$request.header.Authorization']");
    assert_eq!(found(&iam, &later), ["w simple_unknown"]);
}

#[test]
fn a_default_endpoint_beside_mutual_tls_is_refused() {
    let api = |closed: &str| {
        format!(
            "{}  Domain:\n    Type: AWS::ApiGateway::DomainName\n    Properties:\n      MutualTlsAuthentication: {{ TruststoreUri: s3://b/t.pem }}\n  \
             Api:\n    Type: AWS::ApiGateway::RestApi\n    Properties:\n      Name: api\n{closed}",
            rest("TOKEN", "0", "method.request.header.Authorization")
        )
    };
    assert_eq!(found(TOKENS, &api("")), ["e execute_api_open"]);
    assert_eq!(found(TOKENS, &api("      DisableExecuteApiEndpoint: True\n")), [""; 0]);
}

#[test]
fn the_globals_of_sam_apply_to_every_api() {
    let authorizer = |ttl: u32| {
        format!(
            "Auth:\n      Authorizers:\n        Gate:\n          FunctionArn: !GetAtt F.Arn\n          \
             AuthorizerPayloadFormatVersion: '2.0'\n          EnableSimpleResponses: true\n          \
             Identity: {{ Headers: [Authorization], ReauthorizeEvery: {ttl} }}\n"
        )
    };
    let template = |ttl: u32, api: &str| {
        format!("Globals:\n  HttpApi:\n    {}Resources:\n{api}", authorizer(ttl))
    };
    let both = ["e ttl_exceeds_bound", "e simple_without_route_key"];
    // No resource declares the API that SAM makes for functions' events.
    assert_eq!(found(TOKENS, &template(3600, "  F: { Type: AWS::Serverless::Function }\n")), both);
    let plain = "  Api: { Type: AWS::Serverless::HttpApi, Properties: { StageName: live } }\n";
    assert_eq!(found(TOKENS, &template(3600, plain)), both);
    // A resource adds to the globals, and overrides them.
    let own = "  Api:\n    Type: AWS::Serverless::HttpApi\n    Properties:\n      Auth: { Authorizers: { Gate: { Identity: { ReauthorizeEvery: 3600 } } } }\n";
    assert_eq!(found(TOKENS, &template(0, own)), both);
    let keyed = "  Api:\n    Type: AWS::Serverless::HttpApi\n    Properties:\n      Auth: { Authorizers: { Gate: { Identity: { Context: [routeKey], ReauthorizeEvery: 20 } } } }\n";
    assert_eq!(found(TOKENS, &template(0, keyed)), ["w simple_kept_for_route"]);
}

#[test]
fn the_globals_of_sam_can_close_a_default_endpoint() {
    let template = |globals: &str, properties: &str| {
        format!(
            "Globals:\n  Api:\n    Domain: {{ MutualTlsAuthentication: {{ TruststoreUri: s3://b/t.pem }} }}\n{globals}{}  \
             Api:\n    Type: AWS::Serverless::Api\n    Properties: {{ StageName: live{properties} }}\n",
            rest("TOKEN", "0", "method.request.header.Authorization")
        )
    };
    let closed = "    DisableExecuteApiEndpoint: true\n";
    assert_eq!(found(TOKENS, &template("", "")), ["e execute_api_open"]);
    assert_eq!(found(TOKENS, &template(closed, "")), [""; 0]);
    assert_eq!(
        found(TOKENS, &template(closed, ", DisableExecuteApiEndpoint: false")),
        ["e execute_api_open"]
    );
}

#[test]
fn an_openapi_file_is_read_too() {
    let file = r#"{
      "openapi": "3.0.1",
      "components": { "securitySchemes": { "gate": {
        "type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "custom",
        "x-amazon-apigateway-authorizer": {
          "type": "request", "identitySource": "$request.header.Authorization", "authorizerPayloadFormatVersion": "2.0",
          "enableSimpleResponses": true, "authorizerResultTtlInSeconds": 300
        }
      } } }
    }"#;
    assert_eq!(found(TOKENS, file), ["e ttl_exceeds_bound", "e simple_without_route_key"]);
}

#[test]
fn aliases_and_merge_keys_are_resolved() {
    let header = "method.request.header.Authorization";
    let shared = |gate: &str| {
        format!(
            "Metadata:\n  Shared: &shared\n    Type: TOKEN\n    AuthorizerResultTtlInSeconds: 3600\n    \
         IdentitySource: {header}\nResources:\n  Gate:\n    Type: AWS::ApiGateway::Authorizer\n    Properties: {gate}\n"
        )
    };
    assert_eq!(found(TOKENS, &shared("*shared")), ["e ttl_exceeds_bound"]);
    assert_eq!(found(TOKENS, &shared("{ <<: *shared }")), ["e ttl_exceeds_bound"]);
    assert_eq!(found(TOKENS, &shared("{ <<: *shared, AuthorizerResultTtlInSeconds: 0 }")), [""; 0]);
    assert_eq!(
        found(TOKENS, &shared("{ <<: [{ AuthorizerResultTtlInSeconds: 0 }, *shared] }")),
        [""; 0]
    );
}

#[test]
fn parameters_conditions_and_mappings_are_resolved() {
    let sections = "Parameters:\n  Ttl: { Type: Number, Default: 3600 }\n  Stage: { Type: String, Default: live }\n  \
                    Field: { Type: String, Default: Authorization }\n  Kept: { Type: 'AWS::SSM::Parameter::Value<Number>', Default: '0' }\n\
                    Conditions:\n  IsLive: !Equals [!Ref Stage, live]\nMappings:\n  Ttls: { live: { Seconds: 3600 }, test: { Seconds: 0 } }\n";
    let of = |ttl: &str, source: &str| {
        found(TOKENS, &format!("{sections}{}", rest("TOKEN", ttl, source)))
    };
    let source = "!Sub 'method.request.header.${Field}'";
    for long in [
        "!Ref Ttl",
        "!If [IsLive, 3600, 0]",
        "!FindInMap [Ttls, !Ref Stage, Seconds]",
        "!Join ['', ['36', '00']]",
        "!Sub '${Ttl}'",
    ] {
        assert_eq!(of(long, source), ["e ttl_exceeds_bound"], "{long}");
    }
    assert_eq!(of("!If [IsLive, 0, 3600]", source), [""; 0]);
    for later in
        ["!Ref Kept", "!If [Nowhere, 0, 3600]", "!ImportValue Ttl", "'{{resolve:ssm:/ttl}}'"]
    {
        assert_eq!(of(later, source), ["w ttl_unknown"], "{later}");
    }
}

#[test]
fn templates_of_the_cdk_and_the_serverless_framework_are_read() {
    let cdk = r#"{ "Resources": {
      "Feed8F2C0B1A": { "Type": "AWS::ApiGatewayV2::Api", "Properties": { "Name": "feed", "ProtocolType": "WEBSOCKET" } },
      "FeedConnectGate5D0F0A3C": { "Type": "AWS::ApiGatewayV2::Authorizer", "Properties": {
        "ApiId": { "Ref": "Feed8F2C0B1A" }, "AuthorizerType": "REQUEST", "IdentitySource": [], "Name": "Gate",
        "AuthorizerUri": { "Fn::Join": ["", ["arn:", { "Ref": "AWS::Partition" }, ":apigateway:", { "Ref": "AWS::Region" },
          ":lambda:path/2015-03-31/functions/", { "Fn::GetAtt": ["Gate4C2D", "Arn"] }, "/invocations"]] } } },
      "Gate4C2D": { "Type": "AWS::Lambda::Function", "Properties": { "Runtime": "provided.al2023", "Handler": "bootstrap" } } } }"#;
    // A WebSocket API does not cache.
    assert_eq!(found(TOKENS, cdk), [""; 0]);
    let serverless = r#"{ "Resources": {
      "GateApiGatewayAuthorizer": { "Type": "AWS::ApiGateway::Authorizer", "Properties": {
        "AuthorizerResultTtlInSeconds": 300, "IdentitySource": "method.request.header.Authorization", "Name": "gate",
        "RestApiId": { "Ref": "ApiGatewayRestApi" }, "Type": "TOKEN" } },
      "ApiGatewayRestApi": { "Type": "AWS::ApiGateway::RestApi", "Properties": { "Name": "live-orders" } } } }"#;
    assert_eq!(found(TOKENS, serverless), ["e ttl_exceeds_bound"]);
}
