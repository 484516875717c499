//! What well-known issuers really put into their tokens.
//!
//! A preset changes only what a policy leaves out. Issuers whose access tokens have no `typ` of
//! their own are told from ID tokens by a claim instead.

use edge_auth_token::TokenType;
use serde::{Deserialize, Serialize};

use super::claim_rule::ClaimRule;
use super::public_issuer::PublicIssuer;

/// A well-known issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Preset {
    /// Auth0: `typ` is `at+jwt` or, by Auth0's own profile, `JWT`; permissions beside scopes.
    Auth0,
    /// Okta custom authorization servers: no `typ`, scopes in `scp`, client in `cid`.
    Okta,
    /// Microsoft Entra ID: `typ` is `JWT`, scopes in `scp`, application roles in `roles`.
    Entra,
    /// Amazon Cognito user pools: no `typ`, no `aud`; `token_use` is `access`, audience
    /// `client_id`.
    Cognito,
    /// Google-signed ID tokens of service accounts and users. Everybody has some: the policy pins
    /// `hd` (the organization), `email` or `sub`.
    Google,
    /// Keycloak: `typ` is `JWT` or, if the client is set so, `at+jwt`; a *claim* `typ` is `Bearer`
    /// on access tokens only.
    Keycloak,
    /// GitHub Actions' OIDC tokens. Everybody's workflows have some, for any audience: the policy
    /// pins whose.
    GithubActions,
    /// Kubernetes' projected service-account tokens: no `typ`.
    Kubernetes,
    /// SPIFFE JWT-SVIDs: `typ` is `JWT`, `JOSE` or none, and they need no `iss`: the trust domain
    /// of `sub` says whose they are.
    Spiffe,
    /// Cloudflare Access' application tokens, which it sends in a field of their own: a claim
    /// `type` is `app`; those of service tokens have an empty `sub`, and the client's id in
    /// `common_name`.
    CloudflareAccess,
}

/// What applies where the policy says nothing.
pub(super) struct Defaults {
    pub token_type: TokenType,
    pub audience_claim: &'static str,
    pub scope_claims: &'static [&'static str],
    pub client_claims: &'static [&'static str],
    pub claims: Vec<ClaimRule>,
    pub subject_claims: &'static [&'static str],
    /// The field that the tokens come by, if it is not `Authorization`.
    pub token_header: Option<&'static str>,
    /// Where everybody can have tokens of such an issuer, whatever its `iss`: which one it is like.
    pub everybodys: Option<PublicIssuer>,
}

impl Defaults {
    pub(super) fn of(preset: Option<Preset>) -> Self {
        let jwt = || TokenType::Exactly("JWT".to_owned());
        let equals = |claim: &str, value: &str| vec![ClaimRule::equals(claim, value)];
        let standard = Self {
            token_type: TokenType::Exactly("at+jwt".to_owned()),
            audience_claim: "aud",
            scope_claims: &["scope"],
            client_claims: &["client_id"],
            claims: Vec::new(),
            subject_claims: &["sub"],
            token_header: None,
            everybodys: None,
        };
        let Some(preset) = preset else {
            return standard;
        };
        match preset {
            Preset::Auth0 => Self {
                token_type: TokenType::OneOf(vec!["at+jwt".to_owned(), "JWT".to_owned()]),
                scope_claims: &["scope", "permissions"],
                client_claims: &["client_id", "azp"],
                ..standard
            },
            Preset::Okta => Self {
                token_type: TokenType::Any,
                scope_claims: &["scp"],
                client_claims: &["cid"],
                claims: vec![ClaimRule::present(&["cid"])],
                ..standard
            },
            Preset::Entra => Self {
                token_type: jwt(),
                scope_claims: &["scp", "roles"],
                client_claims: &["azp", "appid"],
                claims: vec![ClaimRule::present(&["azp", "appid"])],
                ..standard
            },
            Preset::Cognito => Self {
                token_type: TokenType::Any,
                audience_claim: "client_id",
                claims: equals("token_use", "access"),
                ..standard
            },
            Preset::Google => Self {
                token_type: jwt(),
                scope_claims: &[],
                client_claims: &["azp"],
                everybodys: Some(PublicIssuer::Google),
                ..standard
            },
            Preset::Keycloak => Self {
                token_type: TokenType::OneOf(vec!["JWT".to_owned(), "at+jwt".to_owned()]),
                client_claims: &["azp"],
                claims: equals("typ", "Bearer"),
                ..standard
            },
            Preset::GithubActions => Self {
                token_type: jwt(),
                scope_claims: &[],
                client_claims: &[],
                everybodys: Some(PublicIssuer::GithubActions),
                ..standard
            },
            Preset::Kubernetes => Self {
                token_type: TokenType::Any,
                scope_claims: &[],
                client_claims: &[],
                claims: vec![ClaimRule::present(&["kubernetes.io"])],
                ..standard
            },
            Preset::Spiffe => Self {
                token_type: TokenType::OneOfOrNone(vec!["JWT".to_owned(), "JOSE".to_owned()]),
                scope_claims: &[],
                client_claims: &[],
                ..standard
            },
            Preset::CloudflareAccess => Self {
                token_type: jwt(),
                scope_claims: &[],
                client_claims: &["common_name"],
                claims: equals("type", "app"),
                subject_claims: &["sub", "common_name"],
                token_header: Some("cf-access-jwt-assertion"),
                ..standard
            },
        }
    }
}
