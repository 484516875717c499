//! Recognises files of other tools, and names the template to check instead.

use std::path::Path;

use super::template::Node;

const TERRAFORM: &str = "this is a Terraform file, which this command cannot check: give it a SAM or CloudFormation template (the CDK \
                         and the Serverless Framework make these, too) or an OpenAPI file";
const SERVERLESS: &str = "this is the Serverless Framework's configuration: run `serverless package`, and check \
                          `.serverless/cloudformation-template-update-stack.json`";
const CDK: &str = "this is a file of the CDK, but not a template: run `cdk synth`, and check `cdk.out/*.template.json`";

/// Recognises a file by its name or its text, for files that are not YAML.
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

/// Recognises YAML or JSON that is not a template; `None` for a template, and for anything unknown.
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
