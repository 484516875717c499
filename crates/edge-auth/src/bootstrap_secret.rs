//! The bootstrap secret of the administration: how it is made, recognised and compared.

use edge_auth_token::Secret;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::hexadecimal::to_hex;
use crate::platform::{Randomness, Unavailable};

/// The beginning of every bootstrap secret, for people and for secret scanners.
pub const BOOTSTRAP_PREFIX: &str = "edge-auth-admin_";

/// Makes a bootstrap secret: [`BOOTSTRAP_PREFIX`] and 256 random bits in base64url.
pub fn bootstrap_secret(randomness: &dyn Randomness) -> Result<Secret, Unavailable> {
    use base64::Engine;
    let mut bytes = zeroize::Zeroizing::new([0; 32]);
    randomness.fill(&mut *bytes)?;
    let digits =
        zeroize::Zeroizing::new(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(*bytes));
    Ok(Secret::new(format!("{BOOTSTRAP_PREFIX}{}", *digits)))
}

/// Returns the `bootstrap_hash` of a secret, as the policy holds it: `sha256:` and 64 hexadecimal
/// digits. A plain hash is enough, since the secret has 256 random bits.
pub fn bootstrap_hash(secret: &Secret) -> String {
    format!("sha256:{}", to_hex(&Sha256::digest(secret.expose())))
}

/// The SHA-256 of a bootstrap secret.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct BootstrapHash([u8; 32]);

impl BootstrapHash {
    /// Parses what [`bootstrap_hash`] returns.
    #[cfg(feature = "compiler")]
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = crate::hexadecimal::from_hex(text.strip_prefix("sha256:")?.as_bytes())?;
        bytes.try_into().ok().map(Self)
    }

    /// Compares a presented secret in constant time.
    pub fn matches(&self, presented: &[u8]) -> bool {
        let digest: [u8; 32] = Sha256::digest(presented).into();
        self.0.ct_eq(&digest).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bootstrap_hash_matches_its_secret_only() {
        let hash = bootstrap_hash(&Secret::new("edge-auth-admin_x"));
        let parsed = BootstrapHash::parse(&hash).unwrap();
        assert!(parsed.matches(b"edge-auth-admin_x"));
        assert!(!parsed.matches(b"edge-auth-admin_y"));
    }

    #[test]
    fn only_a_sha256_in_hexadecimal_is_a_bootstrap_hash() {
        let hash = bootstrap_hash(&Secret::new("edge-auth-admin_x"));
        for wrong in [
            "",
            "sha256:",
            "sha256:00",
            hash.trim_start_matches('s'),
            &format!("{hash}0"),
            &format!("{hash}00"),
            &format!("sha256:{}", "g".repeat(64)),
        ] {
            assert!(BootstrapHash::parse(wrong).is_none(), "{wrong}");
        }
    }
}
