//! Files of other tools that are no template: what to look at instead.

use std::path::Path;

use super::template::Node;

const TERRAFORM: &str = "this is Terraform's, which is not read: only templates of SAM and CloudFormation (as the CDK and the \
                         Serverless Framework make them, too) and OpenAPI files are";
const SERVERLESS: &str = "this is the Serverless Framework's own file: run `serverless package`, and look at \
                          `.serverless/cloudformation-template-update-stack.json`";
const CDK: &str = "this is a file about what the CDK made: run `cdk synth`, and look at `cdk.out/*.template.json`";

/// What a file is that is no YAML, if it is known.
pub(super) fn of_text(path: &Path, text: &str) -> Option<&'static str> {
    let blocks = [
        "resource \"",
        "module \"",
        "provider \"",
        "variable \"",
        "terraform {",
        "data \"",
        "locals {",
    ];
    let is_terraform = text.lines().any(|line| blocks.iter().any(|block| line.starts_with(block)));
    (has_extension(path, &["tf", "hcl", "tofu"]) || is_terraform).then_some(TERRAFORM)
}

/// What a file is that is YAML or JSON, and no template, if it is known.
pub(super) fn of_tree(path: &Path, root: &Node) -> Option<&'static str> {
    let has = |names: &[&str]| names.iter().all(|name| root.get(name).is_some());
    if has(&["Resources"]) || has(&["openapi"]) || has(&["swagger"]) {
        return None;
    }
    let is_terraform = has_extension(path, &["tf", "hcl", "tofu"])
        || has(&["terraform_version"])
        || (has(&["resource"]) && !has(&["Type"]));
    if is_terraform {
        return Some(TERRAFORM);
    }
    if has(&["service", "provider"]) || has(&["provider", "functions"]) {
        return Some(SERVERLESS);
    }
    (has(&["version", "artifacts"]) || has(&["app", "context"])).then_some(CDK)
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|own| extensions.contains(&own))
}
