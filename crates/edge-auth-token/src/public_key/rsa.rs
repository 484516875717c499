//! RSA public keys (RFC 7518, section 6.3.1).

use crate::KeyError;

/// An RSA public key: 2048 to 8192 bits, with an odd exponent from 3 to 33 bits long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RsaPublicKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

const MODULUS_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// AWS-LC refuses longer exponents on use, to bound the work that a key can cause. Refusing them
/// here makes every backend refuse them.
const MAX_EXPONENT_BITS: usize = 33;

impl RsaPublicKey {
    /// Makes a key of big-endian numbers. RFC 7518, section 2 (`Base64urlUInt`), requires their
    /// shortest form, but many issuers put a zero octet in front, so this removes leading zeros.
    pub(crate) fn new(modulus: Vec<u8>, exponent: Vec<u8>) -> Result<Self, KeyError> {
        let wanted = "a number above zero in base64url";
        let (modulus, exponent) = (shortest(modulus), shortest(exponent));
        let modulus_bits = bits(&modulus).ok_or(KeyError::IllTyped { member: "n", wanted })?;
        let exponent_bits = bits(&exponent).ok_or(KeyError::IllTyped { member: "e", wanted })?;
        if !MODULUS_BITS.contains(&modulus_bits) {
            return Err(KeyError::ModulusLength { bits: modulus_bits });
        }
        if !is_odd(&modulus) {
            return Err(KeyError::WeakModulus { reason: "it is even" });
        }
        if has_roca_fingerprint(&modulus) {
            return Err(KeyError::WeakModulus {
                reason: "it comes from a generator whose keys can be factored (ROCA, \
                         CVE-2017-15361)",
            });
        }
        // The smallest odd number of two bits is 3.
        if !is_odd(&exponent) || !(2..=MAX_EXPONENT_BITS).contains(&exponent_bits) {
            return Err(KeyError::Exponent);
        }
        Ok(Self { modulus, exponent })
    }

    /// Returns the modulus `n`, big-endian, without leading zeros.
    pub fn modulus(&self) -> &[u8] {
        &self.modulus
    }

    /// Returns the exponent `e`, big-endian, without leading zeros.
    pub fn exponent(&self) -> &[u8] {
        &self.exponent
    }
}

/// Removes leading zeros.
fn shortest(mut number: Vec<u8>) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.drain(..zeros);
    number
}

/// Returns the length in bits of a number in its shortest form, or `None` for zero.
fn bits(number: &[u8]) -> Option<usize> {
    let first = number.first()?;
    Some(number.len() * 8 - first.leading_zeros() as usize)
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|last| last & 1 == 1)
}

/// Returns whether the modulus has primes of the flawed generator. These are
/// `k·M + (65537^a mod M)`, with M the product of the first primes. Modulo each of those, such a
/// modulus is a power of 65537, which is true of at most one random modulus in 2^27 (Nemec et al.,
/// "The Return of Coppersmith's Attack", section 2).
fn has_roca_fingerprint(modulus: &[u8]) -> bool {
    const PRIMES: [u32; 38] = [
        3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89,
        97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
    ];
    PRIMES.iter().all(|&prime| {
        let remainder =
            modulus.iter().fold(0, |rest, &byte| (rest * 256 + u32::from(byte)) % prime);
        let generator = 65_537 % prime;
        let mut power = 1;
        loop {
            if power == remainder {
                return true;
            }
            power = power * generator % prime;
            if power == 1 {
                return false;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const F4: [u8; 3] = [1, 0, 1];

    fn padded(number: &[u8]) -> Vec<u8> {
        [&[0; 128][..], number].concat()
    }

    fn modulus(bits: usize) -> Vec<u8> {
        let mut modulus = vec![0xff; bits.div_ceil(8)];
        modulus[0] = 0xff >> (modulus.len() * 8 - bits);
        modulus
    }

    #[test]
    fn the_modulus_has_2048_to_8192_bits() {
        for bits in [2048, 2049, 3072, 4096, 8192] {
            assert!(RsaPublicKey::new(modulus(bits), F4.to_vec()).is_ok(), "{bits}");
        }
        for bits in [1, 512, 1024, 2040, 2047, 8193, 16_384] {
            let found = RsaPublicKey::new(modulus(bits), F4.to_vec());
            assert_eq!(found, Err(KeyError::ModulusLength { bits }));
        }
    }

    #[test]
    fn leading_zeros_do_not_count() {
        let found = RsaPublicKey::new(padded(&modulus(1024)), F4.to_vec());
        assert_eq!(found, Err(KeyError::ModulusLength { bits: 1024 }));
        let plain = RsaPublicKey::new(modulus(2048), F4.to_vec());
        assert_eq!(RsaPublicKey::new(padded(&modulus(2048)), padded(&F4)), plain);
        assert_eq!(RsaPublicKey::new(modulus(2048), vec![0, 1]), Err(KeyError::Exponent));
        for number in [Vec::new(), vec![0], vec![0; 256]] {
            let found = RsaPublicKey::new(number.clone(), F4.to_vec());
            assert!(matches!(found, Err(KeyError::IllTyped { member: "n", .. })));
            let found = RsaPublicKey::new(modulus(2048), number);
            assert!(matches!(found, Err(KeyError::IllTyped { member: "e", .. })));
        }
    }

    #[test]
    fn an_even_modulus_is_refused() {
        let mut even = modulus(2048);
        even[255] = 0xfe;
        assert!(matches!(RsaPublicKey::new(even, F4.to_vec()), Err(KeyError::WeakModulus { .. })));
    }

    #[test]
    fn the_exponent_is_odd_and_neither_one_nor_huge() {
        for good in [&[3][..], &[17], &F4, &[0xff; 4], &[1, 0xff, 0xff, 0xff, 0xff]] {
            let found = RsaPublicKey::new(modulus(2048), good.to_vec());
            assert!(found.is_ok(), "{good:?}");
        }
        for bad in [
            &[1][..],
            &[2],
            &[4],
            &[1, 0, 0],
            &[2, 0, 0, 0, 1],
            &[0xff; 8],
            &[0xff; 9],
            &[0xff; 256],
        ] {
            let found = RsaPublicKey::new(modulus(2048), bad.to_vec());
            assert_eq!(found, Err(KeyError::Exponent), "{bad:?}");
        }
    }

    #[test]
    fn a_modulus_with_the_roca_fingerprint_is_refused() {
        // A power of 65537 is one modulo every prime; the 128th has 2049 bits.
        let mut power = vec![1_u8];
        for _ in 0..128 {
            let shifted: Vec<u8> = power.iter().copied().chain([0, 0]).collect();
            let mut carry = 0;
            let mut sum: Vec<u8> = (0..shifted.len())
                .rev()
                .map(|at| {
                    let digit = at.checked_sub(2).map_or(0, |at| power[at]);
                    let total = u16::from(shifted[at]) + u16::from(digit) + carry;
                    carry = total >> 8;
                    total as u8
                })
                .collect();
            sum.reverse();
            power = sum;
        }
        assert_eq!(bits(&power), Some(2049));
        let found = RsaPublicKey::new(power.clone(), F4.to_vec()).unwrap_err();
        assert!(found.to_string().contains("ROCA"), "{found}");
        power[100] ^= 1;
        assert!(RsaPublicKey::new(power, F4.to_vec()).is_ok());
    }
}
