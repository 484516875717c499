//! Peppers: the deployment's secrets behind tags, hashes and MACs.

use std::fmt;
use std::sync::Arc;

use edge_auth_token::Secret;

use super::pepper_id::PepperId;
use super::profile_error::ProfileError;
use crate::derived_key::DerivedKey;

const MIN_BYTES: usize = 32;
const MAX_PEPPERS: usize = 16;
const SALT: &[u8; 32] = b"edge-auth api-key pepper, v1\0\0\0\0";

/// One secret, as the keys that are derived from it (HKDF-SHA-256, RFC 5869), one for each
/// purpose. A code that was computed for one purpose cannot pass for another's.
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
    /// Derives the keys from at least 32 random bytes.
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

    /// Its public name, by which records refer to it.
    pub fn id(&self) -> &PepperId {
        &self.id
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pepper({})", self.id)
    }
}

/// The peppers of a deployment, by how far they are still trusted. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Peppers(Arc<Ring>);

#[derive(Debug)]
struct Ring {
    current: Arc<Pepper>,
    previous: Vec<Arc<Pepper>>,
    retired: Vec<Arc<Pepper>>,
}

impl Peppers {
    /// Sorts peppers by their use. There may be 16 in all.
    ///
    /// - `current` makes new ids, hashes and records.
    /// - `previous`: records that they sealed are believed, until they are wrapped.
    /// - `retired`: records that they sealed are refused. Ids that they tagged and hashes that
    ///   they began stay valid. A retired pepper may even have leaked: it lets an attacker tag
    ///   ids (each costs the gate a read of the store), but not write a record.
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
    fn every_purpose_has_another_key() {
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
    fn debug_shows_only_the_public_id() {
        let peppers = Peppers::new(pepper(1), vec![], vec![]).unwrap();
        let shown = format!("{peppers:?}");
        assert!(shown.contains(&pepper(1).id().to_string()), "{shown}");
        assert!(!shown.contains("Hmac"), "{shown}");
    }
}
