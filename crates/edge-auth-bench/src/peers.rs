//! The peers in Rust: the cryptographic primitive alone, and the usual crate.

use std::hint::black_box;
use std::path::Path;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use edge_auth_testkit::mint::TestKey;
use edge_auth_token::Algorithm;
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::Value;

use crate::pool::{self, ALGORITHMS, AUDIENCE, HMAC_ISSUER, ISSUER, MEASURED, SECRET, WARM_UP};
use crate::worker::{Measurement, Offer};
use crate::{Result, cpu};

pub(crate) fn offers(folder: &Path) -> Result<Vec<Offer>> {
    let mut offers = Vec::new();
    for (algorithm, key) in ALGORITHMS {
        let tokens: Vec<String> =
            pool::read(folder, algorithm)?.into_iter().take(WARM_UP + MEASURED).collect();
        let case = algorithm.to_string();
        let jwk = TestKey::named(key).map(TestKey::jwk);
        offers.push(Offer::new("aws-lc-rs", &case, "cpu", raw(algorithm, jwk.as_ref(), &tokens)?));
        offers.push(Offer::new(
            "jsonwebtoken",
            &case,
            "cpu",
            jsonwebtoken(algorithm, jwk.as_ref(), tokens)?,
        ));
    }
    Ok(offers)
}

/// Measures the floor: only the primitive, with the key and the token parsed before.
fn raw(algorithm: Algorithm, jwk: Option<&Value>, tokens: &[String]) -> Result<Measurement> {
    let mut messages = Vec::new();
    for token in tokens {
        let (message, signature) = token.rsplit_once('.').ok_or("no token")?;
        messages.push((message.as_bytes().to_vec(), URL_SAFE_NO_PAD.decode(signature)?));
    }
    Ok(match jwk {
        Some(jwk) => {
            let key = parsed(algorithm, jwk)?;
            measurement(messages, move |(message, signature)| {
                key.verify_sig(message, signature).is_ok()
            })
        }
        None => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
            measurement(messages, move |(message, code)| hmac::verify(&key, message, code).is_ok())
        }
    })
}

fn parsed(algorithm: Algorithm, jwk: &Value) -> Result<ParsedPublicKey> {
    Ok(match algorithm {
        Algorithm::Rs256 => {
            let components = RsaPublicKeyComponents { n: bytes(jwk, "n")?, e: bytes(jwk, "e")? };
            components
                .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
                .map_err(|_| "not an RSA key")?
        }
        Algorithm::Es256 => {
            let point = [vec![4], bytes(jwk, "x")?, bytes(jwk, "y")?].concat();
            ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)?
        }
        Algorithm::EdDsa => ParsedPublicKey::new(&ED25519, bytes(jwk, "x")?)?,
        Algorithm::Rs384
        | Algorithm::Rs512
        | Algorithm::Ps256
        | Algorithm::Ps384
        | Algorithm::Ps512
        | Algorithm::Es384
        | Algorithm::Es512
        | Algorithm::Hs256
        | Algorithm::Hs384
        | Algorithm::Hs512 => return Err(format!("{algorithm} is not measured").into()),
    })
}

fn bytes(jwk: &Value, name: &str) -> Result<Vec<u8>> {
    Ok(URL_SAFE_NO_PAD.decode(text(jwk, name))?)
}

/// Measures verification as an application does it: signature, issuer, audience and times.
fn jsonwebtoken(
    algorithm: Algorithm,
    jwk: Option<&Value>,
    tokens: Vec<String>,
) -> Result<Measurement> {
    let (key, name) = match (algorithm, jwk) {
        (Algorithm::Rs256, Some(jwk)) => (
            DecodingKey::from_rsa_components(text(jwk, "n"), text(jwk, "e"))?,
            jsonwebtoken::Algorithm::RS256,
        ),
        (Algorithm::Es256, Some(jwk)) => (
            DecodingKey::from_ec_components(text(jwk, "x"), text(jwk, "y"))?,
            jsonwebtoken::Algorithm::ES256,
        ),
        (_, Some(jwk)) => {
            (DecodingKey::from_ed_components(text(jwk, "x"))?, jsonwebtoken::Algorithm::EdDSA)
        }
        (_, None) => (DecodingKey::from_secret(SECRET.as_bytes()), jsonwebtoken::Algorithm::HS256),
    };
    let mut validation = Validation::new(name);
    validation.set_issuer(&[if jwk.is_some() { ISSUER } else { HMAC_ISSUER }]);
    validation.set_audience(&[AUDIENCE]);
    Ok(measurement(tokens, move |token| {
        jsonwebtoken::decode::<Value>(token, &key, &validation).is_ok()
    }))
}

fn text<'a>(jwk: &'a Value, name: &str) -> &'a str {
    jwk.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn measurement<T: 'static>(inputs: Vec<T>, verify: impl Fn(&T) -> bool + 'static) -> Measurement {
    Box::new(move || {
        let (first, rest) = inputs.split_at(WARM_UP);
        verify_all(first, &verify);
        Ok(cpu::microseconds(rest.len(), || verify_all(rest, &verify)))
    })
}

fn verify_all<T>(inputs: &[T], verify: impl Fn(&T) -> bool) {
    for input in inputs {
        assert!(black_box(verify(input)), "a good token");
    }
}
