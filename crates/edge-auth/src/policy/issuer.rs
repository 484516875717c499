//! `[[issuer]]`, compiled: how its tokens are recognised and checked, and where its keys come from.

mod keys;

use std::time::Duration;

use edge_auth_token::{Algorithm, Audience, ClaimPath, Claims, Validation};

use serde::{Deserialize, Serialize};

use super::claim_rule::ClaimRule;
use super::fetch_files::FetchFiles;
use super::issuer_identifier::IssuerIdentifier;
use super::scope_claim::ScopeClaim;
use super::token_place::TokenPlace;

pub use keys::{KeyOrigin, SecretEncoding};

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
