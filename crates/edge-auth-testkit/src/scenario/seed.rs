//! Creates a scenario's API keys in a host's store.

use std::collections::BTreeMap;

use edge_auth::platform::ApiKeyRecord;
use edge_auth::policy::{Format, Policy};
use edge_auth_control::store::{ApiKeyAdmin, Precondition, WriteOutcome};
use edge_auth_control::{AdminError, CreateKeyRequest, KeyService};
use edge_auth_token::Timestamp;

use super::setup::Setup;
use super::source::{Event, Key};
use super::text::duration;
use crate::randomness::SeededRandomness;

/// The created keys, by their names in the scenario.
pub type Seeded = BTreeMap<String, SeededKey>;

/// One created key.
#[derive(Debug, Clone)]
pub struct SeededKey {
    /// Its id.
    pub id: String,
    /// Its text.
    pub text: String,
    /// Its text before the last rotation.
    pub previous: Option<String>,
}

/// Creates the scenario's keys in `store`, through the product's own
/// [`edge_auth_control::KeyService`]. Must run before the host first reads the store.
///
/// # Errors
/// The reason for which a key cannot be created, for the author of the scenario.
pub async fn seed<S: ApiKeyAdmin>(setup: &Setup<'_>, store: &S) -> Result<Seeded, String> {
    let policy_before = setup.policy_before.as_deref().unwrap_or(&setup.policy);
    let before = key_service(policy_before, setup, store)?;
    let key_service = key_service(&setup.policy, setup, store)?;
    let seeding = Seeding { store, setup, randomness: SeededRandomness::new(1) };
    let mut seeded = Seeded::new();
    for (name, key) in &setup.keys {
        let made =
            seeding.make(&before, key).await.map_err(|error| format!("key `{name}`: {error}"))?;
        seeded.insert((*name).to_owned(), made);
    }
    for (name, key) in &setup.keys {
        for event in &key.then {
            seeding
                .happen(&key_service, name, event, &mut seeded)
                .await
                .map_err(|error| format!("key `{name}`: {event:?}: {error}"))?;
        }
    }
    Ok(seeded)
}

fn key_service<'s, S: ApiKeyAdmin>(
    policy: &str,
    setup: &Setup<'_>,
    store: &'s S,
) -> Result<KeyService<'s, S>, String> {
    let policy =
        Policy::parse(policy, Format::Toml, "policy.toml").map_err(|error| error.to_string())?;
    KeyService::new(&policy, &setup.secret_provider, store).map_err(|error| error.to_string())
}

struct Seeding<'a, S> {
    store: &'a S,
    setup: &'a Setup<'a>,
    randomness: SeededRandomness,
}

impl<S: ApiKeyAdmin> Seeding<'_, S> {
    fn time(&self, text: Option<&str>) -> Result<Timestamp, String> {
        let Some(text) = text else { return Ok(self.setup.now()) };
        self.setup.texts.time(text).ok_or_else(|| format!("`{text}` is not a time like -2d"))
    }

    async fn make(&self, key_service: &KeyService<'_, S>, key: &Key) -> Result<SeededKey, String> {
        let made = self.time(key.made.as_deref())?;
        let request = CreateKeyRequest {
            block: key.block.clone(),
            owner: key.owner.clone(),
            tenant: key.tenant.clone(),
            scopes: key.scopes.clone(),
            all_scopes: key.scopes.is_empty(),
            expires: key.expires.clone(),
            never_expires: key.expires.is_none(),
            networks: key.networks.clone(),
            ..CreateKeyRequest::default()
        };
        let (key, text) = match (&key.text, &key.hash) {
            (Some(text), Some(hash)) => {
                let key = key_service
                    .import(request, hash, made)
                    .await
                    .map_err(|error| error.to_string())?;
                (key, text.clone())
            }
            (None, None) => {
                let made = key_service.create(request, &self.randomness, made).await;
                let (key, text) = made.map_err(|error| error.to_string())?;
                (key, text.expose().to_owned())
            }
            (Some(_), None) | (None, Some(_)) => {
                return Err("an imported key has a `text` and a `hash`".to_owned());
            }
        };
        Ok(SeededKey { id: key.id().to_owned(), text, previous: None })
    }

    async fn happen(
        &self,
        key_service: &KeyService<'_, S>,
        name: &str,
        event: &Event,
        seeded: &mut Seeded,
    ) -> Result<(), String> {
        let others = seeded.clone();
        let key = seeded.get_mut(name).ok_or("does not exist")?;
        let now = self.setup.now();
        match event {
            Event::Rotate { overlap, when } => {
                let when = self.time(when.as_deref())?;
                let rotated =
                    key_service.rotate(&key.id, duration(overlap)?, &self.randomness, when).await;
                let (_, new) = rotated.map_err(text)?;
                key.previous = Some(std::mem::replace(&mut key.text, new.expose().to_owned()));
            }
            Event::Disable => drop(key_service.disable(&key.id, now).await.map_err(text)?),
            Event::Enable => drop(key_service.enable(&key.id, now).await.map_err(text)?),
            Event::Revoke { reason } => {
                drop(key_service.revoke(&key.id, reason, now).await.map_err(text)?)
            }
            Event::Wrap => {
                let (_, wrapped) = key_service.rewrap(&key.id, now).await.map_err(text)?;
                if !wrapped {
                    return Err("is wrapped already".to_owned());
                }
            }
            Event::Edit { from, to } => {
                let record = self.record(&key.id).await?;
                if !record.document.contains(from) {
                    return Err(format!("the record has no such text: {}", record.document));
                }
                let document = record.document.replacen(from, to, 1);
                self.overwrite(&record, document).await?;
            }
            Event::Overwrite { with } => {
                let other = others.get(with).ok_or_else(|| format!("there is no key `{with}`"))?;
                let document = self.record(&other.id).await?.document;
                self.overwrite(&self.record(&key.id).await?, document).await?;
            }
        }
        Ok(())
    }

    async fn record(&self, id: &str) -> Result<ApiKeyRecord, String> {
        let found =
            self.store.find(id, self.setup.now()).await.map_err(|error| error.to_string())?;
        found.ok_or_else(|| "has no record".to_owned())
    }

    async fn overwrite(&self, record: &ApiKeyRecord, document: String) -> Result<(), String> {
        let forged = ApiKeyRecord { document, version: record.version + 1, ..record.clone() };
        let put =
            self.store.put(&forged, Precondition::Version(record.version), self.setup.now()).await;
        match put.map_err(|error| error.to_string())? {
            WriteOutcome::Stored => Ok(()),
            WriteOutcome::Conflict => Err("another writer changed the store".to_owned()),
        }
    }
}

fn text(error: AdminError) -> String {
    error.to_string()
}
