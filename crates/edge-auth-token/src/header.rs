//! The JOSE header (RFC 7515, section 4): reads the few members that count, refuses the dangerous
//! ones.

use serde_json::{Map, Value};

use crate::json::type_name;
use crate::{Algorithm, HeaderError, LogSafe, TokenError};

/// The longest `kid` that the crate accepts, in bytes.
pub const MAX_KEY_ID_BYTES: usize = 512;

/// The members of a header that the crate uses. It ignores key material and URLs (`jwk`, `jku`,
/// `x5c`, `x5u`, `x5t`), because the sender chooses them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) algorithm: Algorithm,
    pub(crate) key_id: Option<String>,
    pub(crate) token_type: Option<String>,
}

impl Header {
    pub(crate) fn new(members: &Map<String, Value>) -> Result<Self, TokenError> {
        // `enc` comes before `alg`, so that the error of an encrypted token says that it is one.
        for member in ["enc", "zip"] {
            if members.contains_key(member) {
                return Err(HeaderError::Encrypted { member }.into());
            }
        }
        let algorithm = algorithm(members.get("alg"))?;
        if members.contains_key("crit") {
            return Err(HeaderError::Critical.into());
        }
        if members.contains_key("b64") {
            return Err(HeaderError::UnencodedPayload.into());
        }
        if string(members, "cty")?.is_some_and(|cty| is_media_type(cty, "JWT")) {
            return Err(HeaderError::Nested.into());
        }
        let key_id = string(members, "kid")?;
        if let Some(key_id) = key_id
            && key_id.len() > MAX_KEY_ID_BYTES
        {
            let bytes = key_id.len();
            return Err(HeaderError::KeyIdTooLong { bytes, limit: MAX_KEY_ID_BYTES }.into());
        }
        Ok(Self {
            algorithm,
            key_id: key_id.map(str::to_owned),
            token_type: string(members, "typ")?.map(str::to_owned),
        })
    }
}

fn algorithm(value: Option<&Value>) -> Result<Algorithm, TokenError> {
    let found = match value {
        None => LogSafe::new("missing"),
        Some(Value::String(name)) => match name.parse() {
            Ok(algorithm) => return Ok(algorithm),
            Err(_) => LogSafe::new(name).quoted(),
        },
        Some(other) => LogSafe::new(type_name(other)),
    };
    Err(TokenError::AlgorithmUnsupported { found })
}

fn string<'a>(
    members: &'a Map<String, Value>,
    member: &'static str,
) -> Result<Option<&'a str>, HeaderError> {
    match members.get(member) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(HeaderError::IllTyped { member, found: type_name(other) }),
    }
}

/// Compares `typ` or `cty` values as media types: without regard to case, and with `application/`
/// put before a value without a slash (RFC 7515, section 4.1.9).
pub(crate) fn is_media_type(found: &str, wanted: &str) -> bool {
    without_application(found).eq_ignore_ascii_case(without_application(wanted))
}

/// Removes `application/` from a media type without another slash.
pub(crate) fn without_application(media_type: &str) -> &str {
    match media_type.split_once('/') {
        Some((top, rest)) if top.eq_ignore_ascii_case("application") && !rest.contains('/') => rest,
        _ => media_type,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn header(value: Value) -> Result<Header, TokenError> {
        let Value::Object(members) = value else { panic!("an object") };
        Header::new(&members)
    }

    #[test]
    fn the_algorithm_must_be_one_of_ours() {
        for alg in [
            json!("none"),
            json!("nOnE"),
            json!("NONE"),
            json!(""),
            json!("hs256"),
            json!("RS256 "),
            json!("RSA-OAEP"),
            json!("ES256K"),
            json!(256),
            json!(null),
            json!(["RS256"]),
            json!({}),
            json!(true),
        ] {
            let found = header(json!({ "alg": alg }));
            assert!(matches!(found, Err(TokenError::AlgorithmUnsupported { .. })), "{alg}");
        }
        assert!(matches!(header(json!({})), Err(TokenError::AlgorithmUnsupported { .. })));
        assert!(matches!(
            header(json!({"Alg": "RS256"})),
            Err(TokenError::AlgorithmUnsupported { .. })
        ));
        assert_eq!(header(json!({"alg": "PS384"})).unwrap().algorithm, Algorithm::Ps384);
    }

    #[test]
    fn an_unsupported_algorithm_is_named() {
        let message = header(json!({"alg": "nOnE"})).unwrap_err().to_string();
        assert_eq!(message, "the token's `alg` is \"nOnE\", which is never accepted");
        let message = header(json!({"alg": 7})).unwrap_err().to_string();
        assert_eq!(message, "the token's `alg` is a number, which is never accepted");
        let message = header(json!({})).unwrap_err().to_string();
        assert_eq!(message, "the token's `alg` is missing, which is never accepted");
    }

    #[test]
    fn any_crit_is_refused() {
        for crit in [
            json!(["exp"]),
            json!(["b64"]),
            json!([]),
            json!("b64"),
            json!(null),
            json!(1),
            json!({}),
        ] {
            let found = header(json!({"alg": "RS256", "crit": crit}));
            assert_eq!(found, Err(HeaderError::Critical.into()), "{crit}");
        }
    }

    #[test]
    fn any_b64_is_refused() {
        for b64 in [json!(false), json!(true), json!("false"), json!(null)] {
            let found = header(json!({"alg": "RS256", "b64": b64}));
            assert_eq!(found, Err(HeaderError::UnencodedPayload.into()), "{b64}");
        }
    }

    #[test]
    fn encrypted_and_nested_tokens_are_refused() {
        let found = header(json!({"alg": "RSA-OAEP", "enc": "A256GCM"}));
        assert_eq!(found, Err(HeaderError::Encrypted { member: "enc" }.into()));
        let found = header(json!({"alg": "RS256", "zip": "DEF"}));
        assert_eq!(found, Err(HeaderError::Encrypted { member: "zip" }.into()));
        for cty in ["JWT", "jwt", "JwT", "application/jwt", "Application/JWT"] {
            let found = header(json!({"alg": "RS256", "cty": cty}));
            assert_eq!(found, Err(HeaderError::Nested.into()), "{cty}");
        }
        assert!(header(json!({"alg": "RS256", "cty": "json"})).is_ok());
    }

    #[test]
    fn members_that_are_used_must_be_strings() {
        for member in ["kid", "typ", "cty"] {
            for value in [json!(1), json!(null), json!(["a"]), json!({}), json!(true)] {
                let mut members = Map::new();
                members.insert("alg".into(), json!("RS256"));
                members.insert(member.into(), value.clone());
                let found = Header::new(&members);
                let wanted = HeaderError::IllTyped { member, found: type_name(&value) };
                assert_eq!(found, Err(wanted.into()));
            }
        }
    }

    #[test]
    fn a_key_identifier_is_bounded() {
        assert!(header(json!({"alg": "RS256", "kid": "k".repeat(512)})).is_ok());
        let found = header(json!({"alg": "RS256", "kid": "k".repeat(513)}));
        assert_eq!(found, Err(HeaderError::KeyIdTooLong { bytes: 513, limit: 512 }.into()));
    }

    #[test]
    fn key_material_and_urls_in_a_header_change_nothing() {
        let plain = header(json!({"alg": "RS256", "kid": "a"}));
        let loaded = header(json!({
            "alg": "RS256", "kid": "a",
            "jku": "https://evil.example/", "x5u": 1, "x5t": {}, "x5t#S256": "x",
            "jwk": {"kty": "oct", "k": ""}, "x5c": ["MII"],
        }));
        assert_eq!(plain, loaded);
        assert!(plain.is_ok());
    }

    #[test]
    fn media_types_are_compared_as_rfc_7515_has_it() {
        for (found, wanted) in [
            ("at+jwt", "at+jwt"),
            ("AT+JWT", "at+jwt"),
            ("application/at+jwt", "at+jwt"),
            ("at+jwt", "application/at+jwt"),
            ("APPLICATION/at+JWT", "at+jwt"),
        ] {
            assert!(is_media_type(found, wanted), "{found} {wanted}");
        }
        for found in
            ["JWT", "at+jwt ", " at+jwt", "application/application/at+jwt", "x/at+jwt", "at", ""]
        {
            assert!(!is_media_type(found, "at+jwt"), "{found:?}");
        }
        assert!(!is_media_type("application/x/y", "x/y"));
    }
}
