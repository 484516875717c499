//! HMAC-SHA-256 under a key for one purpose, the only keyed primitive of the core.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// A key of HMAC-SHA-256. Dropping it wipes it.
pub(crate) struct DerivedKey(Hmac<Sha256>);

impl DerivedKey {
    /// Computes HKDF-Extract (RFC 5869, section 2.2) with SHA-256. A salt of fewer than 32 bytes is
    /// padded with zeros, which HMAC appends anyway.
    pub(crate) fn extract(salt: &[u8; 32], secret: &[u8]) -> Self {
        Self::keyed(&Zeroizing::new(Self::keyed(salt).code(secret)))
    }

    /// Computes HKDF-Expand (RFC 5869, section 2.3): the first 32 bytes for this purpose.
    pub(crate) fn expand(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        let mut info = purpose.as_bytes().to_vec();
        info.push(1);
        Zeroizing::new(self.code(&info))
    }

    /// Derives a key for this purpose only.
    pub(crate) fn derive(&self, purpose: &str) -> Self {
        Self::keyed(&self.expand(purpose))
    }

    /// Computes the authentication code of a message.
    pub(crate) fn code(&self, message: &[u8]) -> [u8; 32] {
        let mac = self.0.clone().chain_update(message);
        mac.finalize().into_bytes().into()
    }

    /// Compares `code` with the whole code of the message in constant time.
    pub(crate) fn verifies(&self, message: &[u8], code: &[u8]) -> bool {
        let mac = self.0.clone().chain_update(message);
        mac.verify_slice(code).is_ok()
    }

    fn keyed(key: &[u8; 32]) -> Self {
        let mut block = Zeroizing::new([0; 64]);
        for (slot, byte) in block.iter_mut().zip(key) {
            *slot = *byte;
        }
        Self(Hmac::new((&*block).into()))
    }
}

/// Joins parts, each after its length, so that other parts never join to the same bytes.
pub(crate) fn framed(parts: &[&[u8]]) -> Vec<u8> {
    let bytes = parts.iter().map(|part| part.len() + 8).sum();
    let mut message = Vec::with_capacity(bytes);
    for part in parts {
        message.extend_from_slice(&(part.len() as u64).to_be_bytes());
        message.extend_from_slice(part);
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5869, appendix A.1: the first 32 of its 42 bytes.
    #[test]
    fn derivation_is_hkdf() {
        let mut salt = [0; 32];
        for (slot, byte) in salt.iter_mut().zip(0..=0x0c) {
            *slot = byte;
        }
        let key = DerivedKey::extract(&salt, &[0x0b; 22]);
        let info = [0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 1];
        assert_eq!(
            key.code(&info),
            [
                0x3c, 0xb2, 0x5f, 0x25, 0xfa, 0xac, 0xd5, 0x7a, 0x90, 0x43, 0x4f, 0x64, 0xd0, 0x36,
                0x2f, 0x2a, 0x2d, 0x2d, 0x0a, 0x90, 0xcf, 0x1a, 0x5a, 0x4c, 0x5d, 0xb0, 0x2d, 0x56,
                0xec, 0xc4, 0xc5, 0xbf
            ]
        );
    }

    #[test]
    fn a_truncated_code_is_refused() {
        let key = DerivedKey::extract(&[0; 32], b"secret");
        let code = key.code(b"message");
        assert!(key.verifies(b"message", &code));
        assert!(!key.verifies(b"message", &code[..31]));
        assert!(!key.verifies(b"message", &[]));
        assert!(!key.verifies(b"massage", &code));
    }

    #[test]
    fn moving_a_boundary_changes_the_framed_bytes() {
        assert_ne!(framed(&[b"ab", b"c"]), framed(&[b"a", b"bc"]));
        assert_ne!(framed(&[b"abc"]), framed(&[b"abc", b""]));
    }
}
