//! Rejects certificates whose keys are weak.

use x509_cert::der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::der::{self, Decode, Reader, SliceReader};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

const RSA: [&str; 2] = ["1.2.840.113549.1.1.1", RSASSA_PSS];
const RSASSA_PSS: &str = "1.2.840.113549.1.1.10";
const EC: &str = "1.2.840.10045.2.1";
const ED25519: &str = "1.3.101.112";
/// P-256, P-384, P-521.
const CURVES: [&str; 3] = ["1.2.840.10045.3.1.7", "1.3.132.0.34", "1.3.132.0.35"];

/// Accepts the same keys as for tokens: RSA of 2048 to 8192 bits, P-256, P-384, P-521, Ed25519.
///
/// # Errors
/// Says what is wrong with the key.
pub(crate) fn check(key: &SubjectPublicKeyInfoOwned) -> Result<(), String> {
    let algorithm = key.algorithm.oid.to_string();
    if RSA.contains(&algorithm.as_str()) {
        let numbers = rsa_numbers(key.subject_public_key.raw_bytes());
        let (modulus, exponent) = numbers.map_err(|_| "its RSA key is not DER".to_owned())?;
        let (bits, exponent) = (bits(modulus.as_bytes()), exponent.as_bytes());
        let odd = exponent.last().is_some_and(|byte| byte & 1 == 1);
        return if !(2048..=8192).contains(&bits) {
            Err(format!("its RSA key has {bits} bits, but must have 2048 to 8192"))
        } else if !odd || exponent == [1] || exponent.len() > 4 {
            Err("the exponent of its RSA key is even, 1 or too large".to_owned())
        } else {
            Ok(())
        };
    }
    let curve = key
        .algorithm
        .parameters
        .as_ref()
        .and_then(|curve| curve.decode_as::<ObjectIdentifier>().ok());
    let known = curve.is_some_and(|curve| CURVES.contains(&curve.to_string().as_str()));
    match algorithm.as_str() {
        EC if known => Ok(()),
        EC => Err("its key is on a curve other than P-256, P-384 and P-521".to_owned()),
        ED25519 => Ok(()),
        other => Err(format!("its key has an algorithm that is not accepted ({other})")),
    }
}

/// Does the same as [`check`], for a key that signs certificates.
///
/// # Errors
/// Says what is wrong with the key.
pub(crate) fn check_signer(key: &SubjectPublicKeyInfoOwned) -> Result<(), String> {
    if key.algorithm.oid.to_string() == RSASSA_PSS {
        // The parameters of such a key say which signatures it makes, and webpki does not read them.
        return Err(
            "its key is for RSASSA-PSS only, which is not supported for authorities".to_owned()
        );
    }
    check(key)
}

/// Returns modulus and exponent of an `RSAPublicKey` (RFC 8017, appendix A.1.1).
fn rsa_numbers(bytes: &[u8]) -> der::Result<(UintRef<'_>, UintRef<'_>)> {
    let mut reader = SliceReader::new(bytes)?;
    let numbers = reader.sequence(|reader| {
        Ok::<_, der::Error>((UintRef::decode(reader)?, UintRef::decode(reader)?))
    })?;
    reader.finish()?;
    Ok(numbers)
}

fn bits(number: &[u8]) -> usize {
    let leading = number.first().map_or(0, |byte| byte.leading_zeros() as usize);
    (number.len() * 8).saturating_sub(leading)
}
