//! Public keys that are fit for checking signatures, before a backend has seen them.

mod ec;
mod ed25519;
mod rsa;

pub use ec::{Curve, EcPublicKey};
pub use ed25519::Ed25519PublicKey;
pub use rsa::RsaPublicKey;

use crate::Algorithm;

/// A public key whose numbers are in range. Whether a point is on its curve is for the backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// For `RS*` and `PS*`.
    Rsa(RsaPublicKey),
    /// For `ES*`, by curve.
    Ec(EcPublicKey),
    /// For `EdDSA`.
    Ed25519(Ed25519PublicKey),
}

impl PublicKey {
    /// Whether the key's type and curve are those of `algorithm`.
    pub(crate) fn fits(&self, algorithm: Algorithm) -> bool {
        use Algorithm::{EdDsa, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
        match self {
            Self::Rsa(_) => matches!(algorithm, Rs256 | Rs384 | Rs512 | Ps256 | Ps384 | Ps512),
            Self::Ec(key) => algorithm == key.curve().algorithm(),
            Self::Ed25519(_) => algorithm == EdDsa,
        }
    }

    /// Whether a signature has the one form that it may have for this key, so that every backend
    /// refuses the others alike (CVE-2022-21449: `r` and `s` zero).
    pub(crate) fn accepts_form_of(&self, signature: &[u8]) -> bool {
        match self {
            Self::Rsa(key) => signature.len() == key.modulus().len(),
            Self::Ec(key) => key.curve().accepts_form_of(signature),
            Self::Ed25519(_) => signature.len() == 64,
        }
    }

    /// What the key is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "an RSA key",
            Self::Ec(key) => match key.curve() {
                Curve::P256 => "a P-256 key",
                Curve::P384 => "a P-384 key",
                Curve::P521 => "a P-521 key",
            },
            Self::Ed25519(_) => "an Ed25519 key",
        }
    }
}
