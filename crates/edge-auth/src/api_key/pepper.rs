//! The deployment's secrets behind tags, hashes and MACs.

use std::fmt;
use std::sync::Arc;

use edge_auth_token::Secret;
use serde::{Deserialize, Serialize};

use super::ProfileError;
use crate::derived_key::DerivedKey;

const MIN_BYTES: usize = 32;
const MAX_PEPPERS: usize = 16;
const SALT: &[u8; 32] = b"edge-auth api-key pepper, v1\0\0\0\0";

/// One secret, as the keys that are derived from it (HKDF-SHA-256, RFC 5869), one for each
/// purpose: what is computed for one can never pass for another.
pub struct Pepper {
    id: PepperId,
    /// Tags the random part of an id.
    pub(super) tag: DerivedKey,
    /// Hashes a key's secret.
    pub(super) secret: DerivedKey,
    /// Hashes the digest that another system stored.
    pub(super) imported: DerivedKey,
    /// Hashes a hash that was made under an older pepper.
    pub(super) wrap: DerivedKey,
    /// Authenticates a record.
    pub(super) record: DerivedKey,
}

impl Pepper {
    /// From at least 32 random bytes.
    pub fn new(secret: &Secret) -> Result<Self, ProfileError> {
        let bytes = secret.expose();
        if bytes.len() < MIN_BYTES {
            return Err(ProfileError::PepperTooShort { bytes: bytes.len() });
        }
        let root = DerivedKey::extract(SALT, bytes);
        let [a, b, c, d, ..] = *root.expand("public id");
        Ok(Self {
            id: PepperId(format!("{:08x}", u32::from_be_bytes([a, b, c, d]))),
            tag: root.derive("tag"),
            secret: root.derive("secret hash"),
            imported: root.derive("imported hash"),
            wrap: root.derive("wrapped hash"),
            record: root.derive("record mac"),
        })
    }

    /// The name by which records refer to it.
    pub fn id(&self) -> &PepperId {
        &self.id
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pepper({})", self.id)
    }
}

/// The public name of a pepper: 8 hexadecimal digits derived from it, which tell nothing of it.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PepperId(String);

impl fmt::Display for PepperId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One that was read from a record may be anything.
        write!(f, "{}", self.0.escape_debug())
    }
}

impl fmt::Debug for PepperId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PepperId({self})")
    }
}

/// All peppers of a deployment, by what is still believed of them. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Peppers(Arc<Ring>);

#[derive(Debug)]
struct Ring {
    current: Arc<Pepper>,
    previous: Vec<Arc<Pepper>>,
    retired: Vec<Arc<Pepper>>,
}

impl Peppers {
    /// - `current`: whatever is made, is made under it;
    /// - `previous`: records sealed under them are believed until they are wrapped;
    /// - `retired`: records sealed under them are refused. Ids that were tagged and hashes that
    ///   were begun under them stay good, so a retired pepper may even have leaked: who has it
    ///   can tag ids (each costs the gate a read of the store), but not write a record.
    pub fn new(
        current: Pepper,
        previous: Vec<Pepper>,
        retired: Vec<Pepper>,
    ) -> Result<Self, ProfileError> {
        let ring = Ring {
            current: Arc::new(current),
            previous: previous.into_iter().map(Arc::new).collect(),
            retired: retired.into_iter().map(Arc::new).collect(),
        };
        let peppers = Self(Arc::new(ring));
        let count = peppers.all().count();
        if count > MAX_PEPPERS {
            return Err(ProfileError::TooManyPeppers { count, limit: MAX_PEPPERS });
        }
        for (position, pepper) in peppers.all().enumerate() {
            if peppers.all().skip(position + 1).any(|other| other.id == pepper.id) {
                return Err(ProfileError::PepperRepeated { id: pepper.id.clone() });
            }
        }
        Ok(peppers)
    }

    pub(super) fn current(&self) -> &Arc<Pepper> {
        &self.0.current
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Pepper>> {
        let ring = &*self.0;
        std::iter::once(&ring.current).chain(&ring.previous).chain(&ring.retired)
    }

    pub(super) fn find(&self, id: &PepperId) -> Option<&Arc<Pepper>> {
        self.all().find(|pepper| pepper.id == *id)
    }

    pub(super) fn is_retired(&self, id: &PepperId) -> bool {
        self.0.retired.iter().any(|pepper| pepper.id == *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pepper(byte: u8) -> Pepper {
        Pepper::new(&Secret::new([byte; 32])).unwrap()
    }

    #[test]
    fn a_short_pepper_is_refused_with_its_length_and_nothing_else() {
        let error = Pepper::new(&Secret::new("hunter2")).unwrap_err().to_string();
        assert!(error.contains("7 bytes") && error.contains("32"), "{error}");
        assert!(!error.contains("hunter2"));
        assert!(Pepper::new(&Secret::new([1; 31])).is_err());
    }

    #[test]
    fn every_purpose_has_a_key_of_its_own() {
        let pepper = pepper(1);
        let mut codes =
            [&pepper.tag, &pepper.secret, &pepper.imported, &pepper.wrap, &pepper.record]
                .map(|key| key.code(b"same message"))
                .to_vec();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), 5);
    }

    #[test]
    fn one_pepper_in_two_places_is_refused() {
        let error = Peppers::new(pepper(1), vec![pepper(2)], vec![pepper(1)]).unwrap_err();
        assert_eq!(error, ProfileError::PepperRepeated { id: pepper(1).id().clone() });
    }

    #[test]
    fn more_than_sixteen_peppers_are_refused() {
        let retired = |last| (2..=last).map(pepper).collect::<Vec<_>>();
        assert!(Peppers::new(pepper(1), vec![], retired(16)).is_ok());
        assert!(Peppers::new(pepper(1), vec![], retired(17)).is_err());
    }

    #[test]
    fn debug_shows_the_public_id_only() {
        let peppers = Peppers::new(pepper(1), vec![], vec![]).unwrap();
        let shown = format!("{peppers:?}");
        assert!(shown.contains(&pepper(1).id().to_string()), "{shown}");
        assert!(!shown.contains("Hmac"), "{shown}");
    }
}
