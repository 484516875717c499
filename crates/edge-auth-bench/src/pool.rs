//! The folder that every measurement reads: the same tokens and keys for edge-auth and for the
//! peers.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::SystemTime;

use edge_auth_testkit::mint::{Signer, TestKey, compact};
use edge_auth_token::Algorithm;
use serde_json::json;

use crate::Result;

pub(crate) const ISSUER: &str = "https://login.example.com/";
pub(crate) const HMAC_ISSUER: &str = "https://hmac.example.com/";
pub(crate) const AUDIENCE: &str = "https://api.example.com";
pub(crate) const SECRET: &str = "a secret of at least 32 bytes, shared with the issuer";

/// The number of unmeasured calls before each measurement, with separate tokens.
pub(crate) const WARM_UP: usize = 100;
/// The number of calls in a measurement, each with another token.
pub(crate) const MEASURED: usize = 2000;
/// Twice the number of tokens that a gate remembers, so that in turn none of them is found in the
/// cache.
const SERVED: usize = 20_000;

/// The algorithms that are measured, with the test key of each.
pub(crate) const ALGORITHMS: [(Algorithm, &str); 4] = [
    (Algorithm::Rs256, "rsa"),
    (Algorithm::Es256, "p256"),
    (Algorithm::EdDsa, "ed25519"),
    (Algorithm::Hs256, ""),
];

/// The policy of a gate in front of a medium-sized API.
pub(crate) const POLICY: &str = include_str!("policy.toml");

/// Fills the folder.
pub(crate) fn mint(folder: &Path) -> Result<()> {
    fs::write(folder.join("policy.toml"), POLICY)?;
    fs::write(folder.join("jwks.json"), jwks())?;
    let expected = json!({
        "issuer": ISSUER, "hmac_issuer": HMAC_ISSUER, "audience": AUDIENCE, "secret": SECRET,
        "warm_up": WARM_UP, "measured": MEASURED,
    });
    fs::write(folder.join("expected.json"), expected.to_string())?;
    for (algorithm, key) in ALGORITHMS {
        let tokens = tokens(algorithm, key, SERVED);
        fs::write(folder.join(format!("{algorithm}.tokens")), tokens.join("\n"))?;
    }
    Ok(())
}

/// Reads the folder's tokens for an algorithm.
pub(crate) fn read(folder: &Path, algorithm: Algorithm) -> Result<Vec<String>> {
    let text = fs::read_to_string(folder.join(format!("{algorithm}.tokens")))?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// Returns the public keys of all asymmetric algorithms.
pub(crate) fn jwks() -> String {
    let keys = ALGORITHMS.iter().filter_map(|(_, name)| TestKey::named(name)).map(TestKey::jwk);
    json!({ "keys": keys.collect::<Vec<_>>() }).to_string()
}

/// Mints distinct tokens on all cores.
pub(crate) fn tokens(algorithm: Algorithm, key: &str, count: usize) -> Vec<String> {
    let issued_at =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let numbers: Vec<usize> = (0..count).collect();
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let part =
            |numbers| scope.spawn(move || tokens_numbered(algorithm, key, numbers, issued_at));
        let parts: Vec<_> = numbers.chunks(count.div_ceil(workers)).map(part).collect();
        parts.into_iter().flat_map(|part| part.join().expect("no token panics")).collect()
    })
}

fn tokens_numbered(
    algorithm: Algorithm,
    key: &str,
    numbers: &[usize],
    issued_at: u64,
) -> Vec<String> {
    let test_key = TestKey::named(key);
    let signer = match test_key {
        Some(key) => Signer::Key(key, algorithm),
        None => Signer::Secret(SECRET.as_bytes(), algorithm),
    };
    let mut header = json!({ "alg": algorithm, "typ": "at+jwt" });
    if test_key.is_some() {
        header["kid"] = key.into();
    }
    let header = header.to_string();
    let mut tokens = Vec::new();
    for number in numbers {
        let claims = json!({
            "iss": if test_key.is_some() { ISSUER } else { HMAC_ISSUER },
            "aud": AUDIENCE,
            "sub": format!("00u{number:017}"),
            "client_id": "0oa1example2client3",
            "scope": "openid profile orders:read orders:write",
            "iat": issued_at,
            "exp": issued_at + 24 * 3600,
            "jti": format!("AT.{number:027}"),
        });
        tokens.push(compact(header.as_bytes(), claims.to_string().as_bytes(), &signer));
    }
    tokens
}
