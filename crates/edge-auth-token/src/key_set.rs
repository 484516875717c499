//! The keys of one issuer, and which of them a token is checked with.

use std::sync::Arc;

use crate::{Algorithm, Excerpt, VerifyingKey};

/// The keys of one issuer, never of several: `kid` means something with its issuer only.
#[derive(Clone, Debug, Default)]
pub struct KeySet(Vec<Arc<VerifyingKey>>);

/// Why no key of a set is taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeySelectionError {
    /// No key of the set has this identifier: the one case in which a newer set may help.
    #[error("the issuer has no key with the identifier \"{key_id}\"")]
    UnknownKeyId {
        /// The token's `kid`.
        key_id: Excerpt,
    },
    /// No key with this identifier, or no key at all if the token names none, may be used with
    /// the token's algorithm.
    #[error("the issuer has no key that may be used with {algorithm}")]
    NoFittingKey {
        /// The token's algorithm.
        algorithm: Algorithm,
    },
    /// More than one key would do. None is tried: which one it is must be clear beforehand.
    #[error("{found} keys of the issuer fit the token's `kid` and {algorithm}; none is tried")]
    Ambiguous {
        /// The token's algorithm.
        algorithm: Algorithm,
        /// How many keys fit.
        found: usize,
    },
}

impl KeySet {
    /// The keys of one issuer.
    pub fn new(keys: Vec<Arc<VerifyingKey>>) -> Self {
        Self(keys)
    }

    /// The keys, in the order that they were given in.
    pub fn keys(&self) -> &[Arc<VerifyingKey>] {
        &self.0
    }

    /// The one key for a token with this algorithm and `kid`. With a `kid`, only keys with that very
    /// identifier are candidates; without, all keys are. Of the candidates, exactly one must fit
    /// the algorithm.
    ///
    /// # Errors
    /// [`KeySelectionError`], if none or more than one fits.
    pub fn select(
        &self,
        algorithm: Algorithm,
        key_id: Option<&str>,
    ) -> Result<&Arc<VerifyingKey>, KeySelectionError> {
        let named = |key: &&Arc<VerifyingKey>| key_id.is_none() || key.key_id() == key_id;
        if let Some(key_id) = key_id.filter(|_| !self.0.iter().any(|key| named(&key))) {
            return Err(KeySelectionError::UnknownKeyId {
                key_id: Excerpt::new(key_id),
            });
        }
        let fits = |key: &&Arc<VerifyingKey>| key.algorithms().any(|own| own == algorithm);
        let mut fitting = self.0.iter().filter(named).filter(fits);
        let key = fitting
            .next()
            .ok_or(KeySelectionError::NoFittingKey { algorithm })?;
        match fitting.count() {
            0 => Ok(key),
            more => Err(KeySelectionError::Ambiguous {
                algorithm,
                found: more + 1,
            }),
        }
    }
}
