//! Test vectors of other projects: Wycheproof and the JOSE cookbook (RFC 7520, 7797, 8037). They
//! are not in this repository. `EDGE_AUTH_VECTORS` names their folder; the default is `shared/data`
//! beside the workspace. Without them, the tests print that they are skipped.

#![cfg(feature = "aws-lc-rs")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is a failed test"
)]
#![allow(clippy::disallowed_methods, reason = "tests may read files")]

mod common;

use std::path::PathBuf;
use std::sync::Arc;

use common::backend;
use edge_auth_token::{
    Algorithm, DEFAULT_MAX_TOKEN_BYTES, JwkSet, KeyError, KeySet, UnverifiedJws, VerifyingKey,
};
use serde_json::{Value, json};

/// Reads a file of vectors. Prints a line and returns `None` if it is missing.
fn vectors(file: &str) -> Option<Value> {
    let folder = std::env::var_os("EDGE_AUTH_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = folder.join(file);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(_) => {
            eprintln!("skipped: {} is missing; set EDGE_AUTH_VECTORS", path.display());
            None
        }
    }
}

/// Verifies as the gate does: allows the algorithms of the set's kinds of keys, selects one key,
/// and checks the signature.
fn verify(jws: &str, set: &Value) -> Result<Vec<u8>, String> {
    let keys = set["keys"].as_array().unwrap();
    let symmetric = keys.iter().any(|key| key["kty"] == "oct");
    let asymmetric = keys.iter().any(|key| key["kty"] != "oct");
    let mut allowed = Vec::new();
    if symmetric {
        allowed.extend([Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512]);
    }
    if asymmetric {
        allowed.extend(Algorithm::ASYMMETRIC);
    }
    let set = JwkSet::parse(set.to_string().as_bytes()).map_err(|error| error.to_string())?;
    let keys: Result<Vec<_>, KeyError> = set
        .keys
        .iter()
        .map(|jwk| VerifyingKey::from_jwk(jwk, &allowed, backend()).map(Arc::new))
        .collect();
    let keys = KeySet::new(keys.map_err(|error| error.to_string())?);
    let jws =
        UnverifiedJws::parse(jws, DEFAULT_MAX_TOKEN_BYTES).map_err(|error| error.to_string())?;
    let key = keys.select(jws.algorithm(), jws.key_id()).map_err(|error| error.to_string())?;
    jws.verify(key).map_err(|error| error.to_string())
}

/// A case with a deliberately different result.
struct Deviation {
    id: u64,
    reason: &'static str,
}

fn run_wycheproof(file: &str, deviations: &[Deviation], key_set: fn(&Value) -> Value) {
    let Some(data) = vectors(file) else { return };
    let mut failures = Vec::new();
    let mut count = 0;
    for group in data["testGroups"].as_array().unwrap() {
        let set = key_set(group.get("public").unwrap_or(&group["private"]));
        for test in group["tests"].as_array().unwrap() {
            count += 1;
            let id = test["tcId"].as_u64().unwrap();
            let jws = test["jws"].as_str().map_or_else(|| test["jws"].to_string(), str::to_owned);
            let found = verify(&jws, &set);
            let agrees = found.is_ok() == (test["result"] == "valid");
            match (agrees, deviations.iter().find(|deviation| deviation.id == id)) {
                (true, None) | (false, Some(_)) => {}
                (true, Some(Deviation { reason, .. })) => {
                    failures.push(format!("{id} no longer deviates: {reason}"));
                }
                (false, None) => {
                    failures.push(format!(
                        "{id} {} is {}, found {found:?}",
                        test["comment"], test["result"]
                    ));
                }
            }
        }
    }
    assert_eq!(data["numberOfTests"], json!(count));
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn wycheproof_json_web_signatures() {
    const CONTRADICTS: &str = "the key's `alg` is another algorithm than the header's";
    const UNREGISTERED: &str = "the key's `alg` is \"ES521\", which is not registered";
    const SAME_AS_357: &str =
        "the same text as case 357, which is valid; its padding was lost on the way into the file";
    const NOT_BASE64URL: &str = "`?` is not in the alphabet of base64url";
    let deviations = [
        Deviation { id: 346, reason: CONTRADICTS },
        Deviation { id: 347, reason: UNREGISTERED },
        Deviation { id: 350, reason: CONTRADICTS },
        Deviation { id: 351, reason: UNREGISTERED },
        Deviation { id: 367, reason: SAME_AS_357 },
        Deviation { id: 370, reason: SAME_AS_357 },
        Deviation { id: 372, reason: NOT_BASE64URL },
        Deviation { id: 373, reason: NOT_BASE64URL },
    ];
    run_wycheproof(
        "wycheproof/json_web_signature_test.json",
        &deviations,
        |key| json!({"keys": [key]}),
    );
}

#[test]
fn wycheproof_json_web_keys() {
    // Two well-formed keys with one `kid` are ambiguous; see the tests of `KeySet`.
    let deviations = [Deviation {
        id: 4,
        reason: "the second key's `k` ends in bits that are not zero, so only one key is used",
    }];
    run_wycheproof("wycheproof/json_web_key_test.json", &deviations, Value::clone);
}

/// Removes the private members of an example's key, which a published key must not have.
fn public(key: &Value) -> Value {
    let mut key = key.clone();
    let members = key.as_object_mut().unwrap();
    if members.get("kty") != Some(&json!("oct")) {
        members.retain(|name, _| !["d", "p", "q", "dp", "dq", "qi"].contains(&name.as_str()));
    }
    key
}

#[test]
fn cookbook_compact_signatures_are_verified() {
    for file in [
        "jws/4_1.rsa_v15_signature.json",
        "jws/4_2.rsa-pss_signature.json",
        "jws/4_3.ecdsa_signature.json",
        "jws/4_4.hmac-sha2_integrity_protection.json",
        "curve25519/jws.json",
    ] {
        let Some(example) = vectors(&format!("jose-cookbook/{file}")) else {
            return;
        };
        let jws = example["output"]["compact"].as_str().unwrap();
        let set = json!({"keys": [public(&example["input"]["key"])]});
        let payload = verify(jws, &set).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!(payload, example["input"]["payload"].as_str().unwrap().as_bytes(), "{file}");
    }
}

#[test]
fn cookbook_detached_unencoded_and_json_signatures_are_refused() {
    for file in [
        "jws/4_1.rsa_v15_signature.json",
        "jws/4_5.signature_with_detached_content.json",
        "jws/4_6.protecting_specific_header_fields.json",
        "jws/4_7.protecting_content_only.json",
        "jws/4_8.multiple_signatures.json",
        "rfc7797/4.2.hmac-sha2_b64_false.json",
        "rfc7797/hmac-sha2_b64_false.json",
    ] {
        let Some(example) = vectors(&format!("jose-cookbook/{file}")) else {
            return;
        };
        let keys = match &example["input"]["key"] {
            Value::Array(keys) => {
                keys.iter().filter(|key| key["kty"] != "oct").map(public).collect()
            }
            key => vec![public(key)],
        };
        let set = json!({ "keys": keys });
        let output = example["output"].as_object().unwrap();
        assert!(!output.is_empty(), "{file}");
        for (form, jws) in output {
            if form == "compact" && file.starts_with("jws/4_1") {
                continue;
            }
            let jws = jws.as_str().map_or_else(|| jws.to_string(), str::to_owned);
            assert!(verify(&jws, &set).is_err(), "{file} {form}");
        }
    }
}

#[test]
fn cookbook_keys_are_read_or_refused() {
    for (file, wanted) in [
        ("3_1.ec_public_key.json", Ok(())),
        ("3_2.ec_private_key.json", Err(KeyError::PrivateKeyPublished { member: "d" })),
        ("3_3.rsa_public_key.json", Ok(())),
        ("3_4.rsa_private_key.json", Err(KeyError::PrivateKeyPublished { member: "d" })),
        ("3_5.symmetric_key_mac_computation.json", Ok(())),
    ] {
        let Some(key) = vectors(&format!("jose-cookbook/jwk/{file}")) else {
            return;
        };
        assert_eq!(common::jwk(&key).map(|_| ()), wanted, "{file}");
    }
    let Some(key) = vectors("jose-cookbook/jwk/3_6.symmetric_key_encryption.json") else {
        return;
    };
    assert!(common::jwk(&key).is_err());
}
