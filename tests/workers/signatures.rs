//! Runs the tests of tokens and signatures with the cryptography of workerd in place of AWS-LC.

use std::net::SocketAddr;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use edge_auth_testkit::wire::exchange;
use edge_auth_token::{
    Algorithm, Curve, KeyError, PublicKey, SignatureBackend, SignatureInvalid, VerifySignature,
};
use serde_json::{Value, json};

use crate::deployment::{address, call};
use crate::driver::Driver;
use crate::test_worker;

#[path = "../../crates/edge-auth-token/tests/interop.rs"]
mod interop;
#[path = "../../crates/edge-auth-token/tests/signatures.rs"]
mod of_every_algorithm;
#[path = "../../crates/edge-auth-token/tests/rfc.rs"]
mod rfc;
#[path = "../../crates/edge-auth-token/tests/traps.rs"]
mod traps;
#[path = "../../crates/edge-auth-token/tests/vectors.rs"]
mod vectors;

/// Returns the Worker's backend, which is asked over HTTP.
pub(crate) fn backend() -> &'static dyn SignatureBackend {
    &Workerd
}

struct Workerd;

/// The number of a key in workerd.
#[derive(Debug)]
struct Key(u64);

static RUNNING: LazyLock<(Driver, SocketAddr)> = LazyLock::new(|| {
    let driver = Driver::start();
    let started = driver.start_workers(json!([Value::from(test_worker())])).unwrap();
    let address = address(&started, "tests");
    (driver, address)
});

fn run(what: Value) -> Result<Value, String> {
    let mut asked = call("POST", "/", &[]);
    asked.body = what.to_string().into_bytes();
    let answer = exchange(RUNNING.1, &asked).unwrap();
    let mut answer: Value = serde_json::from_slice(&answer.body).unwrap();
    match answer["failed"].as_str() {
        Some(why) => Err(why.to_owned()),
        None => Ok(answer["done"].take()),
    }
}

impl SignatureBackend for Workerd {
    fn import(
        &self,
        key: &PublicKey,
        algorithm: Algorithm,
    ) -> Result<Box<dyn VerifySignature>, KeyError> {
        let jwks = json!({ "keys": [jwk(key)] }).to_string();
        let imported = run(json!({ "run": "import", "jwks": jwks, "algorithm": algorithm }));
        let number = imported.map_err(|_| KeyError::RefusedByBackend)?.as_u64().unwrap();
        Ok(Box::new(Key(number)))
    }
}

impl VerifySignature for Key {
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureInvalid> {
        // The signed message is the first two parts of a JWS.
        let jws = format!("{}.{}", String::from_utf8_lossy(message), b64(signature));
        let verified = run(json!({ "run": "verify", "key": self.0, "jws": jws })).unwrap();
        if verified == true { Ok(()) } else { Err(SignatureInvalid) }
    }
}

fn jwk(key: &PublicKey) -> Value {
    match key {
        PublicKey::Rsa(key) => {
            json!({ "kty": "RSA", "n": b64(key.modulus()), "e": b64(key.exponent()) })
        }
        PublicKey::Ec(key) => {
            let curve = match key.curve() {
                Curve::P256 => "P-256",
                Curve::P384 => "P-384",
                Curve::P521 => "P-521",
            };
            json!({ "kty": "EC", "crv": curve, "x": b64(key.x()), "y": b64(key.y()) })
        }
        PublicKey::Ed25519(key) => {
            json!({ "kty": "OKP", "crv": "Ed25519", "x": b64(key.as_bytes()) })
        }
    }
}

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
