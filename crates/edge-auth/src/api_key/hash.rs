//! What is stored of a key's secret, and the proof that is held against it.

use std::sync::Arc;

use base64::Engine;
use edge_auth_token::Secret;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::RecordError;
use super::pepper::{Pepper, PepperId, Peppers};
use super::record::BASE64;

/// What a presented key proves itself with.
pub(super) enum PresentedSecret {
    /// The secret of a key that was issued here.
    Secret(Zeroizing<[u8; 32]>),
    /// The digest of a key that another system issued.
    Digest(Secret),
}

/// The proof under a pepper: HMAC-SHA-256, and once more over the result under each pepper that
/// came later, so that an old hash is brought under a new pepper without the key's secret.
#[derive(Clone)]
pub(super) struct KeyHash {
    value: [u8; 32],
    innermost: Arc<Pepper>,
    /// The next to innermost first.
    wraps: Vec<Arc<Pepper>>,
}

impl KeyHash {
    pub(super) fn new(presented: &PresentedSecret, pepper: &Arc<Pepper>) -> Self {
        let wraps = Vec::new();
        Self { value: value(presented, pepper, &wraps), innermost: Arc::clone(pepper), wraps }
    }

    /// In constant time.
    pub(super) fn matches(&self, presented: &PresentedSecret) -> subtle::Choice {
        value(presented, &self.innermost, &self.wraps).ct_eq(&self.value)
    }

    pub(super) fn is_under(&self, pepper: &Pepper) -> bool {
        self.wraps.last().unwrap_or(&self.innermost).id() == pepper.id()
    }

    /// Brought under this pepper; unchanged if it is there.
    pub(super) fn rewrapped(mut self, pepper: &Arc<Pepper>) -> Self {
        if !self.is_under(pepper) {
            self.value = pepper.wrap.code(&self.value);
            self.wraps.push(Arc::clone(pepper));
        }
        self
    }

    pub(super) fn stored(&self) -> StoredHash {
        let chain = std::iter::once(&self.innermost).chain(&self.wraps);
        StoredHash {
            value: BASE64.encode(self.value),
            peppers: chain.map(|pepper| pepper.id().clone()).collect(),
        }
    }

    pub(super) fn from_stored(stored: &StoredHash, peppers: &Peppers) -> Result<Self, RecordError> {
        let broken = |problem: &str| RecordError::Body { detail: format!("its hash {problem}") };
        let value = BASE64
            .decode(&stored.value)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| broken("is not 32 bytes of base64url"))?;
        let mut chain = stored.peppers.iter().map(|id| match peppers.find(id) {
            Some(pepper) => Ok(Arc::clone(pepper)),
            None => Err(RecordError::HashPepperUnknown { pepper: id.clone() }),
        });
        let innermost = chain.next().ok_or_else(|| broken("names no pepper"))??;
        Ok(Self { value, innermost, wraps: chain.collect::<Result<_, _>>()? })
    }
}

/// As it stands in a record.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredHash {
    value: String,
    /// The innermost first.
    peppers: Vec<PepperId>,
}

fn value(presented: &PresentedSecret, innermost: &Pepper, wraps: &[Arc<Pepper>]) -> [u8; 32] {
    let value = match presented {
        PresentedSecret::Secret(secret) => innermost.secret.code(&**secret),
        PresentedSecret::Digest(digest) => innermost.imported.code(digest.expose()),
    };
    wraps.iter().fold(value, |value, pepper| pepper.wrap.code(&value))
}
