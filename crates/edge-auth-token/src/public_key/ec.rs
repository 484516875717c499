//! Elliptic curve public keys (RFC 7518, section 6.2.1).

use crate::{Curve, KeyError};

/// A point whose coordinates have the length of their curve's field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EcPublicKey {
    curve: Curve,
    x: Vec<u8>,
    y: Vec<u8>,
}

impl EcPublicKey {
    /// Makes a point of big-endian coordinates. RFC 7518, section 6.2.1.2, requires them to be as
    /// long as the field, but some issuers drop leading zeros, so this pads them.
    pub(crate) fn new(curve: Curve, x: Vec<u8>, y: Vec<u8>) -> Result<Self, KeyError> {
        let wanted = curve.coordinate_bytes();
        Ok(Self { curve, x: of_length("x", x, wanted)?, y: of_length("y", y, wanted)? })
    }

    /// Returns the curve.
    pub fn curve(&self) -> Curve {
        self.curve
    }

    /// Returns the coordinate `x`, big-endian, as long as the field.
    pub fn x(&self) -> &[u8] {
        &self.x
    }

    /// Returns the coordinate `y`, big-endian, as long as the field.
    pub fn y(&self) -> &[u8] {
        &self.y
    }

    /// Returns the uncompressed point, `4 || x || y` (SEC 1, section 2.3.3).
    pub fn to_uncompressed(&self) -> Vec<u8> {
        [&[4][..], &self.x, &self.y].concat()
    }
}

/// Returns the same number in `wanted` bytes.
fn of_length(member: &'static str, number: Vec<u8>, wanted: usize) -> Result<Vec<u8>, KeyError> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let value = number.get(zeros..).unwrap_or_default();
    let Some(padding) = wanted.checked_sub(value.len()) else {
        return Err(KeyError::CoordinateLength { member, found: value.len(), wanted });
    };
    Ok([&vec![0; padding][..], value].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_no_longer_than_the_field_and_are_padded_to_it() {
        for curve in [Curve::P256, Curve::P384, Curve::P521] {
            let wanted = curve.coordinate_bytes();
            assert!(EcPublicKey::new(curve, vec![1; wanted], vec![1; wanted]).is_ok());
            let padded =
                EcPublicKey::new(curve, [&[0][..], &vec![1; wanted - 1]].concat(), vec![1; wanted]);
            assert_eq!(EcPublicKey::new(curve, vec![1; wanted - 1], vec![1; wanted]), padded);
            for found in [wanted + 1, 2 * wanted] {
                assert_eq!(
                    EcPublicKey::new(curve, vec![1; found], vec![1; wanted]),
                    Err(KeyError::CoordinateLength { member: "x", found, wanted })
                );
                assert_eq!(
                    EcPublicKey::new(curve, vec![1; wanted], vec![1; found]),
                    Err(KeyError::CoordinateLength { member: "y", found, wanted })
                );
            }
        }
    }
}
