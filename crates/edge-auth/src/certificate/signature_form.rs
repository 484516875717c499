//! The forms that a certificate's signature can have.
//!
//! An ECDSA signature `(r, s)` is as good as `(r, n - s)`. Other signatures have only one value that
//! verifiers accept.

use std::cmp::Ordering;

use x509_cert::der::asn1::{AnyRef, UintRef};
use x509_cert::der::{self, Decode, Encode, Reader, SliceReader, Tag};
use x509_cert::spki::AlgorithmIdentifierRef;

use super::refusal::malformed;
use crate::denial::{Code, Denial};

/// `ecdsa-with-…` (RFC 5758, section 3.2).
const ECDSA: &str = "1.2.840.10045.4.";
/// PKCS #1: version 1.5 and PSS (RFC 8017, appendix C).
const RSA: &str = "1.2.840.113549.1.1.";
const ED25519: &str = "1.3.101.112";

/// The orders of P-256, P-384 and P-521 (FIPS 186-4, appendix D.1.2).
const ORDERS: [&[u8]; 3] = [&P256, &P384, &P521];
const P256: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, //
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
const P384: [u8; 48] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, //
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d,
    0xdf, //
    0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
];
const P521: [u8; 66] = [
    0x01, 0xff, //
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, //
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xfa, //
    0x51, 0x86, 0x87, 0x83, 0xbf, 0x2f, 0x96, 0x6b, 0x7f, 0xcc, 0x01, 0x48, 0xf7, 0x09, 0xa5,
    0xd0, //
    0x3b, 0xb5, 0xc9, 0xb8, 0x89, 0x9c, 0x47, 0xae, 0xbb, 0x6f, 0xb7, 0x1e, 0x91, 0x38, 0x64, 0x09,
];
/// The numbers of a signature are never this many bytes shorter than the order of the curve.
const SHORTER: usize = 9;
/// The order of edwards25519 (RFC 8032, section 5.1), in little-endian order as in all of Ed25519.
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
    0x14, //
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10,
];

/// The forms of a signature.
#[derive(Debug, Clone, Copy)]
pub(super) enum SignatureForm<'a> {
    /// Two forms, which follow from these numbers.
    Ecdsa(EcdsaNumbers<'a>),
    /// One form.
    Only,
}

/// The numbers of an ECDSA signature, without zeros in front.
#[derive(Debug, Clone, Copy)]
pub(super) struct EcdsaNumbers<'a> {
    r: &'a [u8],
    s: &'a [u8],
    /// The order of the curve.
    order: &'static [u8],
}

impl<'a> SignatureForm<'a> {
    /// Reads a signature; `algorithm` is its `AlgorithmIdentifier`.
    ///
    /// # Errors
    /// The signature has a form that no signer writes, or the algorithm is not supported.
    pub(super) fn read(algorithm: &[u8], signature: &'a [u8]) -> Result<Self, Denial> {
        let algorithm = AlgorithmIdentifierRef::from_der(algorithm);
        let algorithm = algorithm.map_err(|error| malformed(error.to_string()))?.oid.to_string();
        if algorithm.starts_with(ECDSA) {
            let numbers = EcdsaNumbers::read(signature);
            return numbers
                .map(Self::Ecdsa)
                .ok_or_else(|| malformed("its ECDSA signature has no valid form"));
        }
        if algorithm.starts_with(RSA) {
            // It is as long as the modulus, which is not known here. Zeros in front would be another
            // form.
            let whole = !signature.is_empty() && signature.len().is_multiple_of(8);
            return if whole && !signature.starts_with(&[0; 8]) {
                Ok(Self::Only)
            } else {
                Err(malformed("its RSA signature has a length that no modulus has"))
            };
        }
        if algorithm == ED25519 {
            let s = signature.split_at_checked(32).map(|(_, s)| s).filter(|s| s.len() == L.len());
            return if s.is_some_and(|s| s.iter().rev().lt(L.iter().rev())) {
                Ok(Self::Only)
            } else {
                Err(malformed("its Ed25519 signature has no valid form"))
            };
        }
        Err(Denial::new(
            Code::CertificateInvalid,
            "it is signed with an algorithm that is not accepted",
        ))
    }
}

impl<'a> EcdsaNumbers<'a> {
    /// Reads an `ECDSA-Sig-Value` (RFC 3279, section 2.2.3) in DER; `None` if its numbers fit no
    /// curve. The curve follows from their length: only one signature in 2^63 has a number that is
    /// [`SHORTER`] bytes shorter than the order, and a number plus the order is longer.
    fn read(signature: &'a [u8]) -> Option<Self> {
        let mut reader = SliceReader::new(signature).ok()?;
        let numbers = reader.sequence(|reader| {
            Ok::<_, der::Error>((UintRef::decode(reader)?, UintRef::decode(reader)?))
        });
        let (r, s) =
            numbers.ok().map(|(r, s)| (significant(r.as_bytes()), significant(s.as_bytes())))?;
        let canonical = value(r, s).ok()?;
        if canonical != signature {
            return None;
        }
        let fits = |number: &[u8], order: &[u8]| {
            less(number, order) && number.len() + SHORTER > order.len()
        };
        let order = ORDERS.into_iter().find(|order| fits(r, order) && fits(s, order))?;
        Some(Self { r, s, order })
    }

    /// Encodes the signature with `n - s` in place of `s`.
    pub(super) fn with_other_s(&self) -> der::Result<Vec<u8>> {
        value(self.r, significant(&self.other_s()))
    }

    /// Returns whether its `s` is the smaller one.
    pub(super) fn has_low_s(&self) -> bool {
        less(self.s, significant(&self.other_s()))
    }

    /// Returns `n - s`.
    fn other_s(&self) -> Vec<u8> {
        let mut borrow = false;
        let mut taken = self.s.iter().rev();
        let mut digits = self.order.to_vec();
        for digit in digits.iter_mut().rev() {
            let (rest, below) = digit.overflowing_sub(taken.next().copied().unwrap_or(0));
            let (rest, again) = rest.overflowing_sub(u8::from(borrow));
            (*digit, borrow) = (rest, below || again);
        }
        digits
    }
}

fn value(r: &[u8], s: &[u8]) -> der::Result<Vec<u8>> {
    let numbers = [UintRef::new(r)?.to_der()?, UintRef::new(s)?.to_der()?].concat();
    AnyRef::new(Tag::Sequence, &numbers)?.to_der()
}

/// Strips zeros in front of a number.
fn significant(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|digit| **digit == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// Returns whether a number is less than another; neither has zeros in front.
fn less(number: &[u8], other: &[u8]) -> bool {
    number.len().cmp(&other.len()).then_with(|| number.cmp(other)) == Ordering::Less
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ecdsa-with-SHA256`, and the same for RSA and Ed25519.
    const ECDSA_SHA256: [u8; 12] =
        [0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    const RSA_SHA256: [u8; 15] =
        [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00];
    const EDDSA: [u8; 7] = [0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70];

    fn greatest(order: &[u8]) -> Vec<u8> {
        let mut less = order.to_vec();
        *less.last_mut().unwrap() -= 1;
        less
    }

    fn shortest(order: &[u8]) -> Vec<u8> {
        vec![1; order.len() + 1 - SHORTER]
    }

    #[test]
    fn the_two_forms_of_a_signature_lead_to_each_other_on_every_curve() {
        for order in ORDERS {
            let low = value(&greatest(order), &shortest(order)).unwrap();
            let numbers = EcdsaNumbers::read(&low).unwrap();
            assert!(numbers.order == order && numbers.has_low_s());
            let high = numbers.with_other_s().unwrap();
            let numbers = EcdsaNumbers::read(&high).unwrap();
            assert!(numbers.order == order && !numbers.has_low_s());
            assert_eq!(numbers.with_other_s().unwrap(), low);
        }
        // n - 1 and 1
        let high = value(&shortest(&P256), &greatest(&P256)).unwrap();
        let low = EcdsaNumbers::read(&high).unwrap().with_other_s().unwrap();
        assert_eq!(low, value(&shortest(&P256), &[1]).unwrap());
    }

    #[test]
    fn numbers_out_of_range_or_in_other_bytes_are_refused() {
        for order in ORDERS {
            let good = greatest(order);
            for bad in [&[][..], &[1], order, &shortest(order)[1..], &[&[1], &good[..]].concat()] {
                assert!(EcdsaNumbers::read(&value(&good, bad).unwrap()).is_none());
                assert!(EcdsaNumbers::read(&value(bad, &good).unwrap()).is_none());
            }
        }
        let number = [&[2, 32][..], &[1; 32]].concat();
        let good = [&[0x30, 68][..], &number, &number].concat();
        assert!(EcdsaNumbers::read(&good).is_some());
        for other in [
            [&[0x30, 69, 2, 33, 0][..], &[1; 32], &number].concat(),
            [&[0x30, 69, 2, 0x81, 32][..], &[1; 32], &number].concat(),
            [&[0x30, 0x81, 68][..], &number, &number].concat(),
            [&[0x30, 68, 2, 32][..], &[0x81; 32], &number].concat(),
            [&good[..], &[0]].concat(),
            [&[0x30, 102][..], &number, &number, &number].concat(),
            [&[0x31, 68][..], &number, &number].concat(),
            [&[0x30, 0x80][..], &number, &number, &[0, 0]].concat(),
            [1; 64].to_vec(),
            Vec::new(),
        ] {
            assert!(EcdsaNumbers::read(&other).is_none(), "{other:x?}");
        }
    }

    #[test]
    fn the_signatures_of_rsa_and_ed25519_have_one_form() {
        let is_one =
            |algorithm: &[u8], signature: &[u8]| SignatureForm::read(algorithm, signature).is_ok();
        assert!(is_one(&RSA_SHA256, &[1; 256]));
        assert!(is_one(&RSA_SHA256, &[&[0][..], &[1; 255]].concat()));
        assert!(!is_one(&RSA_SHA256, &[&[0][..], &[1; 256]].concat()));
        assert!(!is_one(&RSA_SHA256, &[&[0; 8][..], &[1; 256]].concat()));
        assert!(!is_one(&RSA_SHA256, &[]));
        let mut less = L;
        less[0] -= 1;
        assert!(is_one(&EDDSA, &[[7; 32], less].concat()));
        assert!(!is_one(&EDDSA, &[[7; 32], L].concat()));
        assert!(!is_one(&EDDSA, &[[0xff; 32], [0xff; 32]].concat()));
        assert!(!is_one(&EDDSA, &[&[7; 32][..], &less, &[0]].concat()));
        assert!(!is_one(&EDDSA, &[7; 31]));
        let ecdsa = value(&[1; 32], &[1; 32]).unwrap();
        assert!(matches!(SignatureForm::read(&ECDSA_SHA256, &ecdsa), Ok(SignatureForm::Ecdsa(_))));
    }

    #[test]
    fn an_unknown_algorithm_is_refused() {
        let ed448 = [0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x71];
        let refusal = SignatureForm::read(&ed448, &[1; 114]).unwrap_err();
        assert_eq!(refusal.code, Code::CertificateInvalid);
    }
}
