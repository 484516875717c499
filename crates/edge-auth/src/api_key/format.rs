//! The text of keys that are issued here: how it is written and read.

use serde::{Deserialize, Serialize};
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use super::base62;
use super::hash::PresentedSecret;
use super::pepper::{Pepper, Peppers};
use super::plaintext::PlaintextKey;
use super::profile_error::ProfileError;
use super::refusal::KeyRefusal;

const RANDOM: usize = 12;
const TAG: usize = 6;
const SECRET: usize = 43;
const CRC: usize = 6;
/// Id, `_`, secret and checksum.
const TAIL: usize = RANDOM + TAG + 1 + SECRET + CRC;

/// The beginning of all keys of a block: `{prefix}_{environment}_`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, Serialize)]
pub struct KeyFormat {
    /// Ends with `_`.
    lead: String,
    environment: String,
}

impl KeyFormat {
    /// Joins a prefix (`[a-z][a-z0-9]{1,15}`, mostly the company's or product's name) and an
    /// environment (`[a-z]{2,8}`, like `live` or `test`).
    pub fn new(prefix: &str, environment: &str) -> Result<Self, ProfileError> {
        let lower_or_digit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        if !(2..=16).contains(&prefix.len())
            || !prefix.bytes().all(lower_or_digit)
            || !prefix.starts_with(|first: char| first.is_ascii_lowercase())
        {
            return Err(ProfileError::Prefix { found: prefix.to_owned() });
        }
        if !(2..=8).contains(&environment.len())
            || !environment.bytes().all(|byte| byte.is_ascii_lowercase())
        {
            return Err(ProfileError::Environment { found: environment.to_owned() });
        }
        Ok(Self { lead: format!("{prefix}_{environment}_"), environment: environment.to_owned() })
    }

    /// The environment.
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// `{prefix}_{environment}_`.
    pub(crate) fn lead(&self) -> &str {
        &self.lead
    }

    /// Whether the text begins like the keys of this format.
    pub(super) fn recognises(&self, text: &str) -> bool {
        text.starts_with(&self.lead)
    }

    /// Makes an id from 71 of 72 random bits: 12 digits cannot hold more.
    pub(super) fn id(&self, mut random: [u8; 9], pepper: &Pepper) -> String {
        let [first, ..] = &mut random;
        *first &= 0x7f;
        let random = base62::encode::<9, RANDOM>(random);
        let tag = self.tag(&random, pepper);
        random.iter().chain(&tag).copied().map(char::from).collect()
    }

    /// Writes the whole text of a key.
    pub(super) fn text(&self, id: &str, secret: &[u8; 32]) -> PlaintextKey {
        let digits = Zeroizing::new(base62::encode::<32, SECRET>(*secret));
        // Allocated once: a text that grows leaves copies of the secret behind.
        let mut text = Zeroizing::new(String::with_capacity(self.lead.len() + TAIL));
        text.push_str(&self.lead);
        text.push_str(id);
        text.push('_');
        text.extend(digits.iter().copied().map(char::from));
        let crc = checksum(text.as_bytes());
        text.extend(crc.map(char::from));
        PlaintextKey::new(text)
    }

    /// Reads the id and secret of a text.
    pub(super) fn read(&self, text: &str) -> Result<(String, PresentedSecret), KeyRefusal> {
        let bytes = text.as_bytes();
        let tail = bytes.strip_prefix(self.lead.as_bytes()).ok_or(KeyRefusal::Malformed(
            "it does not begin with the block's prefix and environment",
        ))?;
        if tail.len() != TAIL {
            return Err(KeyRefusal::Malformed(
                "its length is wrong: it was cut, or copied with more than the key",
            ));
        }
        let (Some((random, tag, secret)), Some((before, crc))) =
            (parts(tail), bytes.split_last_chunk::<CRC>())
        else {
            return Err(KeyRefusal::Malformed("it has characters that a key cannot have there"));
        };
        if checksum(before) != *crc {
            return Err(KeyRefusal::ChecksumWrong);
        }
        let secret = base62::decode::<32>(secret)
            .map(Zeroizing::new)
            .ok_or(KeyRefusal::Malformed("its secret is greater than any that is issued"))?;
        let mut id = String::with_capacity(RANDOM + TAG);
        id.extend(random.iter().chain(tag).copied().map(char::from));
        Ok((id, PresentedSecret::Secret(secret)))
    }

    /// Checks that an id was issued under one of these peppers.
    pub(super) fn check_tag(&self, id: &str, peppers: &Peppers) -> Result<(), KeyRefusal> {
        let Some((random, tag)) = id.as_bytes().split_first_chunk() else {
            return Err(KeyRefusal::TagUnknown);
        };
        // Compares under every pepper, so that the time does not reveal the right one.
        let mut tagged = Choice::from(0);
        for pepper in peppers.all() {
            tagged |= self.tag(random, pepper).ct_eq(tag);
        }
        if bool::from(tagged) { Ok(()) } else { Err(KeyRefusal::TagUnknown) }
    }

    /// Computes 35 bits of an HMAC over everything before the tag: as much as its digits hold.
    fn tag(&self, random: &[u8; RANDOM], pepper: &Pepper) -> [u8; TAG] {
        let message = [self.lead.as_bytes(), random].concat();
        let [a, b, c, d, e, ..] = pepper.tag.code(&message);
        let bits = u64::from_be_bytes([0, 0, 0, a, b, c, d, e]) >> 5;
        base62::encode(bits.to_be_bytes())
    }
}

/// Splits into random part, tag and secret, if every character is allowed in its place.
fn parts(tail: &[u8]) -> Option<(&[u8; RANDOM], &[u8; TAG], &[u8; SECRET])> {
    let (random, rest) = tail.split_first_chunk()?;
    let (tag, rest) = rest.split_first_chunk()?;
    let (secret, crc) = rest.strip_prefix(b"_")?.split_first_chunk()?;
    let digits = [random.as_slice(), tag, secret, crc];
    digits.into_iter().all(base62::is_base62).then_some((random, tag, secret))
}

fn checksum(before: &[u8]) -> [u8; CRC] {
    base62::encode(crc32fast::hash(before).to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_and_environments_have_their_alphabets_and_lengths() {
        for (prefix, environment) in [("ac", "qa"), ("a2345678901234bc", "testtest")] {
            assert!(KeyFormat::new(prefix, environment).is_ok(), "{prefix} {environment}");
        }
        for prefix in ["", "a", "Acme", "1acme", "ac_me", "ac-me", "acmé", "a23456789012345bc"] {
            let error = KeyFormat::new(prefix, "live").unwrap_err();
            assert_eq!(error, ProfileError::Prefix { found: prefix.to_owned() });
        }
        for environment in ["", "l", "Live", "li_ve", "live1", "livelivel"] {
            let error = KeyFormat::new("acme", environment).unwrap_err();
            assert_eq!(error, ProfileError::Environment { found: environment.to_owned() });
        }
    }

    #[test]
    fn an_error_quotes_what_it_found_and_says_what_it_wants() {
        let error = KeyFormat::new("Acme", "live").unwrap_err();
        assert_eq!(error.to_string(), "prefix `Acme`: must match [a-z][a-z0-9]{1,15}");
    }
}
