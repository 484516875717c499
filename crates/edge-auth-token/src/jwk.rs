//! One JSON Web Key (RFC 7517, section 4), checked.

use std::fmt;

use serde_json::{Map, Value};

use crate::hmac_key::check_length;
use crate::json::type_name;
use crate::{
    Algorithm, Curve, EcPublicKey, Ed25519PublicKey, KeyError, LogSafe, MAX_KEY_ID_BYTES,
    PublicKey, RsaPublicKey, Secret, base64url, key_confusion,
};

/// A key for checking signatures, from a key set. Two keys are equal if they verify the same
/// tokens, so that a refreshed set can reuse the parsed key.
#[derive(Clone, PartialEq, Eq)]
pub struct Jwk {
    pub(crate) key_id: Option<String>,
    pub(crate) algorithm: Option<Algorithm>,
    pub(crate) material: Material,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Material {
    Public(PublicKey),
    Secret(Secret),
}

/// The purpose for which a set is read. It decides which values of a key's `use` are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUse {
    /// An issuer's keys: `sig`, or no `use`.
    Signatures,
    /// A SPIFFE trust domain's keys: `jwt-svid` (SPIFFE Trust Domain and Bundle, section 4), `sig`,
    /// or no `use`.
    JwtSvid,
}

impl Jwk {
    pub(crate) fn new(value: &Value, key_use: KeyUse) -> Result<Self, KeyError> {
        let Value::Object(members) = value else {
            return Err(KeyError::NotAnObject { found: type_name(value) });
        };
        let members = Members(members);
        let key_type = members.required("kty")?;
        members.refuse_private_parts(key_type)?;
        members.check_purpose(key_use)?;
        let key_id = members.key_id()?;
        if key_id.is_some_and(|kid| kid.len() > MAX_KEY_ID_BYTES) {
            return Err(KeyError::IllTyped {
                member: "kid",
                wanted: "a string of at most 512 bytes",
            });
        }
        let algorithm = members.algorithm()?;
        let material = members.material(key_type)?;
        material.check(algorithm)?;
        Ok(Self { key_id: key_id.map(str::to_owned), algorithm, material })
    }

    /// Returns `kid`.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// Returns `alg`, the only algorithm that the key is for, if it names one.
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.algorithm
    }

    /// Returns the public key, or `None` for a shared secret.
    pub fn public_key(&self) -> Option<&PublicKey> {
        match &self.material {
            Material::Public(key) => Some(key),
            Material::Secret(_) => None,
        }
    }
}

/// Shows identifier and type only.
impl fmt::Debug for Jwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwk")
            .field("key_id", &self.key_id)
            .field("algorithm", &self.algorithm)
            .field("kind", &self.material.kind())
            .finish_non_exhaustive()
    }
}

impl Material {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Public(key) => key.kind(),
            Self::Secret(_) => "a shared secret",
        }
    }

    /// Returns whether the key's kind is that of `algorithm`.
    pub(crate) fn fits(&self, algorithm: Algorithm) -> bool {
        match self {
            Self::Public(key) => key.fits(algorithm),
            Self::Secret(_) => algorithm.is_symmetric(),
        }
    }

    fn check(&self, algorithm: Option<Algorithm>) -> Result<(), KeyError> {
        if let Some(algorithm) = algorithm
            && !self.fits(algorithm)
        {
            return Err(KeyError::AlgorithmContradictsKey { algorithm, key: self.kind() });
        }
        match self {
            Self::Public(_) => Ok(()),
            Self::Secret(secret) => {
                check_length(secret.expose(), algorithm.unwrap_or(Algorithm::Hs256))?;
                key_confusion::refuse(secret.expose())
            }
        }
    }
}

/// The members of a JWK. Unknown members are ignored (RFC 7517, section 4), and so are empty ones:
/// many issuers publish `null`, `""` and `[]` for members that a key does not have.
struct Members<'a>(&'a Map<String, Value>);

impl<'a> Members<'a> {
    fn get(&self, member: &str) -> Option<&'a Value> {
        self.0.get(member).filter(|value| match value {
            Value::Null => false,
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty(),
            Value::Object(members) => !members.is_empty(),
            Value::Bool(_) | Value::Number(_) => true,
        })
    }

    fn string(&self, member: &'static str) -> Result<Option<&'a str>, KeyError> {
        match self.get(member) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(KeyError::IllTyped { member, wanted: "a string" }),
        }
    }

    /// Returns `kid`. An empty one counts, because a token may have an empty `kid`, too.
    fn key_id(&self) -> Result<Option<&'a str>, KeyError> {
        match self.0.get("kid") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(KeyError::IllTyped { member: "kid", wanted: "a string" }),
        }
    }

    fn required(&self, member: &'static str) -> Result<&'a str, KeyError> {
        self.string(member)?.ok_or(KeyError::Missing { member })
    }

    fn bytes(&self, member: &'static str) -> Result<Vec<u8>, KeyError> {
        base64url::decode_padded(self.required(member)?)
            .map_err(|_| KeyError::IllTyped { member, wanted: "base64url" })
    }

    /// Refuses the private members of RFC 7518, sections 6.2.2 and 6.3.2, and RFC 8037, section 2.
    fn refuse_private_parts(&self, key_type: &str) -> Result<(), KeyError> {
        if key_type == "oct" {
            return Ok(());
        }
        for member in ["d", "p", "q", "dp", "dq", "qi", "oth"] {
            if self.get(member).is_some() {
                return Err(KeyError::PrivateKeyPublished { member });
            }
        }
        Ok(())
    }

    /// Refuses a key whose `use` or `key_ops` excludes verifying (RFC 7517, sections 4.2 and 4.3).
    fn check_purpose(&self, key_use: KeyUse) -> Result<(), KeyError> {
        match self.string("use")? {
            None | Some("sig") => {}
            Some("jwt-svid") if key_use == KeyUse::JwtSvid => {}
            Some(found) => {
                return Err(KeyError::NotForSignatures { found: LogSafe::new(found) });
            }
        }
        let Some(operations) = self.get("key_ops") else {
            return Ok(());
        };
        const ILL_TYPED: KeyError =
            KeyError::IllTyped { member: "key_ops", wanted: "an array of strings" };
        let mut seen = std::collections::BTreeSet::new();
        for operation in operations.as_array().ok_or(ILL_TYPED)? {
            if !seen.insert(operation.as_str().ok_or(ILL_TYPED)?) {
                return Err(KeyError::NotForVerifying);
            }
        }
        if seen.contains("verify") { Ok(()) } else { Err(KeyError::NotForVerifying) }
    }

    fn algorithm(&self) -> Result<Option<Algorithm>, KeyError> {
        let Some(name) = self.string("alg")? else {
            return Ok(None);
        };
        match name.parse() {
            Ok(algorithm) => Ok(Some(algorithm)),
            Err(_) => Err(KeyError::AlgorithmUnknown { found: LogSafe::new(name) }),
        }
    }

    fn material(&self, key_type: &str) -> Result<Material, KeyError> {
        let public = match key_type {
            "RSA" => PublicKey::Rsa(RsaPublicKey::new(self.bytes("n")?, self.bytes("e")?)?),
            "EC" => {
                PublicKey::Ec(EcPublicKey::new(self.curve()?, self.bytes("x")?, self.bytes("y")?)?)
            }
            "OKP" => match self.required("crv")? {
                "Ed25519" => PublicKey::Ed25519(Ed25519PublicKey::new(self.bytes("x")?)?),
                other => return Err(unsupported("crv", other)),
            },
            "oct" => return Ok(Material::Secret(Secret::new(self.bytes("k")?))),
            other => return Err(unsupported("kty", other)),
        };
        Ok(Material::Public(public))
    }

    fn curve(&self) -> Result<Curve, KeyError> {
        let name = self.required("crv")?;
        Curve::from_name(name).ok_or_else(|| unsupported("crv", name))
    }
}

fn unsupported(member: &'static str, found: &str) -> KeyError {
    KeyError::Unsupported { member, found: LogSafe::new(found) }
}

#[cfg(test)]
mod tests;
