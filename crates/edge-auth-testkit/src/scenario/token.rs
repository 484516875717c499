//! Mints a scenario's tokens.

use edge_auth_token::Algorithm;
use serde_json::{Map, Value, json};

use super::source::{EveryToken, Token};
use super::text::Texts;
use crate::mint::{Signer, TestKey, compact};

const DEFAULT_KEY: &str = "p256";

pub(super) fn mint(token: &Token, every: &EveryToken, texts: &Texts) -> Result<String, String> {
    let name = token.key.as_deref().unwrap_or(DEFAULT_KEY);
    let key = TestKey::named(name).ok_or_else(|| {
        let names: Vec<&str> = TestKey::names().collect();
        format!("there is no test key `{name}`: {}", names.join(", "))
    })?;
    let secret = match &token.secret {
        Some(secret) => Some(texts.expand(secret)?),
        None => None,
    };
    let algorithm: Algorithm = match (&token.alg, &secret) {
        (Some(alg), _) => {
            alg.parse().map_err(|_| format!("`{alg}` is not an algorithm that signs"))?
        }
        (None, Some(_)) => Algorithm::Hs256,
        (None, None) => key.algorithm,
    };
    let forged = match token.signature.as_deref() {
        None | Some("der") => None,
        Some("empty") => Some(Vec::new()),
        Some(digits) => Some(
            from_hex(&texts.expand(digits)?)
                .ok_or("`signature` is `der`, `empty` or hexadecimal")?,
        ),
    };
    let signer = match (&forged, &secret) {
        (Some(bytes), _) => Signer::Bytes(bytes),
        (None, Some(secret)) => Signer::Secret(secret.as_bytes(), algorithm),
        (None, None) if token.signature.is_some() => Signer::Der(key),
        (None, None) => Signer::Key(key, algorithm),
    };

    let mut own = Map::new();
    own.insert("alg".to_owned(), json!(algorithm));
    own.insert("typ".to_owned(), json!("at+jwt"));
    if secret.is_none() {
        own.insert("kid".to_owned(), json!(name));
    }
    let header =
        part(&token.header_text, [&own, &every.header, &token.header], &token.without, texts)?;
    let claims = part(&token.claims_text, [&every.claims, &token.claims], &token.without, texts)?;
    if token.utf16 {
        return Ok(compact(&utf16(&header), &utf16(&claims), &signer));
    }
    Ok(compact(header.as_bytes(), claims.as_bytes(), &signer))
}

/// Returns a header or payload: the whole text, or the members, of which later ones win.
fn part<const N: usize>(
    text: &Option<String>,
    members: [&Map<String, Value>; N],
    without: &[String],
    texts: &Texts,
) -> Result<String, String> {
    if let Some(text) = text {
        return texts.expand(text);
    }
    let mut merged = Map::new();
    for (name, value) in members.into_iter().flatten() {
        merged.insert(name.clone(), value.clone());
    }
    merged.retain(|name, _| !without.contains(name));
    Ok(expanded(&Value::Object(merged), texts)?.to_string())
}

/// Expands the references in a value, and replaces `+5m` and `-1h` by times.
pub(super) fn expanded(value: &Value, texts: &Texts) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => match texts.time(text) {
            Some(time) => json!(time.seconds()),
            None => Value::String(texts.expand(text)?),
        },
        Value::Array(list) => {
            Value::Array(list.iter().map(|one| expanded(one, texts)).collect::<Result<_, _>>()?)
        }
        Value::Object(members) => {
            let mut object = Map::new();
            for (name, value) in members {
                object.insert(name.clone(), expanded(value, texts)?);
            }
            Value::Object(object)
        }
        other => other.clone(),
    })
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
