//! One `[[api_key]]` block of the policy, and the keys that it reads.

use std::fmt;
use std::sync::Arc;

use super::format::KeyFormat;
use super::hash::PresentedSecret;
use super::imported::ImportedFormat;
use super::pepper::Peppers;
use super::profile_error::ProfileError;
use super::refusal::KeyRefusal;

/// The keys of one kind: their form, and the peppers behind them. Cheap to clone.
#[derive(Clone)]
pub struct ApiKeyProfile(Arc<ProfileParts>);

struct ProfileParts {
    name: String,
    kind: BlockFormat,
    peppers: Peppers,
}

pub(super) enum BlockFormat {
    Native(KeyFormat),
    Imported(ImportedFormat),
}

impl ApiKeyProfile {
    /// A block of keys that are issued here. The name is 1 to 64 of `A-Za-z0-9_-`.
    pub fn native(name: &str, format: KeyFormat, peppers: Peppers) -> Result<Self, ProfileError> {
        Self::new(name, BlockFormat::Native(format), peppers)
    }

    /// A block of keys that another system issued. The name is 1 to 64 of `A-Za-z0-9_-`.
    pub fn imported(
        name: &str,
        format: ImportedFormat,
        peppers: Peppers,
    ) -> Result<Self, ProfileError> {
        Self::new(name, BlockFormat::Imported(format), peppers)
    }

    fn new(name: &str, kind: BlockFormat, peppers: Peppers) -> Result<Self, ProfileError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if !(1..=64).contains(&name.len()) || !name.bytes().all(allowed) {
            return Err(ProfileError::Name { found: name.to_owned() });
        }
        Ok(Self(Arc::new(ProfileParts { name: name.to_owned(), kind, peppers })))
    }

    /// The name. Records are bound to it.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The environment; `None` for a block of imported keys.
    pub fn environment(&self) -> Option<&str> {
        match self.kind() {
            BlockFormat::Native(format) => Some(format.environment()),
            BlockFormat::Imported(_) => None,
        }
    }

    /// Whether the text begins like this block's keys. A text that a block of issued keys
    /// recognises belongs to that block alone.
    pub fn recognises(&self, text: &str) -> bool {
        match self.kind() {
            BlockFormat::Native(format) => format.recognises(text),
            BlockFormat::Imported(format) => format.recognises(text),
        }
    }

    /// The beginning of all its keys, if they have one in common.
    pub(crate) fn lead(&self) -> Option<&str> {
        match self.kind() {
            BlockFormat::Native(format) => Some(format.lead()),
            BlockFormat::Imported(format) => format.prefix(),
        }
    }

    /// Whether any text may be one of its keys, since they have no prefix. Look for such keys only
    /// where nothing but an API key can stand.
    pub fn takes_any_text(&self) -> bool {
        matches!(self.kind(), BlockFormat::Imported(format) if !format.has_prefix())
    }

    /// Reads a presented key, in bounded time. Refuses junk and forged ids before any read of a
    /// store. An imported key has no tag, so every text of its form needs a read.
    pub fn parse(&self, text: &str) -> Result<PresentedKey, KeyRefusal> {
        let presented = self.read(text)?;
        presented.check_tag()?;
        Ok(presented)
    }

    /// Reads a presented key without checking the tag of its id, for an id that may be in memory:
    /// [`PresentedKey::check_tag`] is due before a store is read.
    pub(crate) fn read(&self, text: &str) -> Result<PresentedKey, KeyRefusal> {
        let (record_id, presented) = match self.kind() {
            BlockFormat::Native(format) => format.read(text)?,
            BlockFormat::Imported(format) => format.read(self.name(), text)?,
        };
        Ok(PresentedKey { block: self.clone(), record_id, presented })
    }

    pub(super) fn kind(&self) -> &BlockFormat {
        &self.0.kind
    }

    pub(super) fn peppers(&self) -> &Peppers {
        &self.0.peppers
    }
}

impl fmt::Debug for ApiKeyProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKeyProfile({})", self.name())
    }
}

/// A key as a caller presented it, of the right form; one that [`ApiKeyProfile::parse`] returns has
/// a tag of ours, unless it is imported. `ApiKey::check` compares its secret with its record. Its `Debug`
/// shows the id, which is not secret.
pub struct PresentedKey {
    block: ApiKeyProfile,
    record_id: String,
    presented: PresentedSecret,
}

impl PresentedKey {
    /// The block that read it.
    pub fn block(&self) -> &ApiKeyProfile {
        &self.block
    }

    /// The id of its record in the store.
    pub fn record_id(&self) -> &str {
        &self.record_id
    }

    /// Refuses an id that was not issued here. An imported key has no tag.
    pub(crate) fn check_tag(&self) -> Result<(), KeyRefusal> {
        match self.block.kind() {
            BlockFormat::Native(format) => format.check_tag(&self.record_id, self.block.peppers()),
            BlockFormat::Imported(_) => Ok(()),
        }
    }

    pub(super) fn presented(&self) -> &PresentedSecret {
        &self.presented
    }
}

impl fmt::Debug for PresentedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PresentedKey")
            .field("block", &self.block)
            .field("record_id", &self.record_id)
            .finish_non_exhaustive()
    }
}
