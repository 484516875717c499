//! Keys that another system issued. The store has only a hash of each.

use base64::Engine;
use base64::alphabet::{self, Alphabet};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use edge_auth_token::Secret;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256, Sha512};

use super::hash::PresentedSecret;
use super::profile_error::ProfileError;
use super::refusal::KeyRefusal;
use crate::derived_key::framed;
use crate::hexadecimal::from_hex;
use crate::sealed_document::BASE64;

/// The beginning of every JWT: `{"` in base64url.
const TOKEN_LEAD: &str = "eyJ";
const TEXT_BYTES: std::ops::RangeInclusive<usize> = 16..=512;

/// How another system hashed its keys: the whole text, once, without salt.
///
/// Such a hash protects a key only as far as the key is random. A key has 16 to 512 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, Serialize)]
pub struct ImportedFormat {
    algorithm: DigestAlgorithm,
    prefix: Option<String>,
}

impl ImportedFormat {
    /// Describes keys that all begin with `prefix` (1 to 32 visible ASCII characters), if there is
    /// one. The prefix is hashed with the rest of the key.
    pub fn new(algorithm: DigestAlgorithm, prefix: Option<&str>) -> Result<Self, ProfileError> {
        if let Some(found) = prefix
            && !((1..=32).contains(&found.len()) && found.bytes().all(|b| b.is_ascii_graphic()))
        {
            return Err(ProfileError::ImportedPrefix { found: found.to_owned() });
        }
        if let Some(found) = prefix
            && (found.starts_with(TOKEN_LEAD) || TOKEN_LEAD.starts_with(found))
        {
            return Err(ProfileError::ImportedPrefixOfTokens { found: found.to_owned() });
        }
        Ok(Self { algorithm, prefix: prefix.map(str::to_owned) })
    }

    /// The prefix of all keys, if they have one.
    pub(crate) fn prefix(&self) -> Option<&str> {
        self.prefix.as_deref()
    }

    /// Whether the format has a prefix and the text begins with it.
    pub(super) fn recognises(&self, text: &str) -> bool {
        self.prefix.as_ref().is_some_and(|prefix| text.starts_with(prefix))
    }

    pub(super) fn has_prefix(&self) -> bool {
        self.prefix.is_some()
    }

    /// Returns the record's id and the digest of a text that may be a key.
    pub(super) fn read(
        &self,
        block: &str,
        text: &str,
    ) -> Result<(String, PresentedSecret), KeyRefusal> {
        if !TEXT_BYTES.contains(&text.len()) {
            return Err(KeyRefusal::Malformed("it is not 16 to 512 characters long"));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(KeyRefusal::Malformed("it has a character that is not visible ASCII"));
        }
        if self.has_prefix() && !self.recognises(text) {
            return Err(KeyRefusal::Malformed("it does not begin with the block's prefix"));
        }
        let digest = match self.algorithm {
            DigestAlgorithm::Sha256 => Sha256::digest(text).to_vec(),
            DigestAlgorithm::Sha512 => Sha512::digest(text).to_vec(),
        };
        Ok(found(block, digest))
    }

    /// Returns the record's id and the digest, from the hash that the other system stored:
    /// hexadecimal or base64 (either alphabet, padded or not). The length tells which.
    pub(super) fn read_hash(&self, block: &str, text: &str) -> Option<(String, PresentedSecret)> {
        let digest = if text.len() == 2 * self.algorithm.bytes() {
            from_hex(text.as_bytes())
        } else {
            from_base64(text, &alphabet::STANDARD)
                .or_else(|| from_base64(text, &alphabet::URL_SAFE))
        };
        let digest = digest?;
        if digest.len() != self.algorithm.bytes() {
            return None;
        }
        Some(found(block, digest))
    }

    pub(super) fn algorithm(&self) -> DigestAlgorithm {
        self.algorithm
    }
}

/// The hash function of another system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum DigestAlgorithm {
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl DigestAlgorithm {
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Sha512 => "SHA-512",
        }
    }
}

/// The id is not keyed: it must outlive the peppers, and an unknown key must cost one read. It
/// reveals no more to a reader of the store than the hash of the other system does.
fn found(block: &str, digest: Vec<u8>) -> (String, PresentedSecret) {
    let message = framed(&[b"edge-auth imported key id, v1", block.as_bytes(), &digest]);
    let id = format!("imp_{}", BASE64.encode(Sha256::digest(message)));
    (id, PresentedSecret::Digest(Secret::new(digest)))
}

fn from_base64(text: &str, alphabet: &Alphabet) -> Option<Vec<u8>> {
    let either =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(alphabet, either).decode(text).ok()
}
