//! The choice of the authorizer, and parts of a template in other files.

use crate::common::{Folder, Ran};
use crate::{TOKENS, found, rest};

fn lint(template: &str, arguments: &[&str]) -> Ran {
    lint_file("template.yaml", template, arguments)
}

fn lint_file(name: &str, template: &str, arguments: &[&str]) -> Ran {
    let folder = Folder::with_policy(TOKENS);
    folder.write(name, template);
    folder.run(&[&["aws", "lint", name], arguments].concat())
}

/// Makes a template with two authorizers, of which one caches answers for too long.
fn two() -> String {
    let gate = rest("TOKEN", "0", "method.request.header.Authorization")
        .replace("Function.Arn", "GateFunction.Arn");
    let legacy = gate
        .replace("Resources:\n", "")
        .replace("Gate:", "Legacy:")
        .replace("GateF", "LegacyF")
        .replace("InSeconds: 0", "InSeconds: 3600");
    format!("{gate}{legacy}      Name: partner-check\n")
}

#[test]
fn only_the_authorizer_that_is_named_is_checked() {
    assert_eq!(found(TOKENS, &two()), ["e ttl_exceeds_bound"]);
    let ran = lint(&two(), &["--authorizer", "Gate"]);
    assert_eq!((ran.code(), ran.stdout().as_str()), (0, "1 authorizer: 0 errors, 0 warnings\n"));
    // By its logical id, or by its name.
    for name in ["Legacy", "partner-check"] {
        let ran = lint(&two(), &["--authorizer", name]);
        assert_eq!((ran.code(), ran.stdout().contains("ttl_exceeds_bound")), (1, true));
    }
    let ran = lint(&two(), &["--authorizer", "Gat"]);
    assert_eq!(ran.code(), 2);
    assert!(
        ran.stderr().contains("`Gat`") && ran.stderr().contains("Gate, Legacy"),
        "{}",
        ran.stderr()
    );
}

#[test]
fn an_authorizer_of_another_program_is_skipped_and_reported() {
    let functions = |gate: &str, legacy: &str| {
        format!(
            "{}  GateFunction: {{ Type: AWS::Serverless::Function, Properties: {{ Runtime: {gate} }} }}\n  \
             LegacyFunction: {{ Type: AWS::Lambda::Function, Properties: {{ Runtime: {legacy} }} }}\n",
            two()
        )
    };
    let ran = lint(&functions("provided.al2023", "nodejs22.x"), &[]);
    assert_eq!(ran.code(), 0, "{}", ran.stdout());
    assert!(
        ran.stdout().contains("other programs: Legacy")
            && ran.stdout().contains("1 authorizer: 0 errors")
    );
    let named = lint(&functions("provided.al2023", "nodejs22.x"), &["--authorizer", "Legacy"]);
    assert_eq!(named.code(), 1);
    // If no function is known to be the gate, any may be.
    assert_eq!(lint(&functions("nodejs22.x", "nodejs22.x"), &[]).code(), 1);
}

#[test]
fn authorizers_that_call_no_function_are_named_if_there_is_no_other() {
    let jwt = "Resources:\n  Users: { Type: AWS::ApiGatewayV2::Authorizer, Properties: { AuthorizerType: JWT } }\n";
    let ran = lint(jwt, &[]);
    assert_eq!(ran.code(), 1);
    assert!(ran.stderr().contains("call no function: `Users` (JWT)"), "{}", ran.stderr());
    let beside = format!("{}{}", two().replace("3600", "0"), jwt.replace("Resources:\n", ""));
    assert_eq!(found(TOKENS, &beside), [""; 0]);
}

#[test]
fn a_definition_in_another_file_is_named_with_what_to_run() {
    for (properties, location) in [
        (
            "Type: AWS::Serverless::Api, Properties: { DefinitionUri: api/orders.yaml }",
            "`edge-auth aws lint api/orders.yaml`",
        ),
        (
            "Type: AWS::Serverless::HttpApi, Properties: { DefinitionUri: { Bucket: b, Key: orders.yaml } }",
            "s3://b/orders.yaml",
        ),
        (
            "Type: AWS::ApiGateway::RestApi, Properties: { BodyS3Location: { Bucket: b, Key: orders.yaml } }",
            "s3://b/orders.yaml",
        ),
        (
            "Type: AWS::ApiGatewayV2::Api, Properties: { Body: { 'Fn::Transform': { Name: 'AWS::Include', Parameters: { Location: !Sub 's3://${B}/orders.yaml' } } } }",
            "s3://${B}/orders.yaml",
        ),
        (
            "Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: nested/api.yaml }",
            "`edge-auth aws lint nested/api.yaml`",
        ),
        (
            "Type: AWS::CloudFormation::Stack, Metadata: { 'aws:asset:path': nested.template.json }, Properties: { TemplateURL: !Join ['', [!Ref A, b]] }",
            "nested.template.json",
        ),
        (
            "Type: AWS::Serverless::Application, Properties: { Location: apps/api.yaml }",
            "apps/api.yaml",
        ),
        ("Type: Acme::Api::Gate::MODULE", "a module's resources"),
        (
            "Type: AWS::Serverless::Api, Properties: { DefinitionBody: { openapi: 3.0.1, components: { securitySchemes: { $ref: 'schemes.yaml#/all' } } } }",
            "`edge-auth aws lint schemes.yaml`",
        ),
        (
            "Type: AWS::Serverless::Api, Properties: { DefinitionBody: { openapi: 3.0.1, paths: { /orders: { $ref: './orders.yaml' } } } }",
            "./orders.yaml",
        ),
    ] {
        let alone = lint(&format!("Resources:\n  Orders: {{ {properties} }}\n"), &[]);
        assert_eq!(alone.code(), 1, "{properties}");
        assert!(
            alone.stderr().contains(location) && alone.stderr().contains("Orders"),
            "{}",
            alone.stderr()
        );
        let gate = rest("TOKEN", "0", "method.request.header.Authorization");
        let beside = lint(&format!("{gate}  Orders: {{ {properties} }}\n"), &[]);
        assert_eq!(beside.code(), 0, "{}", beside.stdout());
        let message = beside.stdout();
        assert!(
            message.contains("warning definition_elsewhere") && message.contains(location),
            "{message}"
        );
    }
    // References within the file, and to files of schemas, lead to no authorizer.
    let inside = "openapi: 3.0.1\npaths: { /a: { $ref: '#/x' } }\ncomponents: { schemas: { A: { $ref: a.yaml } } }\n";
    assert!(!lint(inside, &[]).stderr().contains("is in"));
}

#[test]
fn a_file_of_another_tool_is_refused_with_the_file_to_check() {
    for (name, text, message) in [
        (
            "main.tf",
            "resource \"aws_api_gateway_authorizer\" \"gate\" {\n  name = \"gate\"\n}\n",
            "Terraform",
        ),
        ("main.txt", "variable \"x\" {}\n", "Terraform"),
        ("main.tf.json", "{ \"resource\": { \"aws_api_gateway_authorizer\": {} } }", "Terraform"),
        (
            "plan.json",
            "{ \"format_version\": \"1.2\", \"terraform_version\": \"1.9.0\" }",
            "Terraform",
        ),
        (
            "serverless.yml",
            "service: orders\nprovider: { name: aws }\nfunctions: {}\n",
            "serverless package",
        ),
        (
            "manifest.json",
            "{ \"version\": \"36.0.0\", \"artifacts\": {} }",
            "cdk.out/*.template.json",
        ),
    ] {
        let ran = lint_file(name, text, &[]);
        assert_eq!(
            (ran.code(), ran.stderr().contains(message)),
            (2, true),
            "{name}: {}",
            ran.stderr()
        );
    }
}
