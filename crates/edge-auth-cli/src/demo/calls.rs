//! The calls to paste, with their credentials and the answers that they will get.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use edge_auth::{Code, Policy, SecretProvider};
use edge_auth_control::{CreateKeyRequest, KeyService};
use serde::Serialize;
use serde_json::{Map, Value};

use super::folder::Folder;
use super::policy::AUDIENCE;
use crate::error::CommandError;
use crate::native::{SystemRandomness, now};
use crate::sandbox::Signer;
use crate::store::SqliteStore;

/// One call, and its answer.
#[derive(Debug, Serialize)]
pub(super) struct Call {
    pub title: &'static str,
    pub command: String,
    method: &'static str,
    url: String,
    /// The header fields as they are sent.
    headers: Vec<String>,
    status: u16,
    code: Option<&'static str>,
}

impl Call {
    /// Describes the answer.
    pub(super) fn answer(&self) -> String {
        match self.code {
            Some(code) => format!("{} {code}", self.status),
            None => format!("{}, and what reached the API", self.status),
        }
    }
}

/// Makes the calls for the gate at `url`.
pub(super) async fn prepare(
    folder: &Folder,
    policy: &Policy,
    secret_provider: &dyn SecretProvider,
    store: &SqliteStore,
    signer: &Signer,
    url: &str,
) -> Result<Vec<Call>, CommandError> {
    let tokens = Tokens { policy };
    let keys = KeyService::new(policy, secret_provider, store)?;
    let request = |label: &str| CreateKeyRequest {
        block: "partners".to_owned(),
        label: Some(label.to_owned()),
        scopes: vec!["orders:read".to_owned()],
        expires: Some("24h".to_owned()),
        ..CreateKeyRequest::default()
    };
    let (_, key) = keys.create(request("demonstration"), &SystemRandomness, now()).await?;
    let (ended, revoked) =
        keys.create(request("demonstration, revoked"), &SystemRandomness, now()).await?;
    keys.revoke(ended.id(), "to show it", now()).await?;

    let alice = tokens.sign(signer, Some("at+jwt"), |_| ())?;
    let other = Signer::new(&[edge_auth_token::Algorithm::Es256])?;
    let mut mistyped = key.expose().to_owned();
    mistyped.pop();
    mistyped.push(if key.expose().ends_with('0') { '1' } else { '0' });

    let builder = CallBuilder { folder, url };
    let order = "/orders/42";
    Ok(vec![
        builder.call("A public rule", "GET", "/", None, None)?,
        builder.call("Alice's token", "GET", order, Some(("alice", bearer(&alice))), None)?,
        builder.call(
            "A partner's API key",
            "GET",
            order,
            Some(("partner", api_key(key.expose()))),
            None,
        )?,
        builder.call(
            "Alice forges an identity header: the gate strips it",
            "GET",
            order,
            Some((
                "alice-as-root",
                [bearer(&alice), vec!["X_Auth_Principal: root".to_owned()]].concat(),
            )),
            None,
        )?,
        builder.call("No credential", "GET", order, None, Some(Code::CredentialMissing))?,
        builder.call(
            "Alice may read orders, not write them",
            "POST",
            "/orders",
            Some(("alice", bearer(&alice))),
            Some(Code::ScopeInsufficient),
        )?,
        builder.call(
            "No rule allows it",
            "GET",
            "/invoices",
            Some(("alice", bearer(&alice))),
            Some(Code::NoRule),
        )?,
        builder.call(
            "A path that can be read in two ways",
            "GET",
            "/orders/..%2finvoices",
            Some(("alice", bearer(&alice))),
            Some(Code::PathAmbiguous),
        )?,
        builder.call(
            "An expired token",
            "GET",
            order,
            Some((
                "expired",
                bearer(&tokens.sign(signer, Some("at+jwt"), |claims| {
                    claims.insert("iat".to_owned(), 1_700_000_000.into());
                    claims.insert("exp".to_owned(), 1_700_003_600.into());
                })?),
            )),
            Some(Code::TokenExpired),
        )?,
        builder.call(
            "A token for another API",
            "GET",
            order,
            Some((
                "other-audience",
                bearer(&tokens.sign(signer, Some("at+jwt"), |claims| {
                    claims.insert("aud".to_owned(), format!("{AUDIENCE}/other").into());
                })?),
            )),
            Some(Code::AudienceMismatch),
        )?,
        builder.call(
            "An ID token instead of an access token",
            "GET",
            order,
            Some(("id-token", bearer(&tokens.sign(signer, Some("JWT"), |_| ())?))),
            Some(Code::TokenTypeMismatch),
        )?,
        builder.call(
            "A token signed with another key",
            "GET",
            order,
            Some(("forged", bearer(&tokens.sign(&other, Some("at+jwt"), |_| ())?))),
            Some(Code::SignatureInvalid),
        )?,
        builder.call(
            "An unsigned token (`alg` is `none`)",
            "GET",
            order,
            Some(("unsigned", bearer(&unsigned(&alice)))),
            Some(Code::AlgorithmNotAllowed),
        )?,
        builder.call(
            "A mistyped API key: refused without reading the store",
            "GET",
            order,
            Some(("mistyped", api_key(&mistyped))),
            Some(Code::KeyInvalid),
        )?,
        builder.call(
            "A revoked API key",
            "GET",
            order,
            Some(("revoked", api_key(revoked.expose()))),
            Some(Code::KeyRevoked),
        )?,
        builder.call(
            "Two tokens in one request: both are refused",
            "GET",
            order,
            Some(("two", [bearer(&alice), bearer(&alice)].concat())),
            Some(Code::CredentialMalformed),
        )?,
    ])
}

fn bearer(token: &str) -> Vec<String> {
    vec![format!("Authorization: Bearer {token}")]
}

fn api_key(key: &str) -> Vec<String> {
    vec![format!("X-API-Key: {key}")]
}

struct CallBuilder<'a> {
    folder: &'a Folder,
    url: &'a str,
}

impl CallBuilder<'_> {
    /// Makes a call. Its header fields go into a file of that name, which keeps the command short
    /// and the credential out of the process list.
    fn call(
        &self,
        title: &'static str,
        method: &'static str,
        path: &str,
        fields: Option<(&str, Vec<String>)>,
        denied: Option<Code>,
    ) -> Result<Call, CommandError> {
        let url = format!("{}{path}", self.url);
        let mut command = match method {
            "GET" => format!("curl -i '{url}'"),
            method => format!("curl -i -X {method} '{url}'"),
        };
        let mut headers = Vec::new();
        if let Some((name, fields)) = fields {
            let file = self.folder.write(name, &format!("{}\n", fields.join("\n")))?;
            command.push_str(&format!(" -H '@{}'", file.display()));
            headers = fields;
        }
        let (status, code) = denied.map_or((200, None), |code| (code.status(), Some(code.name())));
        Ok(Call { title, command, method, url, headers, status, code })
    }
}

struct Tokens<'a> {
    policy: &'a Policy,
}

impl Tokens<'_> {
    /// Signs Alice's token with changed claims.
    fn sign(
        &self,
        signer: &Signer,
        token_type: Option<&str>,
        change: impl FnOnce(&mut Map<String, Value>),
    ) -> Result<String, CommandError> {
        let now = now();
        let sample = self.policy.sample_token("demo", now);
        let mut claims = sample.map(|sample| sample.claims).unwrap_or_default();
        claims.insert("sub".to_owned(), "alice".into());
        claims.insert("scope".to_owned(), "orders:read".into());
        claims.insert("exp".to_owned(), (now.seconds() + 12 * 3600).into());
        change(&mut claims);
        signer.sign(token_type, &claims)
    }
}

/// Returns a token without a signature that has the claims of another.
fn unsigned(token: &str) -> String {
    let claims = token.split('.').nth(1).unwrap_or_default();
    format!("{}.{claims}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"at+jwt"}"#))
}
