//! Administers the API keys of a store. Each change is one compare-and-set, so that two
//! administrators at the same time do not overwrite each other's changes.

use std::time::Duration;

use edge_auth_token::Timestamp;

use super::requests::within_time;
use super::tenant_limit::TenantLimit;
use super::{AdminError, CreateKeyRequest};
use crate::ledger::{ChangeMeta, RevocationLedger};
use crate::store::{ApiKeyAdmin, Precondition, RevocationLog, WriteOutcome};
use edge_auth::api_key::{
    ApiKey, ApiKeyProfile, Expiry, LifecycleError, PlaintextKey, claimed_block,
};
use edge_auth::platform::{ApiKeyRecord, NoRevocations, Randomness};
use edge_auth::policy::{Policy, PolicyErrors};
use edge_auth::revocation::{Entry, Identifier, Target};
use edge_auth::{SecretProvider, build_key_blocks};

/// How often a change is retried after another administrator's.
const ATTEMPTS: usize = 5;
/// The most records that one page of a list reads.
const PAGE: usize = 200;

/// Administers the API keys of one store.
#[derive(Debug)]
pub struct KeyService<'a, S, L = NoRevocations> {
    pub(super) store: &'a S,
    blocks: Vec<ApiKeyProfile>,
    publisher: Option<ChangePublisher<'a, L>>,
    /// The limit of the administrator, if it belongs to a tenant.
    pub(super) tenant_limit: Option<TenantLimit>,
}

/// Announces changes to all instances of the gate, by the revocation feed.
#[derive(Debug)]
struct ChangePublisher<'a, L> {
    ledger: RevocationLedger<'a, L>,
    by: String,
}

/// Some of the keys, in the order of their ids.
#[derive(Debug)]
pub struct Page {
    /// The keys.
    pub keys: Vec<ListedKey>,
    /// The id after which the next page begins, if there may be one.
    pub next: Option<String>,
}

/// One entry of a list.
#[derive(Debug)]
pub enum ListedKey {
    /// A key.
    Key(Box<ApiKey>),
    /// A record that cannot be trusted or read, and why.
    Untrusted {
        /// Its id.
        id: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl<'a, S: ApiKeyAdmin> KeyService<'a, S> {
    /// Makes a service for the keys of `policy`, with its peppers from `secret_provider`.
    pub fn new(
        policy: &Policy,
        secret_provider: &dyn SecretProvider,
        store: &'a S,
    ) -> Result<Self, PolicyErrors> {
        Ok(Self::of_blocks(build_key_blocks(policy, secret_provider)?, store))
    }

    pub(super) fn of_blocks(blocks: Vec<ApiKeyProfile>, store: &'a S) -> Self {
        Self { store, blocks, publisher: None, tenant_limit: None }
    }

    /// Keeps the administrator to a tenant, if it belongs to one.
    pub(super) fn limited_to(self, tenant_limit: Option<TenantLimit>) -> Self {
        Self { tenant_limit, ..self }
    }

    /// Announces every change by a revocation feed, if there is one, as done by `by`.
    pub fn publishing<L: RevocationLog>(
        self,
        ledger: Option<RevocationLedger<'a, L>>,
        by: impl Into<String>,
    ) -> KeyService<'a, S, L> {
        let publisher = ledger.map(|ledger| ChangePublisher { ledger, by: by.into() });
        let Self { store, blocks, tenant_limit, .. } = self;
        KeyService { store, blocks, publisher, tenant_limit }
    }
}

impl<'a, S: ApiKeyAdmin, L: RevocationLog> KeyService<'a, S, L> {
    /// Makes a key. Returns its text, which is stored nowhere.
    pub async fn create(
        &self,
        request: CreateKeyRequest,
        randomness: &dyn Randomness,
        now: Timestamp,
    ) -> Result<(ApiKey, PlaintextKey), AdminError> {
        let (request, block) = self.limited(request)?;
        let (key, text) = block.issue(request.to_new_key(now)?, randomness, now)?;
        self.insert(&key, now).await?;
        Ok((key, text))
    }

    /// Imports a key of another system by its hash.
    pub async fn import(
        &self,
        request: CreateKeyRequest,
        hash: &str,
        now: Timestamp,
    ) -> Result<ApiKey, AdminError> {
        let (request, block) = self.limited(request)?;
        let mut key = block.import(request.to_new_key(now)?, hash, now)?;
        let known = self.announced(&key).await?;
        if let Some(known) = known {
            // An earlier record of the same hash was deleted from the store.
            key = key.written_after(known);
        }
        self.insert(&key, now).await?;
        if known.is_some() {
            self.announce(&key, now).await?;
        }
        Ok(key)
    }

    /// Returns one key.
    pub async fn show(&self, id: &str, now: Timestamp) -> Result<ApiKey, AdminError> {
        if self.blocks.iter().any(|block| block.recognises(id)) {
            let message = "this is the text of a key, and not its id, which is in it before the last `_`; \
                           whoever may have seen it here has the key: rotate it";
            return Err(AdminError::Invalid(message.to_owned()));
        }
        let absent = || AdminError::NotFound(printable(id));
        let record = self.store.current(id, now).await?.ok_or_else(absent)?;
        let key = match (&self.tenant_limit, self.open(&record)) {
            (None, opened) => opened?,
            (Some(limit), Ok(key)) if limit.owns(&key) => key,
            (Some(_), Ok(_) | Err(_)) => return Err(absent()),
        };
        match self.announced(&key).await? {
            Some(known) if key.version() < known => {
                Err(AdminError::RecordOlder { id: printable(id), found: key.version(), known })
            }
            Some(_) | None => Ok(key),
        }
    }

    /// Returns up to `limit` keys (200 at most) after the id `after`, those of `block` only if it
    /// is given.
    pub async fn list(
        &self,
        block: Option<&str>,
        after: Option<&str>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Page, AdminError> {
        if let Some(block) = block {
            self.block(block)?;
        }
        let limit = limit.clamp(1, PAGE);
        if let Some(tenant) = &self.tenant_limit {
            return self.list_of_tenant(tenant, block, after, limit, now).await;
        }
        let records = self.store.list(after, limit, now).await?;
        let next = match records.last() {
            Some(last) if records.len() == limit => Some(last.id.clone()),
            Some(_) | None => None,
        };
        let mut keys = Vec::with_capacity(records.len());
        for record in &records {
            if let Some(block) = block
                && !claimed_block(record).is_ok_and(|claimed| claimed == block)
            {
                continue;
            }
            keys.push(match self.open(record) {
                Ok(key) => ListedKey::Key(Box::new(key)),
                Err(error) => {
                    ListedKey::Untrusted { id: record.id.clone(), reason: error.to_string() }
                }
            });
        }
        Ok(Page { keys, next })
    }

    /// Gives a key a new secret. The old one stays good for `overlap`.
    pub async fn rotate(
        &self,
        id: &str,
        overlap: Duration,
        randomness: &dyn Randomness,
        now: Timestamp,
    ) -> Result<(ApiKey, PlaintextKey), AdminError> {
        within_time("overlap", now, overlap)?;
        if let Some(limit) = &self.tenant_limit {
            limit.check_hands_out(&self.show(id, now).await?)?;
        }
        self.change(id, now, |key| key.rotate(overlap, randomness, now)).await
    }

    /// Disables a key until it is enabled again.
    pub async fn disable(&self, id: &str, now: Timestamp) -> Result<ApiKey, AdminError> {
        Ok(self.change(id, now, |key| Ok((key.disable()?, ()))).await?.0)
    }

    /// Enables a disabled key.
    pub async fn enable(&self, id: &str, now: Timestamp) -> Result<ApiKey, AdminError> {
        if let Some(limit) = &self.tenant_limit {
            limit.check_hands_out(&self.show(id, now).await?)?;
        }
        Ok(self.change(id, now, |key| Ok((key.enable()?, ()))).await?.0)
    }

    /// Revokes a key for good.
    pub async fn revoke(
        &self,
        id: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<ApiKey, AdminError> {
        Ok(self.revoke_by_entry(id, reason, now).await?.0)
    }

    /// Revokes a key for good, and returns the entry of the feed, if there is one. Enters it first,
    /// so that it counts even if the record then cannot be written.
    pub(super) async fn revoke_by_entry(
        &self,
        id: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<(ApiKey, Option<Entry>), AdminError> {
        let key = self.show(id, now).await?;
        key.revoke(reason, now)?;
        let mut entry = None;
        if let Some(ChangePublisher { ledger, by }) = &self.publisher {
            let target = Target::ApiKey { id: name(&key)? };
            entry = Some(ledger.revoke(target, ends(&key), ChangeMeta { by, reason, now }).await?);
        }
        let (key, ()) = self.change(id, now, |key| Ok((key.revoke(reason, now)?, ()))).await?;
        Ok((key, entry))
    }

    /// Wraps a key under the current pepper. Returns the key, and whether it was wrapped now.
    pub async fn rewrap(&self, id: &str, now: Timestamp) -> Result<(ApiKey, bool), AdminError> {
        for _ in 0..ATTEMPTS {
            let key = self.show(id, now).await?;
            let Some(wrapped) = key.rewrap() else {
                return Ok((key, false));
            };
            if self.replace(&key, &wrapped, now).await? == WriteOutcome::Stored {
                return Ok((wrapped, true));
            }
        }
        Err(AdminError::Conflict(printable(id)))
    }

    /// Changes a key, and announces the change.
    async fn change<T>(
        &self,
        id: &str,
        now: Timestamp,
        change: impl Fn(&ApiKey) -> Result<(ApiKey, T), LifecycleError>,
    ) -> Result<(ApiKey, T), AdminError> {
        let (key, extra) = self.replaced(id, now, change).await?;
        self.announce(&key, now).await?;
        Ok((key, extra))
    }

    /// Announces which version of a key's record was written.
    async fn announce(&self, key: &ApiKey, now: Timestamp) -> Result<(), AdminError> {
        if let Some(ChangePublisher { ledger, by }) = &self.publisher {
            let order = ChangeMeta { by, reason: "its record was written", now };
            let announced = ledger.key_written(&name(key)?, key.version(), ends(key), order).await;
            announced.map_err(AdminError::Unannounced)?;
        }
        Ok(())
    }

    async fn replaced<T>(
        &self,
        id: &str,
        now: Timestamp,
        change: impl Fn(&ApiKey) -> Result<(ApiKey, T), LifecycleError>,
    ) -> Result<(ApiKey, T), AdminError> {
        for _ in 0..ATTEMPTS {
            let key = self.show(id, now).await?;
            let (changed, extra) = change(&key)?;
            if self.replace(&key, &changed, now).await? == WriteOutcome::Stored {
                return Ok((changed, extra));
            }
        }
        Err(AdminError::Conflict(printable(id)))
    }

    /// Returns the latest version of a key's record that was announced.
    async fn announced(&self, key: &ApiKey) -> Result<Option<u64>, AdminError> {
        match &self.publisher {
            Some(ChangePublisher { ledger, .. }) => Ok(ledger.key_version(&name(key)?).await?),
            None => Ok(None),
        }
    }

    async fn insert(&self, key: &ApiKey, now: Timestamp) -> Result<(), AdminError> {
        match self.store.put(&key.seal()?, Precondition::Absent, now).await? {
            WriteOutcome::Stored => Ok(()),
            WriteOutcome::Conflict => Err(AdminError::Exists(key.id().to_owned())),
        }
    }

    async fn replace(
        &self,
        old: &ApiKey,
        new: &ApiKey,
        now: Timestamp,
    ) -> Result<WriteOutcome, AdminError> {
        Ok(self.store.put(&new.seal()?, Precondition::Version(old.version()), now).await?)
    }

    /// Returns a request for a key that this administrator may make, and the key's block.
    fn limited(
        &self,
        request: CreateKeyRequest,
    ) -> Result<(CreateKeyRequest, &ApiKeyProfile), AdminError> {
        let Some(limit) = &self.tenant_limit else {
            let block = self.block(&request.block)?;
            return Ok((request, block));
        };
        let request = limit.apply(request)?;
        let block = self.block(&request.block)?;
        limit.check_block(block.name())?;
        Ok((request, block))
    }

    pub(super) fn open(&self, record: &ApiKeyRecord) -> Result<ApiKey, AdminError> {
        let claimed = claimed_block(record)?;
        let block = self.find_block(&claimed).ok_or_else(|| AdminError::RecordOfUnknownBlock {
            id: printable(&record.id),
            block: printable(&claimed),
        })?;
        Ok(block.open(record)?)
    }

    fn block(&self, name: &str) -> Result<&ApiKeyProfile, AdminError> {
        if name.is_empty() {
            return match self.blocks.as_slice() {
                [only] => Ok(only),
                [] => Err(AdminError::Invalid("the policy has no `[[api_key]]` block".to_owned())),
                several => {
                    let names: Vec<&str> = several.iter().map(ApiKeyProfile::name).collect();
                    Err(AdminError::Invalid(format!(
                        "the policy has several `[[api_key]]` blocks, choose one as `block`: {}",
                        names.join(" | ")
                    )))
                }
            };
        }
        self.find_block(name).ok_or_else(|| AdminError::BlockUnknown(printable(name)))
    }

    fn find_block(&self, name: &str) -> Option<&ApiKeyProfile> {
        self.blocks.iter().find(|block| block.name() == name)
    }
}

/// Returns when a key expires.
fn ends(key: &ApiKey) -> Option<Timestamp> {
    match key.expires() {
        Expiry::At(at) => Some(at),
        Expiry::Never => None,
    }
}

fn name(key: &ApiKey) -> Result<Identifier, AdminError> {
    Identifier::try_from(key.id().to_owned())
        .map_err(|error| AdminError::Invalid(format!("the key's id {error}")))
}

fn printable(text: &str) -> String {
    edge_auth::audit::excerpt(text, 64)
}
