//! The text of keys that are issued here.

use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use super::hash::PresentedSecret;
use super::pepper::{Pepper, Peppers};
use super::{KeyRefusal, PlaintextKey, ProfileError, base62};

const RANDOM: usize = 12;
const TAG: usize = 6;
const SECRET: usize = 43;
const CRC: usize = 6;
/// Id, `_`, secret and checksum.
const TAIL: usize = RANDOM + TAG + 1 + SECRET + CRC;

/// What all keys of a block begin with: `{prefix}_{environment}_`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeyFormat {
    /// With the `_` behind it.
    lead: String,
    environment: String,
}

impl KeyFormat {
    /// A prefix (`[a-z][a-z0-9]{1,15}`, mostly the company's or product's name) and an
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

    /// What the keys begin with: `{prefix}_{environment}_`.
    pub(crate) fn lead(&self) -> &str {
        &self.lead
    }

    /// Whether the text begins like the keys of this format.
    pub(super) fn recognises(&self, text: &str) -> bool {
        text.starts_with(&self.lead)
    }

    /// A new id, from 72 random bits of which 71 are used: 12 digits hold no more.
    pub(super) fn id(&self, mut random: [u8; 9], pepper: &Pepper) -> String {
        let [first, ..] = &mut random;
        *first &= 0x7f;
        let random = base62::encode::<9, RANDOM>(random);
        let tag = self.tag(&random, pepper);
        random.iter().chain(&tag).copied().map(char::from).collect()
    }

    /// The whole text of a key.
    pub(super) fn text(&self, id: &str, secret: &[u8; 32]) -> PlaintextKey {
        let digits = Zeroizing::new(base62::encode::<32, SECRET>(*secret));
        // All of it in one piece: a text that grows leaves copies behind.
        let mut text = Zeroizing::new(String::with_capacity(self.lead.len() + TAIL));
        text.push_str(&self.lead);
        text.push_str(id);
        text.push('_');
        text.extend(digits.iter().copied().map(char::from));
        let crc = checksum(text.as_bytes());
        text.extend(crc.map(char::from));
        PlaintextKey::new(text)
    }

    /// The id and secret of a text that was issued under one of these peppers.
    pub(super) fn read(
        &self,
        text: &str,
        peppers: &Peppers,
    ) -> Result<(String, PresentedSecret), KeyRefusal> {
        let bytes = text.as_bytes();
        let tail = bytes.strip_prefix(self.lead.as_bytes()).ok_or(KeyRefusal::Malformed(
            "it does not begin with the block's prefix and environment",
        ))?;
        if tail.len() != TAIL {
            return Err(KeyRefusal::Malformed(
                "its length is not that of a key: it was cut, or copied with more than the key",
            ));
        }
        let (Some((random, tag, secret)), Some((before, crc))) =
            (parts(tail), bytes.split_last_chunk::<CRC>())
        else {
            return Err(KeyRefusal::Malformed(
                "it has other characters than a key, or in other places",
            ));
        };
        if checksum(before) != *crc {
            return Err(KeyRefusal::ChecksumWrong);
        }
        let secret = base62::decode::<32>(secret)
            .map(Zeroizing::new)
            .ok_or(KeyRefusal::Malformed("its secret is greater than any that is issued"))?;
        // Under all of them, whichever is right, so that time does not tell which.
        let tagged = peppers
            .all()
            .fold(Choice::from(0), |found, pepper| found | self.tag(random, pepper).ct_eq(tag));
        if !bool::from(tagged) {
            return Err(KeyRefusal::TagUnknown);
        }
        let id = random.iter().chain(tag).copied().map(char::from).collect();
        Ok((id, PresentedSecret::Secret(secret)))
    }

    /// 35 bits of an HMAC over all before the tag. The digits hold no more.
    fn tag(&self, random: &[u8; RANDOM], pepper: &Pepper) -> [u8; TAG] {
        let message = [self.lead.as_bytes(), random].concat();
        let [a, b, c, d, e, ..] = pepper.tag.code(&message);
        let bits = u64::from_be_bytes([0, 0, 0, a, b, c, d, e]) >> 5;
        base62::encode(bits.to_be_bytes())
    }
}

/// Random part, tag and secret, if every character may stand where it does.
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
