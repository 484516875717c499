//! The defaults for well-known issuers: what they really put into their tokens.
//!
//! A preset changes only what a policy leaves out. Where access tokens have the same `typ` as ID
//! tokens, or none, a claim tells them apart.

use edge_auth_token::TokenType;
use serde::{Deserialize, Serialize};

use super::public_issuer::PublicIssuer;
use crate::policy::claim_rule::ClaimRule;

/// A well-known issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    /// Cloudflare Access' application tokens, which it sends in a separate field: a claim
    /// `type` is `app`; those of service tokens have an empty `sub`, and the client's id in
    /// `common_name`.
    CloudflareAccess,
}

/// The values of fields that the policy leaves out.
pub(super) struct Defaults {
    pub token_type: TokenType,
    pub audience_claim: &'static str,
    pub scope_claims: &'static [&'static str],
    pub client_claims: &'static [&'static str],
    pub claims: Vec<ClaimRule>,
    pub subject_claims: &'static [&'static str],
    /// The field that the tokens come by, unless it is `Authorization`.
    pub token_header: Option<&'static str>,
    /// The public issuer that such an issuer is like, whatever its `iss`: everybody can have
    /// tokens.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The names in backquotes of a cell of the table.
    fn names(cell: &str) -> Vec<&str> {
        cell.split('`').skip(1).step_by(2).collect()
    }

    #[test]
    fn the_table_of_the_reference_says_what_each_preset_does() {
        let reference = include_str!("../../../../../docs/policy.md");
        let section = reference.split("\n### Presets\n").nth(1).unwrap();
        let section = section.split("\n### ").next().unwrap();
        let mut presets = Vec::new();
        for row in
            section.lines().filter(|row| row.starts_with("| `") || row.starts_with("| (none)"))
        {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            let [name, typ, audience, scopes, client, more] = cells.as_slice() else {
                panic!("{row}")
            };
            let preset: Option<Preset> = names(name)
                .first()
                .map(|name| serde_json::from_value(serde_json::Value::from(*name)).unwrap());
            let defaults = Defaults::of(preset);
            let types: Vec<&str> = match &defaults.token_type {
                TokenType::Any => Vec::new(),
                TokenType::Exactly(one) => vec![one],
                TokenType::OneOf(several) | TokenType::OneOfOrNone(several) => {
                    several.iter().map(String::as_str).collect()
                }
            };
            assert_eq!(names(typ), types, "{row}");
            assert_eq!(*typ == "any", defaults.token_type == TokenType::Any, "{row}");
            let may_be_absent = matches!(defaults.token_type, TokenType::OneOfOrNone(_));
            assert_eq!(typ.ends_with("or none"), may_be_absent, "{row}");
            assert_eq!(names(audience), [defaults.audience_claim], "{row}");
            assert_eq!(names(scopes), defaults.scope_claims, "{row}");
            assert_eq!(*scopes == "none", defaults.scope_claims.is_empty(), "{row}");
            assert_eq!(names(client), defaults.client_claims, "{row}");
            assert_eq!(*client == "none", defaults.client_claims.is_empty(), "{row}");
            let header = defaults.token_header.unwrap_or_default();
            assert!(more.to_ascii_lowercase().contains(header), "{row}");
            for claim in defaults.subject_claims.iter().skip(1) {
                assert!(names(more).contains(claim), "{row}");
            }
            for rule in &defaults.claims {
                let claim = match rule {
                    ClaimRule::Is { claim, .. } => vec![claim.as_str()],
                    // The column with the client names them where there are several.
                    ClaimRule::AnyPresent { claims } => {
                        claims.iter().map(|claim| claim.as_str()).collect()
                    }
                };
                let said =
                    names(more).iter().chain(&names(client)).any(|name| claim.contains(name));
                assert!(said, "{row}");
            }
            assert_eq!(more.contains("must pin"), defaults.everybodys.is_some(), "{row}");
            presets.push(preset);
        }
        // A new preset needs a line here, and a row in the table.
        let all = [
            None,
            Some(Preset::Auth0),
            Some(Preset::Okta),
            Some(Preset::Entra),
            Some(Preset::Cognito),
            Some(Preset::Google),
            Some(Preset::Keycloak),
            Some(Preset::GithubActions),
            Some(Preset::Kubernetes),
            Some(Preset::Spiffe),
            Some(Preset::CloudflareAccess),
        ];
        assert_eq!(presets, all);
    }
}
