//! The stored hash of a key's secret, and the presented secret that is compared with it.

use std::sync::Arc;

use base64::Engine;
use edge_auth_token::Secret;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::pepper::{Pepper, Peppers};
use super::pepper_id::PepperId;
use super::record_error::RecordError;
use crate::sealed_document::{BASE64, decode_digest};

/// The secret part of a presented key.
pub(super) enum PresentedSecret {
    /// The secret of a key that was issued here.
    Secret(Zeroizing<[u8; 32]>),
    /// The digest of a key that another system issued.
    Digest(Secret),
}

/// HMAC-SHA-256 of the secret under a pepper, and once more of the result under each later pepper.
/// So an old hash comes under a new pepper without the key's secret.
#[derive(Clone)]
pub(super) struct KeyHash {
    value: [u8; 32],
    innermost: Arc<Pepper>,
    /// The peppers around it, from the inside out.
    wraps: Vec<Arc<Pepper>>,
}

impl KeyHash {
    pub(super) fn new(presented: &PresentedSecret, pepper: &Arc<Pepper>) -> Self {
        let wraps = Vec::new();
        Self { value: value(presented, pepper, &wraps), innermost: Arc::clone(pepper), wraps }
    }

    /// Compares in constant time.
    pub(super) fn matches(&self, presented: &PresentedSecret) -> subtle::Choice {
        value(presented, &self.innermost, &self.wraps).ct_eq(&self.value)
    }

    pub(super) fn is_under(&self, pepper: &Pepper) -> bool {
        self.wraps.last().unwrap_or(&self.innermost).id() == pepper.id()
    }

    /// Brings the hash under this pepper, unless it is under it already.
    pub(super) fn rewrapped(mut self, pepper: &Arc<Pepper>) -> Self {
        if !self.is_under(pepper) {
            self.value = pepper.wrap.code(&self.value);
            self.wraps.push(Arc::clone(pepper));
        }
        self
    }

    pub(super) fn stored(&self) -> StoredHash {
        let mut peppers = vec![self.innermost.id().clone()];
        for pepper in &self.wraps {
            peppers.push(pepper.id().clone());
        }
        StoredHash { value: BASE64.encode(self.value), peppers }
    }

    pub(super) fn from_stored(stored: &StoredHash, peppers: &Peppers) -> Result<Self, RecordError> {
        let Some(value) = decode_digest(&stored.value) else {
            return Err(broken("its hash is not 32 bytes of base64url"));
        };
        let mut chain = Vec::with_capacity(stored.peppers.len());
        for id in &stored.peppers {
            let Some(pepper) = peppers.find(id) else {
                return Err(RecordError::HashPepperUnknown { pepper: id.clone() });
            };
            chain.push(Arc::clone(pepper));
        }
        let Some((innermost, wraps)) = chain.split_first() else {
            return Err(broken("its hash names no pepper"));
        };
        Ok(Self { value, innermost: Arc::clone(innermost), wraps: wraps.to_vec() })
    }
}

fn broken(problem: &str) -> RecordError {
    RecordError::Body { detail: problem.to_owned() }
}

/// A hash as a record has it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredHash {
    value: String,
    /// From the inside out.
    peppers: Vec<PepperId>,
}

fn value(presented: &PresentedSecret, innermost: &Pepper, wraps: &[Arc<Pepper>]) -> [u8; 32] {
    let value = match presented {
        PresentedSecret::Secret(secret) => innermost.secret.code(&**secret),
        PresentedSecret::Digest(digest) => innermost.imported.code(digest.expose()),
    };
    wraps.iter().fold(value, |value, pepper| pepper.wrap.code(&value))
}
