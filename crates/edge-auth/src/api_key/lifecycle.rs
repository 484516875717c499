//! What may be done with keys. Each change is a new version of the key, to be
//! [sealed](ApiKey::seal) and stored by compare-and-set.

use std::time::Duration;

use edge_auth_token::Timestamp;
use zeroize::Zeroizing;

use super::block::BlockFormat;
use super::hash::{KeyHash, Proof};
use super::key::PreviousHash;
use super::terms::{Terms, check_reason};
use super::{ApiKey, ApiKeyBlock, Expiry, KeyText, LifecycleError, NewKey, State};
use crate::platform::Randomness;

impl ApiKeyBlock {
    /// Issues a key. Its text is not recoverable: show it to its owner, once.
    pub fn issue(
        &self,
        new: NewKey,
        randomness: &(impl Randomness + ?Sized),
        now: Timestamp,
    ) -> Result<(ApiKey, KeyText), LifecycleError> {
        let BlockFormat::Native(format) = self.kind() else {
            return Err(LifecycleError::BlockOfImported { block: self.name().to_owned() });
        };
        let terms = Terms::new(new, self.environment(), now)?;
        let mut random = [0; 9];
        randomness.fill(&mut random)?;
        let id = format.id(random, self.peppers().current());
        let secret = new_secret(randomness)?;
        let text = format.text(&id, &secret);
        Ok((self.first_version(id, terms, &Proof::Secret(secret)), text))
    }

    /// Takes over a key that another system issued, by that system's hash of it: hexadecimal or
    /// base64, of the block's algorithm.
    pub fn import(&self, new: NewKey, hash: &str, now: Timestamp) -> Result<ApiKey, LifecycleError> {
        let BlockFormat::Imported(format) = self.kind() else {
            return Err(LifecycleError::BlockOfIssued { block: self.name().to_owned() });
        };
        let terms = Terms::new(new, self.environment(), now)?;
        let algorithm = format.algorithm();
        let (id, digest) = format
            .read_hash(self.name(), hash)
            .ok_or(LifecycleError::Hash { algorithm: algorithm.name(), bytes: algorithm.bytes() })?;
        Ok(self.first_version(id, terms, &digest))
    }

    fn first_version(&self, id: String, terms: Terms, proof: &Proof) -> ApiKey {
        let pepper = self.peppers().current();
        ApiKey {
            block: self.clone(),
            id,
            version: 1,
            sealed_under: pepper.id().clone(),
            terms,
            hash: KeyHash::new(proof, pepper),
            previous: None,
        }
    }
}

impl ApiKey {
    /// A new secret under the same id. The old one is good for `overlap` more, or for none. A
    /// second rotation ends the overlap of the first: only the last secret before it has one.
    pub fn rotate(
        &self,
        overlap: Duration,
        randomness: &(impl Randomness + ?Sized),
        now: Timestamp,
    ) -> Result<(Self, KeyText), LifecycleError> {
        let BlockFormat::Native(format) = self.block.kind() else {
            return Err(LifecycleError::RotationOfImported);
        };
        self.refuse_revoked()?;
        if let Expiry::At(at) = self.terms.expires
            && now >= at
        {
            return Err(LifecycleError::Expired { at });
        }
        let secret = new_secret(randomness)?;
        let text = format.text(&self.id, &secret);
        let old = PreviousHash { hash: self.hash.clone(), until: now.plus(overlap) };
        let mut key = self.next_version();
        key.hash = KeyHash::new(&Proof::Secret(secret), self.block.peppers().current());
        key.previous = (!overlap.is_zero()).then_some(old);
        Ok((key, text))
    }

    /// Switches it off, for now.
    pub fn disable(&self) -> Result<Self, LifecycleError> {
        self.refuse_revoked()?;
        Ok(self.with_state(State::Disabled))
    }

    /// Switches it on again.
    pub fn enable(&self) -> Result<Self, LifecycleError> {
        self.refuse_revoked()?;
        Ok(self.with_state(State::Active))
    }

    /// Ends it for good. The reason (1 to 256 bytes) is for the operator's log. A key is revoked
    /// once: the first time and reason stand.
    pub fn revoke(&self, reason: &str, now: Timestamp) -> Result<Self, LifecycleError> {
        self.refuse_revoked()?;
        check_reason(reason)?;
        Ok(self.with_state(State::Revoked { at: now, reason: reason.to_owned() }))
    }

    /// Brings its hashes and its record under the current pepper, without its secret; `None` if
    /// they are.
    pub fn wrap(&self) -> Option<Self> {
        let current = self.block.peppers().current();
        let previous = self.previous.as_ref();
        let done = self.sealed_under == *current.id()
            && self.hash.is_under(current)
            && previous.is_none_or(|previous| previous.hash.is_under(current));
        if done {
            return None;
        }
        let mut key = self.next_version();
        key.hash = key.hash.wrapped(current);
        key.previous = key
            .previous
            .map(|previous| PreviousHash { hash: previous.hash.wrapped(current), until: previous.until });
        Some(key)
    }

    /// The same as the record that follows one with this version.
    pub(crate) fn written_after(mut self, version: u64) -> Self {
        self.version = version.saturating_add(1);
        self
    }

    fn with_state(&self, state: State) -> Self {
        let mut key = self.next_version();
        key.terms.state = state;
        key
    }

    fn next_version(&self) -> Self {
        let mut key = self.clone();
        key.version = self.version.saturating_add(1);
        key.sealed_under = self.block.peppers().current().id().clone();
        key
    }

    fn refuse_revoked(&self) -> Result<(), LifecycleError> {
        match self.terms.state {
            State::Revoked { at, .. } => Err(LifecycleError::Revoked { at }),
            State::Active | State::Disabled => Ok(()),
        }
    }
}

fn new_secret(randomness: &(impl Randomness + ?Sized)) -> Result<Zeroizing<[u8; 32]>, LifecycleError> {
    let mut secret = Zeroizing::new([0; 32]);
    randomness.fill(&mut *secret)?;
    Ok(secret)
}
