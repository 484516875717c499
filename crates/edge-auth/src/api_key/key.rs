//! A key, as its authentic record describes it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use edge_auth_token::Timestamp;
use ipnet::IpNet;

use super::attributes::{Expiry, KeyAttributes, KeyStatus};
use super::hash::KeyHash;
use super::pepper_id::PepperId;
use super::profile::{ApiKeyProfile, PresentedKey};
use super::refusal::KeyRefusal;
use crate::scopes::Scopes;

/// A key, from [`ApiKeyProfile::open`] of a record whose MAC is right, or from a change to such a
/// key. Its `Debug` shows no hash.
///
/// It keeps the peppers of the block that opened it. Open its record again after the policy was
/// reloaded.
#[derive(Clone)]
pub struct ApiKey {
    pub(super) block: ApiKeyProfile,
    pub(super) id: String,
    pub(super) version: u64,
    /// The pepper that its record is sealed under.
    pub(super) sealed_under: PepperId,
    pub(super) attributes: KeyAttributes,
    pub(super) hash: KeyHash,
    pub(super) previous: Option<PreviousHash>,
}

/// The hash before the last rotation, valid until just before a time.
#[derive(Clone)]
pub(super) struct PreviousHash {
    pub(super) hash: KeyHash,
    pub(super) until: Timestamp,
}

impl ApiKey {
    /// Checks a presented key: its secret, state, expiry, environment and networks. Cheap enough
    /// for every request: one HMAC-SHA-256, and one more for each pepper that the hash was
    /// wrapped with (twice that while a rotation overlaps).
    ///
    /// The secret is compared first, in constant time: a caller without it learns nothing about
    /// the key's state. `client` is the address of the client, if the host knows it.
    pub fn check(
        &self,
        presented: &PresentedKey,
        client: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), KeyRefusal> {
        if !self.proves(presented, now) {
            return Err(KeyRefusal::SecretWrong);
        }
        self.check_state()?;
        if let Expiry::At(at) = self.attributes.expires
            && now >= at
        {
            return Err(KeyRefusal::Expired { at });
        }
        self.check_environment()?;
        self.check_client(client)
    }

    fn proves(&self, presented: &PresentedKey, now: Timestamp) -> bool {
        if presented.record_id() != self.id || presented.block().name() != self.block() {
            return false;
        }
        let mut matches = self.hash.matches(presented.presented());
        if let Some(previous) = &self.previous
            && now < previous.until
        {
            matches |= previous.hash.matches(presented.presented());
        }
        matches.into()
    }

    fn check_state(&self) -> Result<(), KeyRefusal> {
        match &self.attributes.state {
            KeyStatus::Active => Ok(()),
            KeyStatus::Disabled => Err(KeyRefusal::Disabled),
            KeyStatus::Revoked { at, reason } => {
                Err(KeyRefusal::Revoked { at: *at, reason: reason.clone() })
            }
        }
    }

    fn check_environment(&self) -> Result<(), KeyRefusal> {
        if self.environment() == self.block.environment() {
            return Ok(());
        }
        let named = |environment: Option<&str>| environment.unwrap_or("-").to_owned();
        Err(KeyRefusal::EnvironmentMismatch {
            key: named(self.environment()),
            block: named(self.block.environment()),
        })
    }

    fn check_client(&self, client: Option<IpAddr>) -> Result<(), KeyRefusal> {
        if self.attributes.networks.is_empty() {
            return Ok(());
        }
        let client = client.ok_or(KeyRefusal::ClientAddressUnknown)?.to_canonical();
        if !self.attributes.allows_client(client) {
            return Err(KeyRefusal::NetworkNotAllowed { client });
        }
        Ok(())
    }

    /// The id that logs, lists and the store use. Not a secret.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name of its block.
    pub fn block(&self) -> &str {
        self.block.name()
    }

    /// The number of times that its record was written, this time included.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Its name for people.
    pub fn label(&self) -> Option<&str> {
        self.attributes.label.as_deref()
    }

    /// Its owner.
    pub fn owner(&self) -> Option<&str> {
        self.attributes.owner.as_deref()
    }

    /// The tenant that it belongs to.
    pub fn tenant(&self) -> Option<&str> {
        self.attributes.tenant.as_deref()
    }

    /// Its scopes.
    pub fn scopes(&self) -> &Scopes {
        &self.attributes.scopes
    }

    /// The environment that it was issued for; `None` for an imported key.
    pub fn environment(&self) -> Option<&str> {
        self.attributes.environment.as_deref()
    }

    /// Whether it is active, disabled or revoked.
    pub fn state(&self) -> &KeyStatus {
        &self.attributes.state
    }

    /// When it was issued or imported.
    pub fn created_at(&self) -> Timestamp {
        self.attributes.created_at
    }

    /// When it expires.
    pub fn expires(&self) -> Expiry {
        self.attributes.expires
    }

    /// The networks that it may be used from; empty is anywhere.
    pub fn networks(&self) -> &[IpNet] {
        &self.attributes.networks
    }

    /// Further names and values.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.attributes.metadata
    }

    /// When the secret before the last rotation stops being valid, if there is one.
    pub fn previous_secret_until(&self) -> Option<Timestamp> {
        self.previous.as_ref().map(|previous| previous.until)
    }
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKey")
            .field("block", &self.block)
            .field("id", &self.id)
            .field("version", &self.version)
            .field("terms", &self.attributes)
            .finish_non_exhaustive()
    }
}
