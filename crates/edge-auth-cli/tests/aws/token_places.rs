//! Policies whose tokens do not come as `Authorization: Bearer`.

use crate::common::Folder;
use crate::{TOKENS, found, gateway, rest};

/// Makes a policy whose tokens come this way.
fn by(place: &str) -> String {
    TOKENS.replace("keys =", &format!("{place}\nkeys ="))
}

/// Returns the report for people.
fn report(policy: &str, template: &str) -> String {
    let folder = Folder::with_policy(policy);
    folder.write("template.yaml", template);
    folder.run(&["aws", "lint", "template.yaml"]).stdout()
}

fn with_expression(field: &str, expression: &str) -> String {
    let template = rest("TOKEN", "0", &format!("method.request.header.{field}"));
    format!("{template}      IdentityValidationExpression: {expression}\n")
}

#[test]
fn a_token_in_a_cookie_needs_the_field_cookie() {
    let cookies = by("token_cookie = \"session\"");
    let source = "method.request.header.Cookie";
    assert_eq!(found(&cookies, &rest("REQUEST", "20", source)), [""; 0]);
    assert_eq!(found(&cookies, &rest("REQUEST", "0", source)), [""; 0]);
    let other = rest("REQUEST", "20", "method.request.header.Authorization");
    assert_eq!(
        found(&cookies, &other),
        ["e identity_source_without_credential", "e credential_not_in_cache_key"]
    );
    assert!(report(&cookies, &other).contains("`cookie`"));
    let http = gateway("1.0", "false", 20, "['$request.header.Cookie']");
    assert_eq!(found(&cookies, &http), [""; 0]);
    // The value of the field is not a token.
    assert_eq!(found(&cookies, &rest("TOKEN", "20", source)), ["e token_event_lacks"]);
    assert!(report(&cookies, &rest("TOKEN", "20", source)).contains("a cookie"));
}

#[test]
fn a_token_in_the_query_is_not_read_by_an_authorizer() {
    const NOT_READ: &str = "e query_token_not_read";
    let query = by("insecure_token_query = \"access_token\"");
    let source = "method.request.querystring.access_token";
    assert_eq!(found(&query, &rest("REQUEST", "0", "''")), [NOT_READ]);
    assert_eq!(found(&query, &rest("REQUEST", "0", source)), [NOT_READ]);
    let text = report(&query, &rest("REQUEST", "20", source));
    assert!(text.contains("`access_token`") && !text.contains("without_credential"), "{text}");
    assert_eq!(found(&query, &rest("TOKEN", "0", "")), ["e token_event_lacks"]);
    // A rule that another credential can meet works with that.
    let other = "[[issuer]]\nname = \"other\"\nissuer = \"https://other.example.com/\"\naudience = \"api\"\n\
                 keys = { discover = true }\n";
    let either = query.replace("\"jwt:corp\"", "{ any = [\"jwt:corp\", \"jwt:other\"] }");
    let either = format!("{other}{either}");
    assert_eq!(found(&either, &rest("REQUEST", "0", "''")), ["w query_token_not_read"]);
}

#[test]
fn a_token_without_a_scheme_needs_no_bearer() {
    let raw = by("token_scheme = \"none\"");
    let header = "method.request.header.Authorization";
    assert_eq!(found(&raw, &rest("TOKEN", "20", header)), [""; 0]);
    assert_eq!(found(&raw, &rest("REQUEST", "20", header)), [""; 0]);
    assert_eq!(found(&raw, &with_expression("Authorization", "'^[^ ]+$'")), [""; 0]);
    assert_eq!(
        found(&raw, &with_expression("Authorization", "'^Bearer .+$'")),
        ["e validation_refuses_credential"]
    );
}

#[test]
fn a_token_event_has_the_field_that_its_identity_source_names() {
    let own = by("token_header = \"X-Id-Token\"");
    let source = "method.request.header.X-Id-Token";
    assert_eq!(found(&own, &rest("TOKEN", "20", source)), [""; 0]);
    assert_eq!(found(&own, &with_expression("X-Id-Token", "'^[^ ]+$'")), [""; 0]);
    assert_eq!(
        found(&own, &with_expression("X-Id-Token", "'^Bearer .+$'")),
        ["e validation_refuses_credential"]
    );
    let other = rest("TOKEN", "20", "method.request.header.Authorization");
    assert_eq!(found(&own, &other), ["e token_event_lacks", "w identity_source_required"]);
    let text = report(&own, &other);
    assert!(text.contains("`x-id-token`") && text.contains("`authorization`"), "{text}");
    // Tokens of two issuers in two fields are not in one event.
    let access = "[[issuer]]\nname = \"access\"\nissuer = \"https://access.example.com/\"\naudience = \"aud\"\n\
                  keys = { discover = true }\n[[rule]]\npath = \"/b\"\nrequire = \"jwt:access\"\n";
    let codes = found(&format!("{own}{access}"), &rest("TOKEN", "20", source));
    assert_eq!(codes, ["e token_event_lacks", "w identity_source_required"]);
}

#[test]
fn a_token_among_the_protocols_of_a_websocket_is_in_its_field() {
    let protocol = by("token_websocket_protocol = true");
    let source = |field: &str| {
        format!(
            "Resources:\n  Gate:\n    Type: AWS::ApiGatewayV2::Authorizer\n    Properties:\n      AuthorizerType: REQUEST\n      \
             IdentitySource: [route.request.header.{field}]\n"
        )
    };
    assert_eq!(found(&protocol, &source("Sec-WebSocket-Protocol")), [""; 0]);
    assert_eq!(
        found(&protocol, &source("Authorization")),
        ["e identity_source_without_credential"]
    );
}

#[test]
fn an_any_route_of_several_rules_with_cached_simple_answers_is_refused() {
    let kept = gateway("2.0", "true", 20, "['$request.header.Authorization', '$context.routeKey']");
    let routes = |path: &str| {
        [
            format!(
                "  R: {{ Type: AWS::ApiGatewayV2::Route, Properties: {{ RouteKey: 'ANY {path}' }} }}\n"
            ),
            format!(
                "  F: {{ Type: AWS::Serverless::Function, Properties: {{ Events: {{ E: {{ Type: HttpApi, Properties: {{ Path: '{path}', Method: any }} }} }} }} }}\n"
            ),
            format!(
                "  A: {{ Type: AWS::ApiGatewayV2::Api, Properties: {{ DisableExecuteApiEndpoint: true, Body: {{ openapi: 3.0.1, paths: {{ '{path}': {{ x-amazon-apigateway-any-method: {{}} }} }} }} }} }}\n"
            ),
        ]
    };
    let rule = |name: &str, methods: &str| {
        format!(
            "[[rule]]\nname = \"{name}\"\npath = \"/orders/{{id}}\"\nmethods = [\"{methods}\"]\nrequire = \"jwt:corp\"\nscopes = [\"{name}\"]\n"
        )
    };
    let issuer = TOKENS.split("[[rule]]").next().unwrap();
    let two = format!("{issuer}{}{}", rule("read", "GET"), rule("write", "POST"));
    let one = format!("{issuer}{}", rule("read", "GET"));
    let all = TOKENS.replace("/orders", "/orders/{id}");
    for route in routes("/orders/{id}") {
        let template = format!("{kept}{route}");
        assert_eq!(found(&two, &template), ["e simple_kept_for_route"], "{route}");
        let text = report(&two, &template);
        assert!(text.contains("`read`") && text.contains("`write`"), "{text}");
        assert_eq!(
            found(&one, &template),
            ["e simple_kept_for_route"],
            "no rule allows the others"
        );
        assert_eq!(found(&all, &template), ["w simple_kept_for_route"], "{route}");
    }
    let exact = format!("{kept}{}", routes("/orders/{id}")[0].replace("ANY", "GET"));
    assert_eq!(found(&two, &exact), ["w simple_kept_for_route"]);
}
