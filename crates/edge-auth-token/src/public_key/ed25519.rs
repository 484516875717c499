//! Ed25519 public keys (RFC 8037, section 2; RFC 8032, section 5.1).

use crate::KeyError;

/// An Ed25519 public key, canonically encoded and not of small order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ed25519PublicKey([u8; 32]);

impl Ed25519PublicKey {
    pub(crate) fn new(x: Vec<u8>) -> Result<Self, KeyError> {
        let found = x.len();
        let encoded = <[u8; 32]>::try_from(x).map_err(|_| KeyError::CoordinateLength {
            member: "x",
            found,
            wanted: 32,
        })?;
        let mut y = encoded;
        // The highest bit is the sign of x. Points of small order have small order with either
        // sign.
        let [.., last] = &mut y;
        *last &= 0x7f;
        if !is_below_field_prime(&y) {
            return Err(KeyError::WeakPoint { reason: "not in canonical form" });
        }
        if SMALL_ORDER.contains(&y) {
            return Err(KeyError::WeakPoint {
                reason: "a point of small order, for which everyone can sign",
            });
        }
        Ok(Self(encoded))
    }

    /// Returns the 32 bytes of the member `x`.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Returns whether a little-endian number is below 2^255 - 19.
fn is_below_field_prime(y: &[u8; 32]) -> bool {
    let mut prime = [0xff; 32];
    let [first, .., last] = &mut prime;
    (*first, *last) = (0xed, 0x7f);
    y.iter().rev().lt(prime.iter().rev())
}

/// The `y` coordinates of all points of order 1, 2, 4 or 8, little-endian.
#[rustfmt::skip]
const SMALL_ORDER: [[u8; 32]; 5] = [
    // 0: order 4
    [0; 32],
    // 1: order 1
    [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    // -1: order 2
    [0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
    // order 8
    [0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
     0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05],
    // order 8, the negative of the one before
    [0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
     0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_of_small_order_are_refused_with_either_sign() {
        for y in SMALL_ORDER {
            for sign in [0, 0x80] {
                let mut encoded = y;
                encoded[31] |= sign;
                let found = Ed25519PublicKey::new(encoded.to_vec());
                assert!(matches!(found, Err(KeyError::WeakPoint { .. })), "{encoded:02x?}");
            }
        }
    }

    #[test]
    fn non_canonical_encodings_are_refused() {
        // From the prime itself, which stands for 0, to 2^255 - 1, which stands for 18.
        for low in 0xed..=0xff {
            for sign in [0x7f, 0xff] {
                let mut encoded = [0xff; 32];
                (encoded[0], encoded[31]) = (low, sign);
                let found = Ed25519PublicKey::new(encoded.to_vec());
                assert_eq!(found, Err(KeyError::WeakPoint { reason: "not in canonical form" }));
            }
        }
    }

    #[test]
    fn a_point_may_have_either_sign() {
        for last in [0x09, 0x89] {
            let mut encoded = [9; 32];
            encoded[31] = last;
            let key = Ed25519PublicKey::new(encoded.to_vec()).unwrap();
            assert_eq!(key.as_bytes(), &encoded);
        }
    }

    #[test]
    fn a_key_is_32_bytes_long() {
        for found in [0, 31, 33, 57, 64] {
            let error = KeyError::CoordinateLength { member: "x", found, wanted: 32 };
            assert_eq!(Ed25519PublicKey::new(vec![9; found]), Err(error));
        }
        assert!(Ed25519PublicKey::new(vec![9; 32]).is_ok());
    }
}
