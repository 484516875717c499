//! A key set with its keys parsed once.

use std::sync::Arc;

use edge_auth_token::{
    Algorithm, Jwk, JwkSet, KeySelectionError, KeySet, LogSafe, Secret, SignatureBackend,
    VerifyingKey,
};

/// Verifying keys with their JWKs, so that the next set can reuse the keys that it has in common.
#[derive(Debug)]
pub(super) struct CachedJwks {
    jwks: Vec<(Jwk, Arc<VerifyingKey>)>,
    keys: KeySet,
    /// The published keys that cannot be used: their `kid` and the reason.
    unusable: Vec<(Option<String>, String)>,
    /// The set is a shared secret, which has no identifier, so a token's `kid` does not count.
    secret: bool,
}

impl CachedJwks {
    /// Imports the keys of a set. Skips and reports unusable keys. Reuses the keys that are in
    /// `known`, too, so that tokens verified with them stay verified.
    pub(super) fn new(
        set: JwkSet,
        known: Option<&Self>,
        algorithms: &[Algorithm],
        backend: &dyn SignatureBackend,
        notices: &mut Vec<String>,
    ) -> Self {
        let mut unusable = Vec::new();
        for skipped in &set.skipped {
            let kid = skipped.key_id.as_ref().map(|kid| kid.as_str().to_owned());
            let shown = kid.as_deref().unwrap_or("none");
            notices.push(format!(
                "key {} (kid {shown:?}) of the set is not used: {}",
                skipped.index + 1,
                skipped.error
            ));
            unusable.push((kid, skipped.error.to_string()));
        }
        let mut jwks = Vec::with_capacity(set.keys.len());
        for jwk in set.keys {
            let same = known.and_then(|known| known.jwks.iter().find(|(other, _)| *other == jwk));
            let key = match same {
                Some((_, key)) => Ok(Arc::clone(key)),
                None => VerifyingKey::from_jwk(&jwk, algorithms, backend).map(Arc::new),
            };
            match key {
                Ok(key) => jwks.push((jwk, key)),
                Err(error) => {
                    let kid = jwk.key_id().unwrap_or("none");
                    notices.push(format!("key with kid {kid:?} is not used: {error}"));
                    let kid = jwk.key_id().map(|kid| LogSafe::new(kid).as_str().to_owned());
                    unusable.push((kid, error.to_string()));
                }
            }
        }
        let keys = KeySet::new(jwks.iter().map(|(_, key)| Arc::clone(key)).collect());
        Self { jwks, keys, unusable, secret: false }
    }

    /// Makes a set of one shared secret.
    pub(super) fn secret(secret: &Secret, algorithms: &[Algorithm]) -> Result<Self, String> {
        let key =
            VerifyingKey::from_secret(secret, algorithms).map_err(|error| error.to_string())?;
        let keys = KeySet::new(vec![Arc::new(key)]);
        Ok(Self { jwks: Vec::new(), keys, unusable: Vec::new(), secret: true })
    }

    /// Selects the one key for a token with this algorithm and `kid`.
    pub(super) fn select(
        &self,
        algorithm: Algorithm,
        kid: Option<&str>,
    ) -> Result<Arc<VerifyingKey>, KeySelectionError> {
        let kid = if self.secret { None } else { kid };
        self.keys.select(algorithm, kid).cloned()
    }

    /// Explains why the set has no key for a token with this `kid`. Distinguishes a published key
    /// that cannot be used from a missing one.
    pub(super) fn explain(&self, error: &KeySelectionError, kid: Option<&str>) -> String {
        let kid = kid.map(|kid| LogSafe::new(kid).as_str().to_owned());
        let mut meant = self.unusable.iter().filter(|(own, _)| kid.is_none() || *own == kid);
        let Some((own, why)) = meant.next() else { return error.to_string() };
        let own = own.as_deref().unwrap_or("none");
        let more = match meant.count() {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        match error {
            KeySelectionError::UnknownKeyId { .. } => {
                format!(
                    "the key with the identifier \"{own}\" is published, but not used: {why}{more}"
                )
            }
            KeySelectionError::Ambiguous { .. } => error.to_string(),
            _ => format!("{error}; the key with the identifier \"{own}\" is not used: {why}{more}"),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.keys().is_empty()
    }

    /// Returns whether the set contains this very `Arc`.
    pub(super) fn holds(&self, key: &Arc<VerifyingKey>) -> bool {
        self.keys.keys().iter().any(|held| Arc::ptr_eq(held, key))
    }
}
