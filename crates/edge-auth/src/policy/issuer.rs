//! `[[issuer]]`, compiled: how its tokens are recognised and checked, and where its keys come from.

mod compile;
mod keys;

use std::time::Duration;

use edge_auth_token::{Algorithm, Audience, ClaimPath, Claims, Validation};

use serde::{Deserialize, Serialize};

use super::claim_rule::{ClaimRule, ClaimValue, is_github_subject_without_ids};
use super::fetch_files::FetchFiles;
use super::issuer_identifier::IssuerIdentifier;
use super::public_issuer::PublicIssuer;
use super::scope_claim::ScopeClaim;
use super::token_place::TokenPlace;

pub use keys::KeyOrigin;

pub(crate) use keys::fetchable;

/// One `[[issuer]]`, ready to check tokens with.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Issuer {
    pub name: String,
    /// `policy.toml:12`, for refusals that an operator must act on.
    #[serde(skip)]
    pub place: String,
    /// The line of `name` in the policy.
    pub line: Option<usize>,
    pub keys: KeyOrigin,
    /// The line of `keys` in the policy.
    pub keys_line: Option<usize>,
    /// Whether keys may be fetched by plain HTTP from elsewhere than loopback.
    pub insecure_http: bool,
    pub fetch_files: FetchFiles,
    pub algorithms: Vec<Algorithm>,
    /// How its tokens are recognised; `validation.issuer` is how the policy writes it.
    pub identifier: IssuerIdentifier,
    pub validation: Validation,
    /// Whether the keys are those of a SPIFFE trust domain.
    pub spiffe: bool,
    /// Whether the policy accepts any `typ` and asks for no claim that only access tokens have.
    pub any_type: bool,
    /// Where in a request its tokens are.
    pub token_place: TokenPlace,
    /// Whether everybody can have its tokens and the policy does not say whose are accepted.
    pub any_subject: bool,
    /// The claims with the subject: the first that is not empty counts.
    pub subject_claims: Vec<ClaimPath>,
    /// Whether the policy itself, and not the preset, names several claims with the subject.
    pub mixes_subjects: bool,
    pub scope_claims: Vec<ScopeClaim>,
    pub client_claims: Vec<ClaimPath>,
    pub claims: Vec<ClaimRule>,
    /// The age at which a key set is fetched again in the background.
    pub refresh: Duration,
    /// The time without a successful fetch after which a key set is no longer used.
    pub max_stale: Duration,
}

impl Issuer {
    /// Whether a token of this issuer fits this block: its type, its audience and its claims.
    pub(crate) fn expects(&self, token_type: Option<&str>, claims: &Claims) -> bool {
        self.validation.check_kind(token_type, claims).is_ok()
            && self.claims.iter().all(|rule| rule.refusal(claims).is_none())
    }

    /// Returns what an operator should change in this block, though the gate is right without it.
    pub(super) fn advice(&self) -> Vec<String> {
        let mut advice: Vec<String> = self.github_pins_without_ids().map(|pin| {
            format!(
                "issuer `{}`: `sub` is pinned as \"{pin}\", without ids. Repositories made or renamed since July \
                 2026 have immutable ids in their subjects (`repo:octo@1/app@2:…`), and their tokens are refused: \
                 pin that form, too, or `repository_id`",
                self.name
            )
        }).collect();
        if self.mixes_subjects {
            advice.push(format!(
                "issuer `{0}`: `subject_claim` lists several claims: a value that one token has in one of them and \
                 another token in another is one principal (`jwt:{0}:VALUE`). Make sure that no client's id is a \
                 user's `sub`, or give each kind of token a separate block, told apart by `claims`",
                self.name
            ));
        }
        advice
    }

    /// Returns the subjects of repositories that the policy pins as they were before they had ids.
    fn github_pins_without_ids(&self) -> impl Iterator<Item = &str> {
        let is_github =
            PublicIssuer::of(&self.validation.issuer) == Some(PublicIssuer::GithubActions);
        let pins = self.claims.iter().filter_map(move |rule| match rule {
            ClaimRule::Is { claim, wanted } if is_github && claim.steps() == ["sub"] => {
                Some(wanted.values())
            }
            ClaimRule::Is { .. } | ClaimRule::AnyPresent { .. } => None,
        });
        pins.flatten().filter_map(|value| match value {
            ClaimValue::Text(text) if is_github_subject_without_ids(text) => Some(text.as_str()),
            ClaimValue::Text(_) | ClaimValue::Boolean(_) | ClaimValue::Integer(_) => None,
        })
    }

    /// Returns what in this block weakens the gate, by the names of the fields.
    pub(super) fn weaknesses(&self) -> impl Iterator<Item = String> {
        let any_audience = matches!(self.validation.audience, Audience::Unchecked);
        [
            (any_audience, "insecure_any_audience: tokens for any API are accepted"),
            (self.any_type, "token_type = \"any\": ID tokens for the same audience are accepted, too"),
            (self.any_subject, "insecure_any_subject: everybody who gets a token of this issuer is accepted"),
            (self.insecure_http, "insecure_http_jwks: keys may be fetched without TLS"),
            (
                self.identifier.takes_any_tenant(),
                "insecure_any_tenant: tokens of every tenant of this issuer are accepted",
            ),
            (
                matches!(self.token_place, TokenPlace::Query(_)),
                "insecure_token_query: tokens stand in URLs, which browsers, proxies and servers log",
            ),
        ]
        .into_iter()
        .filter(|(on, _)| *on)
        .map(|(_, text)| format!("issuer `{}`: {text}", self.name))
    }
}
