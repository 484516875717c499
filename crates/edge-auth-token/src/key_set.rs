//! The keys of one issuer, and the selection of one for a token.

use std::sync::Arc;

use crate::{Algorithm, LogSafe, VerifyingKey};

/// The keys of one issuer, never of several: a `kid` identifies a key within its issuer only.
#[derive(Clone, Debug, Default)]
pub struct KeySet(Vec<Arc<VerifyingKey>>);

/// The reason why no key of a set is selected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeySelectionError {
    /// No key of the set has this identifier. Only in this case may a newer set help.
    #[error("the issuer has no key with the identifier \"{key_id}\"")]
    UnknownKeyId {
        /// The token's `kid`.
        key_id: LogSafe,
    },
    /// No candidate fits the token's algorithm. The candidates are the keys with the token's `kid`,
    /// or all keys if the token has none.
    #[error("the issuer has no key that may be used with {algorithm}")]
    NoFittingKey {
        /// The token's algorithm.
        algorithm: Algorithm,
    },
    /// More than one key fits. The gate never tries several keys on one token.
    #[error(
        "{found} keys of the issuer fit the token's `kid` and {algorithm}; the issuer must publish \
         one"
    )]
    Ambiguous {
        /// The token's algorithm.
        algorithm: Algorithm,
        /// The number of keys that fit.
        found: usize,
    },
}

impl KeySet {
    /// Makes a set of the keys of one issuer.
    pub fn new(keys: Vec<Arc<VerifyingKey>>) -> Self {
        Self(keys)
    }

    /// Returns the keys, in their original order.
    pub fn keys(&self) -> &[Arc<VerifyingKey>] {
        &self.0
    }

    /// Selects the one key for a token with this algorithm and `kid`. With a `kid`, only keys with
    /// that identifier are candidates; without one, all keys are. Exactly one candidate must fit
    /// the algorithm.
    ///
    /// # Errors
    /// [`KeySelectionError`], if no candidate or more than one fits.
    pub fn select(
        &self,
        algorithm: Algorithm,
        key_id: Option<&str>,
    ) -> Result<&Arc<VerifyingKey>, KeySelectionError> {
        let candidates: Vec<_> = match key_id {
            Some(_) => self.0.iter().filter(|key| key.key_id() == key_id).collect(),
            None => self.0.iter().collect(),
        };
        if let Some(key_id) = key_id
            && candidates.is_empty()
        {
            return Err(KeySelectionError::UnknownKeyId { key_id: LogSafe::new(key_id) });
        }
        let mut fitting =
            candidates.into_iter().filter(|key| key.algorithms().any(|own| own == algorithm));
        let key = fitting.next().ok_or(KeySelectionError::NoFittingKey { algorithm })?;
        match fitting.count() {
            0 => Ok(key),
            more => Err(KeySelectionError::Ambiguous { algorithm, found: more + 1 }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{JwkSet, KeyError, PublicKey, SignatureBackend, VerifySignature};

    struct NoBackend;

    impl SignatureBackend for NoBackend {
        fn import(
            &self,
            _: &PublicKey,
            _: Algorithm,
        ) -> Result<Box<dyn VerifySignature>, KeyError> {
            panic!("only secrets are tested here")
        }
    }

    /// A set of secrets, each with a `kid` or none, and an `alg`.
    fn set(keys: &[(Option<&str>, &str)]) -> KeySet {
        let allowed = [Algorithm::Hs256, Algorithm::Hs384];
        let entries: Vec<_> = keys
            .iter()
            .zip("BCDEFG".chars())
            .map(|((kid, alg), first)| {
                let secret = format!("{first}{}", "A".repeat(85));
                let mut key = serde_json::json!({"kty": "oct", "alg": alg, "k": secret});
                if let Some(kid) = kid {
                    key["kid"] = serde_json::json!(kid);
                }
                key
            })
            .collect();
        let set =
            JwkSet::parse(serde_json::json!({ "keys": entries }).to_string().as_bytes()).unwrap();
        let keys = set
            .keys
            .iter()
            .map(|jwk| Arc::new(VerifyingKey::from_jwk(jwk, &allowed, &NoBackend).unwrap()));
        KeySet::new(keys.collect())
    }

    use Algorithm::{Hs256, Hs384};
    use KeySelectionError::{Ambiguous, NoFittingKey, UnknownKeyId};

    #[test]
    fn a_token_with_a_kid_gets_the_key_with_that_kid() {
        let set = set(&[(Some("a"), "HS256"), (Some("b"), "HS256"), (None, "HS256")]);
        assert_eq!(set.select(Hs256, Some("b")).unwrap().key_id(), Some("b"));
        for unknown in ["c", "", "A", "a ", "a\0"] {
            let key_id = LogSafe::new(unknown);
            assert_eq!(set.select(Hs256, Some(unknown)).unwrap_err(), UnknownKeyId { key_id });
        }
    }

    #[test]
    fn a_known_key_that_does_not_fit_is_not_an_unknown_key() {
        let set = set(&[(Some("a"), "HS256"), (Some("b"), "HS384")]);
        assert_eq!(set.select(Hs384, Some("a")).unwrap_err(), NoFittingKey { algorithm: Hs384 });
    }

    #[test]
    fn the_algorithm_decides_between_two_keys_with_one_kid() {
        let set = set(&[
            (Some("a"), "HS256"),
            (Some("a"), "HS384"),
            (Some("b"), "HS384"),
            (Some("b"), "HS384"),
        ]);
        assert_eq!(set.select(Hs384, Some("a")).unwrap().algorithms().collect::<Vec<_>>(), [Hs384]);
        assert_eq!(
            set.select(Hs384, Some("b")).unwrap_err(),
            Ambiguous { algorithm: Hs384, found: 2 }
        );
    }

    #[test]
    fn without_a_kid_a_single_key_must_fit() {
        let one = set(&[(Some("a"), "HS256"), (Some("b"), "HS384")]);
        assert_eq!(one.select(Hs256, None).unwrap().key_id(), Some("a"));
        let two = set(&[(None, "HS256"), (Some("b"), "HS256")]);
        assert_eq!(two.select(Hs256, None).unwrap_err(), Ambiguous { algorithm: Hs256, found: 2 });
        assert_eq!(two.select(Hs384, None).unwrap_err(), NoFittingKey { algorithm: Hs384 });
        let empty = set(&[]);
        assert_eq!(empty.select(Hs256, None).unwrap_err(), NoFittingKey { algorithm: Hs256 });
        assert!(matches!(empty.select(Hs256, Some("a")), Err(UnknownKeyId { .. })));
    }
}
