//! Mints tokens for tests: any header, any claims, signed by fixed keys with every algorithm.

use std::sync::LazyLock;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self as aws, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use edge_auth_token::Algorithm;
use serde_json::{Value, json};

/// A fixed key pair of `keys/`.
#[derive(Debug)]
pub struct TestKey {
    /// Its name in scenarios, and the `kid` of its JWK: `p256`.
    pub name: &'static str,
    /// The public half, as PEM (SubjectPublicKeyInfo).
    pub public_pem: &'static str,
    /// The default algorithm of its signatures.
    pub algorithm: Algorithm,
    pair: Pair,
}

#[derive(Debug)]
enum Pair {
    Rsa(aws::RsaKeyPair),
    Ec { curve: &'static str, raw: aws::EcdsaKeyPair, der: aws::EcdsaKeyPair },
    Ed25519(aws::Ed25519KeyPair),
}

/// The third part of a token, and how it is made.
#[derive(Debug)]
pub enum Signer<'a> {
    /// A signature by the private key, with an algorithm of its type.
    Key(&'a TestKey, Algorithm),
    /// An ECDSA signature in the ASN.1 form of X.509, where JWS needs `r` and `s` (RFC 7518, 3.4).
    Der(&'a TestKey),
    /// An HMAC with this secret.
    Secret(&'a [u8], Algorithm),
    /// These bytes.
    Bytes(&'a [u8]),
}

/// Returns the compact serialisation (RFC 7515, section 7.1) of a token with these bytes.
pub fn compact(header: &[u8], claims: &[u8], signer: &Signer<'_>) -> String {
    let input = format!("{}.{}", base64url(header), base64url(claims));
    let signature = match signer {
        Signer::Key(key, algorithm) => key.sign(*algorithm, input.as_bytes()),
        Signer::Der(key) => key.sign_der(input.as_bytes()),
        Signer::Secret(secret, algorithm) => hmac_sign(*algorithm, secret, input.as_bytes()),
        Signer::Bytes(bytes) => bytes.to_vec(),
    };
    format!("{input}.{}", base64url(&signature))
}

/// Encodes bytes in base64url without padding.
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl TestKey {
    /// Returns the key of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.name == name)
    }

    /// Returns the names of all keys.
    pub fn names() -> impl Iterator<Item = &'static str> {
        KEYS.iter().map(|key| key.name)
    }

    /// Returns the public half as a JWK (RFC 7517) with the key's name as `kid`.
    pub fn jwk(&self) -> Value {
        match &self.pair {
            Pair::Rsa(pair) => {
                // An RSAPublicKey of 2048 bits: SEQUENCE, INTEGER n (257 bytes, the first zero),
                // INTEGER e.
                let der = pair.public_key().as_ref();
                let (n, e) = (base64url(&der[9..265]), base64url(&der[267..]));
                json!({"kty": "RSA", "kid": self.name, "n": n, "e": e})
            }
            Pair::Ec { curve, raw, .. } => {
                let point = &raw.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                let (x, y) = (base64url(x), base64url(y));
                json!({"kty": "EC", "kid": self.name, "crv": curve, "x": x, "y": y})
            }
            Pair::Ed25519(pair) => {
                let x = base64url(pair.public_key().as_ref());
                json!({"kty": "OKP", "kid": self.name, "crv": "Ed25519", "x": x})
            }
        }
    }

    /// Signs a message in the form that JWS needs.
    ///
    /// # Panics
    /// If the algorithm does not fit the type of key.
    pub fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(pair) => {
                let padding: &dyn aws::RsaEncoding = match algorithm {
                    Algorithm::Rs256 => &aws::RSA_PKCS1_SHA256,
                    Algorithm::Rs384 => &aws::RSA_PKCS1_SHA384,
                    Algorithm::Rs512 => &aws::RSA_PKCS1_SHA512,
                    Algorithm::Ps256 => &aws::RSA_PSS_SHA256,
                    Algorithm::Ps384 => &aws::RSA_PSS_SHA384,
                    Algorithm::Ps512 => &aws::RSA_PSS_SHA512,
                    other => panic!("an RSA key does not sign with {other}"),
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &SystemRandom::new(), message, &mut signature)
                    .expect("a usable key");
                signature
            }
            Pair::Ec { raw, .. } => {
                assert_eq!(algorithm, self.algorithm, "an EC key has one algorithm");
                raw.sign(&SystemRandom::new(), message).expect("a usable key").as_ref().to_vec()
            }
            Pair::Ed25519(pair) => {
                assert_eq!(algorithm, self.algorithm, "an Ed25519 key has one algorithm");
                pair.sign(message).as_ref().to_vec()
            }
        }
    }

    fn sign_der(&self, message: &[u8]) -> Vec<u8> {
        match &self.pair {
            Pair::Ec { der, .. } => {
                der.sign(&SystemRandom::new(), message).expect("a usable key").as_ref().to_vec()
            }
            Pair::Rsa(_) | Pair::Ed25519(_) => panic!("only ECDSA signatures have two forms"),
        }
    }
}

/// Returns an HMAC with the algorithm's digest. Other algorithms get SHA-256, for forged tokens that
/// claim an asymmetric algorithm.
fn hmac_sign(algorithm: Algorithm, secret: &[u8], message: &[u8]) -> Vec<u8> {
    let algorithm = match algorithm {
        Algorithm::Hs384 => hmac::HMAC_SHA384,
        Algorithm::Hs512 => hmac::HMAC_SHA512,
        Algorithm::Hs256
        | Algorithm::Rs256
        | Algorithm::Rs384
        | Algorithm::Rs512
        | Algorithm::Ps256
        | Algorithm::Ps384
        | Algorithm::Ps512
        | Algorithm::Es256
        | Algorithm::Es384
        | Algorithm::Es512
        | Algorithm::EdDsa => hmac::HMAC_SHA256,
    };
    hmac::sign(&hmac::Key::new(algorithm, secret), message).as_ref().to_vec()
}

macro_rules! key {
    ($name:literal, $algorithm:ident, $pair:expr) => {
        TestKey {
            name: $name,
            public_pem: include_str!(concat!("../keys/", $name, ".public.pem")),
            algorithm: Algorithm::$algorithm,
            pair: $pair(&der(include_str!(concat!("../keys/", $name, ".test-only.pem")))),
        }
    };
}

static KEYS: LazyLock<Vec<TestKey>> = LazyLock::new(|| {
    let p256 =
        ec("P-256", &aws::ECDSA_P256_SHA256_FIXED_SIGNING, &aws::ECDSA_P256_SHA256_ASN1_SIGNING);
    let p384 =
        ec("P-384", &aws::ECDSA_P384_SHA384_FIXED_SIGNING, &aws::ECDSA_P384_SHA384_ASN1_SIGNING);
    let p521 =
        ec("P-521", &aws::ECDSA_P521_SHA512_FIXED_SIGNING, &aws::ECDSA_P521_SHA512_ASN1_SIGNING);
    vec![
        key!("rsa", Rs256, rsa),
        key!("other-rsa", Rs256, rsa),
        key!("p256", Es256, p256),
        key!("other-p256", Es256, p256),
        key!("p384", Es384, p384),
        key!("p521", Es512, p521),
        key!("ed25519", EdDsa, ed25519),
        key!("other-ed25519", EdDsa, ed25519),
    ]
});

fn der(pem: &str) -> Vec<u8> {
    let digits: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(digits).expect("a PEM file of keys/")
}

fn rsa(pkcs8: &[u8]) -> Pair {
    Pair::Rsa(aws::RsaKeyPair::from_pkcs8(pkcs8).expect("an RSA key of keys/"))
}

fn ec(
    curve: &'static str,
    raw: &'static aws::EcdsaSigningAlgorithm,
    der: &'static aws::EcdsaSigningAlgorithm,
) -> impl Fn(&[u8]) -> Pair {
    move |pkcs8| {
        let raw = aws::EcdsaKeyPair::from_pkcs8(raw, pkcs8).expect("an EC key of this curve");
        let der = aws::EcdsaKeyPair::from_pkcs8(der, pkcs8).expect("an EC key of this curve");
        Pair::Ec { curve, raw, der }
    }
}

fn ed25519(pkcs8: &[u8]) -> Pair {
    Pair::Ed25519(aws::Ed25519KeyPair::from_pkcs8(pkcs8).expect("an Ed25519 key of keys/"))
}

#[cfg(test)]
mod tests {
    use edge_auth_token::{AwsLcRs, JwkSet, Secret, UnverifiedToken, VerifyingKey};

    use super::*;

    fn verifies(token: &str, key: &VerifyingKey) -> bool {
        UnverifiedToken::parse(token, 8192).unwrap().verify(key).is_ok()
    }

    fn header(algorithm: Algorithm) -> Vec<u8> {
        json!({ "alg": algorithm }).to_string().into_bytes()
    }

    #[test]
    fn every_key_signs_what_its_jwk_verifies_and_no_other_does() {
        let all: Vec<Value> =
            TestKey::names().map(|name| TestKey::named(name).unwrap().jwk()).collect();
        let set = JwkSet::parse(json!({ "keys": all }).to_string().as_bytes()).unwrap();
        assert!(set.skipped.is_empty());
        for (jwk, name) in set.keys.iter().zip(TestKey::names()) {
            let key = TestKey::named(name).unwrap();
            let allowed: Vec<Algorithm> = match key.algorithm {
                Algorithm::Rs256 => {
                    use Algorithm::{Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
                    vec![Rs256, Rs384, Rs512, Ps256, Ps384, Ps512]
                }
                one => vec![one],
            };
            let verifying = VerifyingKey::from_jwk(jwk, &allowed, &AwsLcRs).unwrap();
            for algorithm in allowed {
                let token = compact(&header(algorithm), b"{}", &Signer::Key(key, algorithm));
                assert!(verifies(&token, &verifying), "{} {algorithm}", key.name);
                let forged = compact(&header(algorithm), b"{}", &Signer::Bytes(&[0; 64]));
                assert!(!verifies(&forged, &verifying), "{} {algorithm}", key.name);
            }
        }
    }

    #[test]
    fn secrets_sign_in_all_three_lengths() {
        let secret = [7; 64];
        for algorithm in [Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512] {
            let key = VerifyingKey::from_secret(&Secret::new(secret), &[algorithm]).unwrap();
            let token = compact(&header(algorithm), b"{}", &Signer::Secret(&secret, algorithm));
            assert!(verifies(&token, &key), "{algorithm}");
        }
    }
}
