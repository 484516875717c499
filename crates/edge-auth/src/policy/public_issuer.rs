//! Issuers whose tokens everybody can have: what their `iss` looks like, and which claims say whose
//! a token is. Issuers with an `iss` for each customer (Bitbucket, CircleCI, Okta, Cognito, …) are
//! not among them: there the `iss` itself says it.

use std::collections::BTreeMap;

use edge_auth_token::ClaimPath;
use url::Url;

use super::claim_rule::{ClaimTest, ClaimValue};

/// An issuer that makes tokens for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PublicIssuer {
    /// Workflows on github.com; an enterprise may have a path of its own.
    GithubActions,
    /// People and service accounts.
    Google,
    /// CI jobs and people on gitlab.com.
    Gitlab,
    /// Jobs of all organizations.
    Buildkite,
    /// HCP Terraform (Terraform Cloud): runs of all organizations.
    Terraform,
    /// Vercel in its global mode: deployments of all teams.
    Vercel,
    /// Microsoft's endpoints for any tenant, and the tenant of personal accounts.
    Microsoft,
    /// Where everybody can sign in, and is known by `sub` alone.
    SignIn,
}

/// Microsoft's tenant of everybody's personal accounts.
const PERSONAL_ACCOUNTS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
/// Microsoft's hosts that issue tokens or once did.
const MICROSOFT: [&str; 6] = [
    "login.microsoftonline.com",
    "login.microsoft.com",
    "login.windows.net",
    "login.live.com",
    "login.microsoftonline.us",
    "sts.windows.net",
];
const SIGN_IN: [&str; 12] = [
    "appleid.apple.com",
    "facebook.com",
    "www.facebook.com",
    "limited.facebook.com",
    "www.linkedin.com",
    "slack.com",
    "api.login.yahoo.com",
    "id.twitch.tv",
    "access.line.me",
    "discord.com",
    "login.salesforce.com",
    "test.salesforce.com",
];

/// GitHub's subjects begin with the claims of the template that a repository's owner chooses: with
/// one of these it names the repository or whose it is. (`environment:production` can be
/// anybody's.)
const GITHUB_SUBJECTS: [&str; 7] = [
    "repo",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "enterprise",
    "enterprise_id",
];

impl PublicIssuer {
    /// The issuer that has this `iss`, in whichever spelling: what counts are host and path.
    pub(super) fn of(iss: &str) -> Option<Self> {
        let url = match iss.contains("://") {
            true => Url::parse(iss),
            // Google's tokens may say `accounts.google.com`.
            false => Url::parse(&format!("https://{}", iss.trim().trim_start_matches('/'))),
        };
        let url = url.ok()?;
        let host = url.host_str()?.trim_end_matches('.');
        let first_segment =
            url.path().split('/').find(|segment| !segment.is_empty()).unwrap_or_default();
        Some(match host {
            "token.actions.githubusercontent.com" => Self::GithubActions,
            "accounts.google.com" => Self::Google,
            "gitlab.com" | "www.gitlab.com" => Self::Gitlab,
            "agent.buildkite.com" => Self::Buildkite,
            "app.terraform.io" | "app.eu.terraform.io" => Self::Terraform,
            // A team's own mode has a path.
            "oidc.vercel.com" if first_segment.is_empty() => Self::Vercel,
            _ if MICROSOFT.contains(&host) && is_any_tenant(first_segment) => Self::Microsoft,
            _ if SIGN_IN.contains(&host) => Self::SignIn,
            _ => return None,
        })
    }

    /// The claims that only some can have. Not among them are those that anybody's tokens may say,
    /// too: a branch, a workflow's or an environment's name; who set it going, in whosever
    /// repository (`actor`, `user_login`); a definition that strangers may run (`job_workflow_ref`,
    /// `ci_config_ref_uri`); for which client it is (`azp`); names that their owners choose freely
    /// (`name`, `preferred_username`, an `email` that nobody verified).
    pub(super) fn pins(self) -> &'static [&'static str] {
        match self {
            Self::GithubActions => &[
                "sub",
                "repository",
                "repository_id",
                "repository_owner",
                "repository_owner_id",
                "enterprise",
                "enterprise_id",
                "workflow_ref",
            ],
            Self::Google => &["hd", "email", "sub"],
            Self::Gitlab => {
                &["sub", "project_id", "project_path", "namespace_id", "namespace_path"]
            }
            Self::Buildkite => &["sub", "organization_id", "organization_slug", "pipeline_id"],
            Self::Terraform => &[
                "sub",
                "terraform_organization_id",
                "terraform_organization_name",
                "terraform_project_id",
                "terraform_workspace_id",
            ],
            Self::Vercel => &["sub", "owner", "owner_id", "project_id"],
            Self::Microsoft => &["sub", "oid", "tid"],
            Self::SignIn => &["sub"],
        }
    }

    /// Claims of these that the policy pins count only if another claim, beside it here, is true.
    pub(super) fn sworn_by(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Google => &[("email", "email_verified")],
            Self::GithubActions
            | Self::Gitlab
            | Self::Buildkite
            | Self::Terraform
            | Self::Vercel
            | Self::Microsoft
            | Self::SignIn => &[],
        }
    }

    /// Whether one of the claims that a policy asks for says whose tokens are accepted.
    pub(super) fn is_pinned(self, claims: &BTreeMap<String, ClaimTest>) -> bool {
        let pins = |claim: &&str| named(claims, claim).any(|test| self.is_pinned_by(claim, test));
        self.pins().iter().any(pins)
    }

    /// Whether no stranger's token meets the test. One of several values pins if each of them does.
    /// What a list contains pins nothing: none of these claims is a list.
    fn is_pinned_by(self, claim: &str, test: &ClaimTest) -> bool {
        let is_pin = |value: &ClaimValue| match value {
            ClaimValue::Text(text) => self.is_pin(claim, text),
            ClaimValue::Boolean(_) | ClaimValue::Integer(_) => false,
        };
        match test {
            ClaimTest::OneOf(values) => !values.is_empty() && values.iter().all(is_pin),
            ClaimTest::ContainsAny(_) | ClaimTest::ContainsAll(_) => false,
        }
    }

    /// Whether no stranger's token has this value in one of the claims.
    fn is_pin(self, claim: &str, value: &str) -> bool {
        let value = value.trim();
        if value.is_empty() {
            return false;
        }
        match (self, claim) {
            (Self::GithubActions, "sub") => value.split_once(':').is_some_and(|(first, rest)| {
                let whose = rest.split(':').next().unwrap_or_default();
                GITHUB_SUBJECTS.contains(&first) && !whose.trim().is_empty()
            }),
            (Self::Microsoft, "tid") => !value.eq_ignore_ascii_case(PERSONAL_ACCOUNTS),
            _ => true,
        }
    }

    /// Says which claims to pin, for people.
    pub(super) fn advice(self) -> String {
        let names = self.pins().join("`, `");
        let more = match self {
            Self::GithubActions => "; a `sub` must begin with the repository or its owner",
            Self::Microsoft => "; a `tid` must not be the one of personal accounts",
            Self::Google
            | Self::Gitlab
            | Self::Buildkite
            | Self::Terraform
            | Self::Vercel
            | Self::SignIn => "",
        };
        format!("`{names}`{more}")
    }
}

/// The tests of the claim with this plain name, however the policy writes it.
pub(super) fn named<'a>(
    claims: &'a BTreeMap<String, ClaimTest>,
    name: &'a str,
) -> impl Iterator<Item = &'a ClaimTest> {
    let is_named =
        move |written: &str| ClaimPath::parse(written).is_ok_and(|path| path.steps() == [name]);
    claims.iter().filter(move |(written, _)| is_named(written)).map(|(_, test)| test)
}

/// Whether a path of Microsoft's stands for more than one organization's tenant.
fn is_any_tenant(first_segment: &str) -> bool {
    let any = ["", "common", "organizations", "consumers", PERSONAL_ACCOUNTS];
    any.iter().any(|tenant| first_segment.eq_ignore_ascii_case(tenant))
}

#[cfg(test)]
mod tests {
    use super::*;

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
            (
                "https://sts.windows.net/9188040d-6c67-4c5b-b112-36a304b66dad/",
                PublicIssuer::Microsoft,
            ),
            ("https://appleid.apple.com", PublicIssuer::SignIn),
            ("https://www.facebook.com", PublicIssuer::SignIn),
        ] {
            assert_eq!(PublicIssuer::of(iss), Some(issuer), "{iss}");
        }
    }

    #[test]
    fn the_reference_names_the_claims_that_pin() {
        let reference = include_str!("../../../../docs/policy.md");
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
    fn an_issuer_of_one_customer_is_none_of_them() {
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
    fn one_of_several_values_pins_if_each_does_and_what_a_list_contains_pins_nothing() {
        let pinned = |claim: &str, test: serde_json::Value| {
            let test = serde_json::from_value(test).unwrap();
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
}
