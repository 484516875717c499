//! Which issuers are public, and which claims pin their tokens.

use super::*;
use crate::policy::compiler::schema::WrittenTest;

#[test]
fn an_issuer_is_known_by_host_and_path_in_every_spelling() {
    for (iss, issuer) in [
        ("https://token.actions.githubusercontent.com", PublicIssuer::GithubActions),
        ("https://token.actions.githubusercontent.com/", PublicIssuer::GithubActions),
        (
            "https://token.actions.githubusercontent.com/octo-enterprise",
            PublicIssuer::GithubActions,
        ),
        ("HTTPS://Token.Actions.GitHubUserContent.com:443", PublicIssuer::GithubActions),
        ("http://token.actions.githubusercontent.com:8080//x?y#z", PublicIssuer::GithubActions),
        ("token.actions.githubusercontent.com", PublicIssuer::GithubActions),
        ("https://token.actions.githubusercontent.com./", PublicIssuer::GithubActions),
        ("https://token%2Eactions.githubusercontent.com", PublicIssuer::GithubActions),
        ("https://a@token.actions.githubusercontent.com", PublicIssuer::GithubActions),
        ("https://accounts.google.com", PublicIssuer::Google),
        ("accounts.google.com", PublicIssuer::Google),
        ("Accounts.Google.com/", PublicIssuer::Google),
        ("//accounts.google.com", PublicIssuer::Google),
        (" https://accounts.google.com ", PublicIssuer::Google),
        ("https://gitlab.com", PublicIssuer::Gitlab),
        ("gitlab.com", PublicIssuer::Gitlab),
        ("https://agent.buildkite.com", PublicIssuer::Buildkite),
        ("https://app.terraform.io", PublicIssuer::Terraform),
        ("https://oidc.vercel.com/", PublicIssuer::Vercel),
        ("https://login.microsoftonline.com/common/v2.0", PublicIssuer::Microsoft),
        ("https://login.microsoftonline.com/organizations/v2.0", PublicIssuer::Microsoft),
        ("https://login.microsoftonline.com//Consumers", PublicIssuer::Microsoft),
        (
            "https://login.microsoftonline.com/9188040D-6C67-4C5B-B112-36A304B66DAD/v2.0",
            PublicIssuer::Microsoft,
        ),
        ("https://sts.windows.net/9188040d-6c67-4c5b-b112-36a304b66dad/", PublicIssuer::Microsoft),
        ("https://appleid.apple.com", PublicIssuer::SignIn),
        ("https://www.facebook.com", PublicIssuer::SignIn),
    ] {
        assert_eq!(PublicIssuer::of(iss), Some(issuer), "{iss}");
    }
}

#[test]
fn the_reference_names_the_claims_that_pin() {
    let reference = include_str!("../../../../../../docs/policy.md");
    let section = reference.split("### Issuers of everybody's tokens").nth(1).unwrap();
    let section = section.split("\n### ").next().unwrap();
    let mut compared = 0;
    for line in section.lines().filter(|line| line.starts_with("| `https://")) {
        let [issuers, pins] = [1, 2].map(|column| line.split('|').nth(column).unwrap());
        let quoted = |text: &str| -> Vec<String> {
            text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
        };
        for iss in quoted(issuers).iter().filter(|iss| !iss.starts_with('…')) {
            assert_eq!(PublicIssuer::of(iss).unwrap().pins(), quoted(pins), "{iss}");
            compared += 1;
        }
    }
    assert_eq!(compared, 8);
}

#[test]
fn an_issuer_with_an_iss_for_each_customer_is_not_public() {
    for iss in [
        "https://login.example.com/",
        "corp",
        "",
        "https://",
        "https://accounts.google.com.example.com",
        "https://example.com/accounts.google.com",
        "https://gitlab.example.com",
        "https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0",
        "https://api.bitbucket.org/2.0/workspaces/octo/pipelines-config/identity/oidc",
        "https://oidc.circleci.com/org/7d1b9d9f-2f0b-4b0b-a6f5-0d6c0e9f8a11",
        "https://oidc.vercel.com/octo",
        "https://securetoken.google.com/project",
    ] {
        assert_eq!(PublicIssuer::of(iss), None, "{iss}");
    }
}

fn text(value: &str) -> ClaimTest {
    ClaimTest::OneOf(vec![ClaimValue::Text(value.to_owned())])
}

#[test]
fn a_list_of_values_pins_if_each_does_and_contains_pins_nothing() {
    let pinned = |claim: &str, test: serde_json::Value| {
        let WrittenTest(test) = serde_json::from_value(test).unwrap();
        PublicIssuer::GithubActions.is_pinned(&BTreeMap::from([(claim.to_owned(), test)]))
    };
    use serde_json::json;
    assert!(pinned("repository", json!(["octo/app", "octo/lib"])));
    assert!(pinned("/repository", json!("octo/app")));
    assert!(pinned("sub", json!(["repo:octo/app:ref:x", "repository_id:7:ref:x"])));
    assert!(!pinned("sub", json!(["repo:octo/app:ref:x", "environment:production"])));
    assert!(!pinned("repository", json!(["octo/app", ""])));
    assert!(!pinned("repository", json!([])));
    assert!(!pinned("repository", json!(true)));
    for form in ["contains", "contains_any", "contains_all"] {
        let value = if form == "contains" { json!("octo/app") } else { json!(["octo/app"]) };
        assert!(!pinned("repository", json!({ form: value })), "{form}");
    }
    assert!(!pinned("/x/repository", json!("octo/app")));
    assert!(!pinned("x.repository", json!("octo/app")));
}

#[test]
fn a_claim_pins_if_no_stranger_can_have_its_value() {
    let pinned = |issuer: PublicIssuer, claim: &str, value: &str| {
        issuer.is_pinned(&BTreeMap::from([(claim.to_owned(), text(value))]))
    };
    for (issuer, claim, value) in [
        (PublicIssuer::GithubActions, "repository", "octo/app"),
        (PublicIssuer::GithubActions, "repository_owner_id", "7"),
        (PublicIssuer::GithubActions, "sub", "repo:octo/app:ref:refs/heads/main"),
        (PublicIssuer::GithubActions, "sub", "repo:octo@7/app@8:environment:production"),
        (PublicIssuer::GithubActions, "sub", "repository_owner:octo:context:x"),
        (
            PublicIssuer::GithubActions,
            "workflow_ref",
            "octo/app/.github/workflows/ci.yml@refs/heads/main",
        ),
        (PublicIssuer::Google, "hd", "example.com"),
        (PublicIssuer::Google, "email", "sa@p.iam.gserviceaccount.com"),
        (PublicIssuer::Gitlab, "sub", "project_path:octo/app:ref_type:branch:ref:main"),
        (PublicIssuer::Gitlab, "namespace_id", "7"),
        (PublicIssuer::Buildkite, "organization_slug", "octo"),
        (PublicIssuer::Terraform, "terraform_organization_id", "org-7"),
        (PublicIssuer::Vercel, "owner_id", "team_7"),
        (PublicIssuer::Microsoft, "tid", "72f988bf-86f1-41af-91ab-2d7cd011db47"),
        (PublicIssuer::SignIn, "sub", "7"),
    ] {
        assert!(pinned(issuer, claim, value), "{claim} = {value}");
    }
    for (issuer, claim, value) in [
        (PublicIssuer::GithubActions, "ref", "refs/heads/main"),
        (PublicIssuer::GithubActions, "workflow", "deploy"),
        (PublicIssuer::GithubActions, "environment", "production"),
        (
            PublicIssuer::GithubActions,
            "job_workflow_ref",
            "octo/app/.github/workflows/ci.yml@refs/heads/main",
        ),
        (PublicIssuer::GithubActions, "actor", "octocat"),
        (PublicIssuer::GithubActions, "repository_visibility", "private"),
        (PublicIssuer::GithubActions, "runner_environment", "github-hosted"),
        (PublicIssuer::GithubActions, "repository", ""),
        (PublicIssuer::GithubActions, "repository_owner", " "),
        (PublicIssuer::GithubActions, "sub", "environment:production"),
        (PublicIssuer::GithubActions, "sub", "ref:refs/heads/main"),
        (
            PublicIssuer::GithubActions,
            "sub",
            "job_workflow_ref:octo/app/.github/workflows/ci.yml@x",
        ),
        (PublicIssuer::GithubActions, "sub", "actor:octocat:repository_owner:octo"),
        (PublicIssuer::GithubActions, "sub", "repo:"),
        (PublicIssuer::GithubActions, "sub", "repo"),
        (PublicIssuer::GithubActions, "Repository", "octo/app"),
        (PublicIssuer::Google, "azp", "client"),
        (PublicIssuer::Google, "email_verified", "true"),
        (PublicIssuer::Google, "hd", ""),
        (PublicIssuer::Gitlab, "ref", "main"),
        (
            PublicIssuer::Gitlab,
            "ci_config_ref_uri",
            "gitlab.com/octo/app//.gitlab-ci.yml@refs/heads/main",
        ),
        (PublicIssuer::Gitlab, "user_login", "octocat"),
        (PublicIssuer::Buildkite, "pipeline_slug", "app"),
        (PublicIssuer::Buildkite, "build_branch", "main"),
        (PublicIssuer::Terraform, "terraform_workspace_name", "production"),
        (PublicIssuer::Terraform, "terraform_run_phase", "apply"),
        (PublicIssuer::Vercel, "environment", "production"),
        (PublicIssuer::Vercel, "project", "app"),
        (PublicIssuer::Microsoft, "tid", "9188040D-6c67-4c5b-b112-36a304b66dad"),
        (PublicIssuer::Microsoft, "email", "alice@example.com"),
        (PublicIssuer::Microsoft, "preferred_username", "alice@example.com"),
        (PublicIssuer::SignIn, "email", "alice@example.com"),
    ] {
        assert!(!pinned(issuer, claim, value), "{claim} = {value}");
    }
}
