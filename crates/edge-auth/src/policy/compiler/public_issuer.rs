//! Issuers whose tokens everybody can have: how their `iss` looks, and which claims say whose a
//! token is. Issuers with an `iss` for each customer (Bitbucket, CircleCI, Okta, Cognito, …) are
//! not among them: there the `iss` says whose a token is.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use edge_auth_token::ClaimPath;
use url::Url;

use crate::policy::claim_rule::{ClaimTest, ClaimValue};

/// An issuer that makes tokens for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PublicIssuer {
    /// Workflows on github.com; an enterprise may have its own path.
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
    /// Sign-in for everybody: only `sub` says who it is.
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
    /// Returns the public issuer that has this `iss`. Only host and path count, in any spelling.
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

    /// Returns the claims whose values strangers cannot have. Not among them are claims that
    /// strangers' tokens may have with the same value: a branch, a workflow's or an environment's
    /// name; who set it going, in whosever repository (`actor`, `user_login`); a definition that
    /// strangers may run (`job_workflow_ref`, `ci_config_ref_uri`); for which client it is (`azp`);
    /// names that their owners choose freely (`name`, `preferred_username`, an `email` that nobody
    /// verified).
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

    /// Returns the claims that count as pins only if another claim, beside it here, is true.
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

    /// Whether the claims that a policy asks for say whose tokens it accepts.
    pub(super) fn is_pinned(self, claims: &BTreeMap<String, ClaimTest>) -> bool {
        let pins = |claim: &&str| named(claims, claim).any(|test| self.is_pinned_by(claim, test));
        self.pins().iter().any(pins)
    }

    /// Whether no stranger's token passes the test. "One of several values" pins if each value
    /// does. `contains` pins nothing, since these claims are not lists.
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

    /// Names the claims to pin, for people.
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

/// Returns the tests of the claim with this plain name, however the policy writes it.
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
