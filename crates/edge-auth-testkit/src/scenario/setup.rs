//! Prepares a scenario for one host: expands URLs, writes key sets, mints tokens.

use std::collections::BTreeMap;

use edge_auth_token::Timestamp;
use serde_json::{Value, json};

use super::certificate;
use super::seed::Seeded;
use super::source::{IssuerSetup, Jwks, JwksKey, Key, ScenarioFile};
use super::tampering::alter;
use super::text::Texts;
use super::token::{expanded, mint};
use crate::documents::Document;
use crate::mint::TestKey;
use crate::platform::MapSecretProvider;

/// The configuration and documents with which a host starts.
#[derive(Debug)]
pub struct Setup<'a> {
    /// The policy, as TOML.
    pub policy: String,
    /// The policy under which the keys are created, if it is another one.
    pub policy_before: Option<String>,
    /// The secrets and files that the policy names.
    pub secret_provider: MapSecretProvider,
    /// The documents that issuers publish, by path.
    pub documents: BTreeMap<String, Document>,
    /// The API keys to create.
    pub(super) keys: BTreeMap<&'a str, &'a Key>,
    pub(super) texts: Texts,
}

impl<'a> Setup<'a> {
    /// Prepares a scenario for a host with this time and these issuers.
    pub(super) fn new(
        source: &'a ScenarioFile,
        issuers_url: String,
        now: Timestamp,
    ) -> Result<Self, String> {
        let mut texts = Texts::new(issuers_url, now);
        let mut documents = BTreeMap::new();
        for (name, jwks) in &source.jwks {
            let (document, set) =
                key_set(jwks, &texts).map_err(|error| format!("key set `{name}`: {error}"))?;
            documents.insert(format!("/jwks/{name}"), document);
            if let Some(set) = set {
                texts.set("inline", name, as_toml(&set));
            }
        }
        for (name, issuer) in &source.issuer {
            let path = format!("/issuer/{name}/.well-known/openid-configuration");
            documents.insert(path, metadata(name, issuer, &texts)?);
        }
        certificate::issue(source, &mut texts)?;
        for (name, token) in &source.token {
            let text = mint(token, &source.every_token, &texts);
            texts.set("token", name, text.map_err(|error| format!("token `{name}`: {error}"))?);
        }
        let policy_before = match &source.policy_before {
            Some(policy) => Some(texts.expand(policy)?),
            None => None,
        };
        let files = source.file.iter().map(|(name, text)| Ok((name.clone(), texts.bytes(text)?)));
        Ok(Self {
            policy: texts.expand(&source.policy)?,
            policy_before,
            secret_provider: MapSecretProvider {
                secrets: source.secret.clone(),
                files: files.collect::<Result<_, String>>()?,
            },
            documents,
            keys: source.key.iter().map(|(name, key)| (name.as_str(), key)).collect(),
            texts,
        })
    }

    /// Returns the same setup with another policy and an empty store.
    pub(super) fn with_policy(&self, policy: &str) -> Result<Self, String> {
        Ok(Self {
            policy: self.texts.expand(policy)?,
            policy_before: None,
            secret_provider: self.secret_provider.clone(),
            documents: self.documents.clone(),
            keys: BTreeMap::new(),
            texts: self.texts.clone(),
        })
    }

    /// Returns the host's time at the preparation.
    pub fn now(&self) -> Timestamp {
        self.texts.now
    }

    /// Adds the texts of the created keys, and of tampered ones.
    pub(super) fn complete(
        &mut self,
        source: &ScenarioFile,
        seeded: &Seeded,
    ) -> Result<(), String> {
        for (name, key) in seeded {
            self.texts.set("key", name, &key.text);
            self.texts.set("key-id", name, &key.id);
            if let Some(previous) = &key.previous {
                self.texts.set("previous", name, previous);
            }
        }
        for (name, altered) in &source.altered {
            let text = alter(altered, &self.texts)
                .map_err(|error| format!("altered `{name}`: {error}"))?;
            self.texts.set("altered", name, text);
        }
        Ok(())
    }
}

/// Returns the document, and the parsed set if there is one.
fn key_set(jwks: &Jwks, texts: &Texts) -> Result<(Document, Option<Value>), String> {
    let keys = jwks.keys.iter().map(|key| self::key(key, texts)).collect::<Result<Vec<_>, _>>()?;
    let set = json!({ "keys": keys });
    let body = match &jwks.text {
        Some(text) => texts.bytes(text)?,
        None => set.to_string().into_bytes(),
    };
    let location = match &jwks.location {
        Some(location) => Some(texts.expand(location)?),
        None => None,
    };
    let document = Document { status: jwks.status.unwrap_or(200), location, body };
    Ok((document, jwks.text.is_none().then_some(set)))
}

fn key(key: &JwksKey, texts: &Texts) -> Result<Value, String> {
    match key {
        JwksKey::Named(name) => named(name),
        JwksKey::Changed { of, without, members } => {
            let mut jwk = match of {
                Some(name) => named(name)?,
                None => json!({}),
            };
            let own = jwk.as_object_mut().ok_or("a JWK is an object")?;
            own.retain(|name, _| !without.contains(name));
            let Value::Object(members) = expanded(&Value::Object(members.clone()), texts)? else {
                return Err("a JWK is an object".to_owned());
            };
            own.extend(members);
            Ok(jwk)
        }
    }
}

fn named(name: &str) -> Result<Value, String> {
    match TestKey::named(name) {
        Some(key) => Ok(key.jwk()),
        None => Err(format!("there is no test key `{name}`")),
    }
}

fn metadata(name: &str, issuer: &IssuerSetup, texts: &Texts) -> Result<Document, String> {
    let own = format!("{{issuer:{name}}}");
    let iss = texts.expand(issuer.issuer.as_deref().unwrap_or(&own))?;
    let jwks_uri = texts.expand(&issuer.jwks_uri)?;
    Ok(Document::ok(json!({ "issuer": iss, "jwks_uri": jwks_uri }).to_string()))
}

/// Writes JSON as an inline TOML value. Both write strings alike.
fn as_toml(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(as_toml).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{} = {}", json!(name), as_toml(value)))
                .collect();
            format!("{{ {} }}", members.join(", "))
        }
        plain => plain.to_string(),
    }
}
