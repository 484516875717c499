//! A signing key for one run, with the JWK set that verifies its tokens.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use edge_auth_token::Algorithm;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Map, Value, json};

use crate::error::CommandError;

/// Signs tokens with a new key.
pub(crate) struct Signer {
    algorithm: jsonwebtoken::Algorithm,
    key: EncodingKey,
}

/// The `kid` of the key.
const KEY_ID: &str = "made-for-this-run";

impl Signer {
    /// Makes a key for the first of these algorithms with which it can sign.
    pub(crate) fn new(algorithms: &[Algorithm]) -> Result<Self, CommandError> {
        let possible = algorithms
            .iter()
            .find_map(|algorithm| Some((algorithm, algorithm.name().parse().ok()?)));
        let (wanted, algorithm) = possible.ok_or_else(|| {
            let names: Vec<&str> = algorithms.iter().map(|algorithm| algorithm.name()).collect();
            CommandError::Usage(format!(
                "this command cannot sign tokens with {}: allow another algorithm, too",
                names.join(", ")
            ))
        })?;
        let key =
            generate(*wanted).map_err(|_| CommandError::host("a signing key could not be made"))?;
        Ok(Self { algorithm, key })
    }

    /// Returns the public half, as a JWK set.
    pub(crate) fn jwks(&self) -> Result<Value, CommandError> {
        let mut jwk = Jwk::from_encoding_key(&self.key, self.algorithm).map_err(failed)?;
        jwk.common.key_id = Some(KEY_ID.to_owned());
        Ok(json!({ "keys": [jwk] }))
    }

    /// Returns the shared secret of an HMAC algorithm.
    pub(crate) fn secret(&self) -> &[u8] {
        self.key.as_bytes()
    }

    /// Signs a token with this `typ` and these claims.
    pub(crate) fn sign(
        &self,
        token_type: Option<&str>,
        claims: &Map<String, Value>,
    ) -> Result<String, CommandError> {
        let mut header = Header::new(self.algorithm);
        header.typ = token_type.map(str::to_owned);
        header.kid = Some(KEY_ID.to_owned());
        jsonwebtoken::encode(&header, claims, &self.key).map_err(failed)
    }
}

fn generate(algorithm: Algorithm) -> Result<EncodingKey, Unspecified> {
    use Algorithm as A;
    let ec = |curve: &'static EcdsaSigningAlgorithm| {
        let der = EcdsaKeyPair::generate(curve)?.to_pkcs8v1()?;
        Ok(EncodingKey::from_ec_der(der.as_ref()))
    };
    match algorithm {
        A::Hs256 | A::Hs384 | A::Hs512 => {
            let mut secret = [0; 64];
            aws_lc_rs::rand::fill(&mut secret)?;
            Ok(EncodingKey::from_secret(&secret))
        }
        A::Es256 => ec(&ECDSA_P256_SHA256_FIXED_SIGNING),
        A::Es384 => ec(&ECDSA_P384_SHA384_FIXED_SIGNING),
        // `Signer::new` never chooses it, since the library cannot sign with it.
        A::Es512 => Err(Unspecified),
        A::EdDsa => {
            let der = Ed25519KeyPair::generate()?.to_pkcs8v1()?;
            Ok(EncodingKey::from_ed_der(der.as_ref()))
        }
        A::Rs256 | A::Rs384 | A::Rs512 | A::Ps256 | A::Ps384 | A::Ps512 => {
            let der: Pkcs8V1Der<'_> = rsa::KeyPair::generate(rsa::KeySize::Rsa2048)?.as_der()?;
            // The library takes PKCS#8 as PEM only.
            let body = STANDARD.encode(der.as_ref());
            let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
            EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|_| Unspecified)
        }
    }
}

fn failed(error: jsonwebtoken::errors::Error) -> CommandError {
    CommandError::host(format!("a token could not be signed: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use edge_auth_token::{
        AwsLcRs, JwkSet, Secret, SignatureBackend, UnverifiedToken, VerifyingKey,
    };

    fn claims() -> Map<String, Value> {
        let Value::Object(claims) =
            json!({ "iss": "https://issuer.example", "exp": 2_000_000_000 })
        else {
            unreachable!()
        };
        claims
    }

    #[test]
    fn a_token_of_every_algorithm_is_verified_by_its_key() {
        let all = Algorithm::ASYMMETRIC.iter().filter(|algorithm| **algorithm != Algorithm::Es512);
        for algorithm in all {
            let signer = Signer::new(&[*algorithm]).unwrap();
            let jwks = JwkSet::parse(signer.jwks().unwrap().to_string().as_bytes()).unwrap();
            let backend: &dyn SignatureBackend = &AwsLcRs;
            let key = VerifyingKey::from_jwk(&jwks.keys[0], &[*algorithm], backend).unwrap();
            let token = signer.sign(Some("at+jwt"), &claims()).unwrap();
            UnverifiedToken::parse(&token, 8192).unwrap().verify(&key).unwrap();
        }
    }

    #[test]
    fn a_token_with_a_shared_secret_is_verified_by_it() {
        let signer = Signer::new(&[Algorithm::Hs512]).unwrap();
        let key =
            VerifyingKey::from_secret(&Secret::new(signer.secret()), &[Algorithm::Hs512]).unwrap();
        let token = signer.sign(None, &claims()).unwrap();
        UnverifiedToken::parse(&token, 8192).unwrap().verify(&key).unwrap();
    }

    #[test]
    fn the_first_algorithm_that_can_be_signed_with_is_taken() {
        assert!(Signer::new(&[Algorithm::Es512, Algorithm::Es256]).is_ok());
        assert!(Signer::new(&[Algorithm::Es512]).is_err());
    }
}
