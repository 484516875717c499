//! A key whose record can be believed.

use std::collections::BTreeMap;
use std::net::IpAddr;

use edge_auth_token::Timestamp;
use ipnet::IpNet;
use subtle::Choice;

use super::attributes::KeyAttributes;
use super::hash::KeyHash;
use super::pepper::PepperId;
use super::{ApiKeyProfile, Expiry, KeyRefusal, KeyStatus, PresentedKey, RecordError, record};
use crate::platform::ApiKeyRecord;
use crate::scopes::Scopes;

/// A key as its record says it is; made by [`ApiKeyProfile::open`] from a record whose MAC is
/// right, or by a change to such a key. Its `Debug` shows no hash.
///
/// It keeps the peppers of the block that opened it: when the policy is loaded anew, open its
/// record anew.
#[derive(Clone)]
pub struct ApiKey {
    pub(super) block: ApiKeyProfile,
    pub(super) id: String,
    pub(super) version: u64,
    /// Under which its record stands in the store, or will.
    pub(super) sealed_under: PepperId,
    pub(super) attributes: KeyAttributes,
    pub(super) hash: KeyHash,
    pub(super) previous: Option<PreviousHash>,
}

/// The hash before the last rotation, good until just before a time.
#[derive(Clone)]
pub(super) struct PreviousHash {
    pub(super) hash: KeyHash,
    pub(super) until: Timestamp,
}

impl ApiKey {
    /// Whether this presentation of the key is good, now and from there. Cheap enough to be asked
    /// on every request: one HMAC-SHA-256, and one more for each pepper that the hash was wrapped
    /// with (twice that while a rotation overlaps).
    ///
    /// The secret is compared first, in constant time: whoever does not have it learns nothing
    /// of the key's state. `client` is the address that the host vouches for.
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
        let previous = match &self.previous {
            Some(previous) if now < previous.until => previous.hash.matches(presented.presented()),
            _ => Choice::from(0),
        };
        (self.hash.matches(presented.presented()) | previous).into()
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

    /// The record to store, under the current pepper. The store may forget it 90 days after the
    /// key has expired; until then the key is known to have expired.
    pub fn seal(&self) -> Result<ApiKeyRecord, RecordError> {
        record::seal(self)
    }

    /// The id, by which logs, lists and the store know it. Not a secret.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name of its block.
    pub fn block(&self) -> &str {
        self.block.name()
    }

    /// How often its record was written, this write included; from 1.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// What people call it.
    pub fn label(&self) -> Option<&str> {
        self.attributes.label.as_deref()
    }

    /// Whose it is.
    pub fn owner(&self) -> Option<&str> {
        self.attributes.owner.as_deref()
    }

    /// What it may do.
    pub fn scopes(&self) -> &Scopes {
        &self.attributes.scopes
    }

    /// The environment that it was issued for; imported keys have none.
    pub fn environment(&self) -> Option<&str> {
        self.attributes.environment.as_deref()
    }

    /// Whether it is in use.
    pub fn state(&self) -> &KeyStatus {
        &self.attributes.state
    }

    /// When it was issued or imported.
    pub fn created_at(&self) -> Timestamp {
        self.attributes.created_at
    }

    /// Until when it is good.
    pub fn expires(&self) -> Expiry {
        self.attributes.expires
    }

    /// From where it is good; empty is from anywhere.
    pub fn networks(&self) -> &[IpNet] {
        &self.attributes.networks
    }

    /// What else is known of it.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.attributes.metadata
    }

    /// Until when the secret before the last rotation is good too, if there is one.
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
