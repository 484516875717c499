//! Issuing and changing keys. Each change returns a new version of the key:
//! [seal](ApiKey::seal) it, and store it by compare-and-set.

use std::time::Duration;

use edge_auth_token::Timestamp;
use zeroize::Zeroizing;

use super::attributes::{KeyAttributes, check_reason};
use super::hash::{KeyHash, PresentedSecret};
use super::key::PreviousHash;
use super::profile::BlockFormat;
use super::{ApiKey, ApiKeyProfile, Expiry, KeyStatus, LifecycleError, NewKey, PlaintextKey};
use crate::platform::Randomness;

impl ApiKeyProfile {
    /// Issues a key. Show its text to its owner once: it cannot be recovered.
    pub fn issue(
        &self,
        new: NewKey,
        randomness: &(impl Randomness + ?Sized),
        now: Timestamp,
    ) -> Result<(ApiKey, PlaintextKey), LifecycleError> {
        let BlockFormat::Native(format) = self.kind() else {
            return Err(LifecycleError::BlockOfImported { block: self.name().to_owned() });
        };
        let attributes = KeyAttributes::new(new, self.environment(), now)?;
        let mut random = [0; 9];
        randomness.fill(&mut random)?;
        let id = format.id(random, self.peppers().current());
        let secret = new_secret(randomness)?;
        let text = format.text(&id, &secret);
        Ok((self.first_version(id, attributes, &PresentedSecret::Secret(secret)), text))
    }

    /// Imports a key that another system issued, by that system's hash of it: hexadecimal or
    /// base64, of the block's algorithm.
    pub fn import(
        &self,
        new: NewKey,
        hash: &str,
        now: Timestamp,
    ) -> Result<ApiKey, LifecycleError> {
        let BlockFormat::Imported(format) = self.kind() else {
            return Err(LifecycleError::BlockOfIssued { block: self.name().to_owned() });
        };
        let attributes = KeyAttributes::new(new, self.environment(), now)?;
        let algorithm = format.algorithm();
        let (id, digest) = format.read_hash(self.name(), hash).ok_or(LifecycleError::Hash {
            algorithm: algorithm.name(),
            bytes: algorithm.bytes(),
        })?;
        Ok(self.first_version(id, attributes, &digest))
    }

    fn first_version(
        &self,
        id: String,
        attributes: KeyAttributes,
        presented: &PresentedSecret,
    ) -> ApiKey {
        let pepper = self.peppers().current();
        ApiKey {
            block: self.clone(),
            id,
            version: 1,
            sealed_under: pepper.id().clone(),
            attributes,
            hash: KeyHash::new(presented, pepper),
            previous: None,
        }
    }
}

impl ApiKey {
    /// Gives the key a new secret under the same id. The old secret stays valid for `overlap`. A
    /// second rotation ends the overlap of the first.
    pub fn rotate(
        &self,
        overlap: Duration,
        randomness: &(impl Randomness + ?Sized),
        now: Timestamp,
    ) -> Result<(Self, PlaintextKey), LifecycleError> {
        let BlockFormat::Native(format) = self.block.kind() else {
            return Err(LifecycleError::RotationOfImported);
        };
        self.refuse_revoked()?;
        if let Expiry::At(at) = self.attributes.expires
            && now >= at
        {
            return Err(LifecycleError::Expired { at });
        }
        let secret = new_secret(randomness)?;
        let text = format.text(&self.id, &secret);
        let old = PreviousHash { hash: self.hash.clone(), until: now.plus(overlap) };
        let mut key = self.next_version();
        key.hash = KeyHash::new(&PresentedSecret::Secret(secret), self.block.peppers().current());
        key.previous = (!overlap.is_zero()).then_some(old);
        Ok((key, text))
    }

    /// Switches the key off until it is enabled again.
    pub fn disable(&self) -> Result<Self, LifecycleError> {
        self.refuse_revoked()?;
        Ok(self.with_state(KeyStatus::Disabled))
    }

    /// Switches the key on again.
    pub fn enable(&self) -> Result<Self, LifecycleError> {
        self.refuse_revoked()?;
        Ok(self.with_state(KeyStatus::Active))
    }

    /// Ends the key for good. The reason (1 to 256 bytes) is for the operator's log. A second
    /// revocation is refused: the first time and reason stand.
    pub fn revoke(&self, reason: &str, now: Timestamp) -> Result<Self, LifecycleError> {
        self.refuse_revoked()?;
        check_reason(reason)?;
        Ok(self.with_state(KeyStatus::Revoked { at: now, reason: reason.to_owned() }))
    }

    /// Brings its hashes and its record under the current pepper, without its secret. Returns
    /// `None` if they are under it already.
    pub fn rewrap(&self) -> Option<Self> {
        let current = self.block.peppers().current();
        let previous_is_current = match &self.previous {
            Some(previous) => previous.hash.is_under(current),
            None => true,
        };
        if self.sealed_under == *current.id() && self.hash.is_under(current) && previous_is_current
        {
            return None;
        }
        let mut key = self.next_version();
        key.hash = key.hash.rewrapped(current);
        if let Some(PreviousHash { hash, until }) = key.previous {
            key.previous = Some(PreviousHash { hash: hash.rewrapped(current), until });
        }
        Some(key)
    }

    /// Returns the key as the version that follows this one.
    pub fn written_after(mut self, version: u64) -> Self {
        self.version = version.saturating_add(1);
        self
    }

    fn with_state(&self, state: KeyStatus) -> Self {
        let mut key = self.next_version();
        key.attributes.state = state;
        key
    }

    fn next_version(&self) -> Self {
        let mut key = self.clone();
        key.version = self.version.saturating_add(1);
        key.sealed_under = self.block.peppers().current().id().clone();
        key
    }

    fn refuse_revoked(&self) -> Result<(), LifecycleError> {
        match self.attributes.state {
            KeyStatus::Revoked { at, .. } => Err(LifecycleError::Revoked { at }),
            KeyStatus::Active | KeyStatus::Disabled => Ok(()),
        }
    }
}

fn new_secret(
    randomness: &(impl Randomness + ?Sized),
) -> Result<Zeroizing<[u8; 32]>, LifecycleError> {
    let mut secret = Zeroizing::new([0; 32]);
    randomness.fill(&mut *secret)?;
    Ok(secret)
}
