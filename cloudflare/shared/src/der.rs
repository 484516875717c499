//! Encodes the little DER (X.690) in which `node:crypto` takes keys and signatures.

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;

/// Encodes an `RSAPublicKey` (RFC 8017, appendix A.1.1).
pub(crate) fn rsa_public_key(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    element(SEQUENCE, &[unsigned(modulus), unsigned(exponent)].concat())
}

/// Encodes a `SubjectPublicKeyInfo` (RFC 5280, section 4.1.2.7). `algorithm` is the contents of its
/// `AlgorithmIdentifier`.
pub(crate) fn public_key_info(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    let unused_bits = [0];
    let key = element(BIT_STRING, &[&unused_bits, key].concat());
    element(SEQUENCE, &[element(SEQUENCE, algorithm), key].concat())
}

/// Encodes `r || s`, JOSE's form of a signature, as an `ECDSA-Sig-Value` (RFC 3279, section 2.2.3).
pub(crate) fn ecdsa_signature(fixed: &[u8]) -> Vec<u8> {
    let (r, s) = fixed.split_at(fixed.len() / 2);
    element(SEQUENCE, &[unsigned(r), unsigned(s)].concat())
}

/// Encodes an unsigned big-endian number in as few bytes as DER demands.
fn unsigned(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let digits = number.get(zeros..).unwrap_or_default();
    // A leading 1 bit would be a sign. Zero has one digit.
    let sign: &[u8] = if digits.first().is_none_or(|first| first & 0x80 != 0) { &[0] } else { &[] };
    element(INTEGER, &[sign, digits].concat())
}

fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len().to_be_bytes();
    let significant = length.iter().position(|byte| *byte != 0).unwrap_or(length.len() - 1);
    let length = length.get(significant..).unwrap_or_default();
    let mut element = vec![tag];
    if contents.len() > 0x7f {
        element.extend(u8::try_from(length.len()).map(|count| 0x80 | count));
    }
    element.extend(length);
    element.extend(contents);
    element
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_encoded_without_leading_zeros() {
        assert_eq!(unsigned(&[0, 0, 1]), [2, 1, 1]);
        assert_eq!(unsigned(&[0x7f]), [2, 1, 0x7f]);
        assert_eq!(unsigned(&[0x80]), [2, 2, 0, 0x80]);
        assert_eq!(unsigned(&[0, 0]), [2, 1, 0]);
    }

    #[test]
    fn lengths_are_as_short_as_they_can_be() {
        assert_eq!(element(4, &[7; 127])[..2], [4, 127]);
        assert_eq!(element(4, &[7; 128])[..3], [4, 0x81, 128]);
        assert_eq!(element(4, &[7; 256])[..4], [4, 0x82, 1, 0]);
        assert_eq!(element(4, &[]), [4, 0]);
    }

    #[test]
    fn a_signature_is_two_numbers() {
        assert_eq!(ecdsa_signature(&[0, 1, 0xff, 2]), [0x30, 8, 2, 1, 1, 2, 3, 0, 0xff, 2]);
    }

    #[test]
    fn a_key_carries_its_algorithm() {
        let info = public_key_info(&[6, 3, 0x2b, 0x65, 0x70], &[9; 32]);
        assert_eq!(info[..12], [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0]);
    }
}
