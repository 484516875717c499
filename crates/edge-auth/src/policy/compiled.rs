//! The compiled form of a policy, which `edge-auth policy build` writes and every host loads.
//!
//! Its first line is text: `edge-auth policy 1 sha256:DIGEST policy.toml`, with the version of the
//! form, the digest of all bytes behind the line, and the source's name for messages. Behind it is
//! the [`Policy`], as postcard encodes it. Secrets and files are in it by their names only.

use std::fmt;

use super::{Access, CredentialRef, Policy, PolicyDigest};

/// The version of the form. Raise it when the types of a policy change: a form of another version
/// is refused, since its bytes would mean something else.
const VERSION: &str = "1";
/// What every compiled policy begins with, and no TOML or JSON does.
const MAGIC: &[u8] = b"edge-auth policy ";
/// The longest first line, in bytes.
const MAX_LINE: usize = 512;

/// The size of the largest compiled policy that is read, in bytes.
pub const MAX_COMPILED_BYTES: usize = 4 * 1024 * 1024;

/// Why bytes are not a compiled policy that this version can load.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadError {
    /// They do not begin like a compiled policy.
    NotCompiled,
    /// They are longer than [`MAX_COMPILED_BYTES`].
    TooLong,
    /// The form has this version, and not the one that is loaded.
    Version(String),
    /// They are cut short, or changed: the digest is that of other bytes.
    Digest,
    /// They are no policy, though their digest is right.
    Malformed(&'static str),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotCompiled => f.write_str("is not a compiled policy")?,
            Self::TooLong => write!(f, "is longer than {MAX_COMPILED_BYTES} bytes")?,
            Self::Version(found) => write!(
                f,
                "is a compiled policy of version {found}, and this edge-auth loads version {VERSION}"
            )?,
            Self::Digest => f.write_str(
                "is damaged: it is cut short or changed, since its SHA-256 is not that of its first line",
            )?,
            Self::Malformed(why) => write!(f, "is not what `edge-auth policy build` writes: {why}")?,
        }
        let version = env!("CARGO_PKG_VERSION");
        write!(f, ". Build it again: `edge-auth policy build policy.toml` with edge-auth {version}")
    }
}

impl std::error::Error for LoadError {}

impl Policy {
    /// Whether bytes begin like a compiled policy, and not like a source in TOML or JSON.
    pub fn is_compiled(bytes: &[u8]) -> bool {
        bytes.starts_with(MAGIC)
    }

    /// Loads a compiled policy.
    ///
    /// # Errors
    /// Says what is wrong with the bytes, and what to run.
    pub fn load(bytes: &[u8]) -> Result<Self, LoadError> {
        if bytes.len() > MAX_COMPILED_BYTES {
            return Err(LoadError::TooLong);
        }
        let (header, body) = Header::split(bytes)?;
        let digest = PolicyDigest::of(body);
        if digest.full() != header.digest {
            return Err(LoadError::Digest);
        }
        let Ok((policy, [])) = postcard::take_from_bytes::<Self>(body) else {
            return Err(LoadError::Malformed("its bytes are not those of a policy"));
        };
        if let Some(why) = policy.contradiction() {
            return Err(LoadError::Malformed(why));
        }
        Ok(policy.named(header.source, digest))
    }

    /// Returns the compiled form.
    ///
    /// # Errors
    /// The form is longer than a host would load.
    pub fn to_compiled(&self) -> Result<Vec<u8>, LoadError> {
        let source = self.file.rsplit(['/', '\\']).next().unwrap_or_default();
        let plain = |character: char| if character.is_control() { '_' } else { character };
        let source: String = source.chars().map(plain).take(64).collect();
        let body = self.body()?;
        let mut form = MAGIC.to_vec();
        let digest = PolicyDigest::of(&body).full();
        form.extend(format!("{VERSION} sha256:{digest} {source}\n").into_bytes());
        form.extend(body);
        if form.len() > MAX_COMPILED_BYTES { Err(LoadError::TooLong) } else { Ok(form) }
    }

    /// Returns the digest of the compiled form, by which logs and audit events name the policy.
    pub fn digest(&self) -> PolicyDigest {
        self.digest
    }

    /// Sets what the form does not have in its bytes: the source's name for messages, and the
    /// digest.
    pub(super) fn named(mut self, source: &str, digest: PolicyDigest) -> Self {
        (self.file, self.digest) = (source.to_owned(), digest);
        for issuer in &mut self.issuers {
            issuer.place = match issuer.line {
                Some(line) => format!("{source}:{line}"),
                None => source.to_owned(),
            };
        }
        self
    }

    /// Encodes the policy's types.
    pub(super) fn body(&self) -> Result<Vec<u8>, LoadError> {
        postcard::to_allocvec(self).map_err(|_| LoadError::Malformed("it cannot be encoded"))
    }

    /// Returns what no compiler writes, if the policy has it.
    fn contradiction(&self) -> Option<&'static str> {
        if self.rules.len() != self.router.routes().len() {
            return Some("it has not one route for each rule");
        }
        let dangling = |named: &CredentialRef| match named {
            CredentialRef::Jwt(index) => *index >= self.issuers.len(),
            CredentialRef::Key(index) => *index >= self.api_keys.len(),
            CredentialRef::Cert(index) => *index >= self.client_certs.len(),
        };
        for rule in &self.rules {
            let named = rule.access.named();
            if rule.access != Access::Public && named.is_empty() {
                return Some("a rule names no credential");
            }
            if named.iter().any(dangling) {
                return Some("a rule names a credential that is not there");
            }
        }
        if !self.revocation.limits.are_valid() {
            return Some("the stages of its revocation exceed the bound");
        }
        if self.sampling.allowed.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            return Some("its share of logged decisions is not from 0 to 1");
        }
        None
    }
}

/// The first line of a compiled policy.
struct Header<'a> {
    /// 64 hexadecimal digits, if the form is whole.
    digest: &'a str,
    source: &'a str,
}

impl<'a> Header<'a> {
    /// Splits the first line from the body. The version is checked first, since the rest of the
    /// line may look different in another one.
    fn split(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), LoadError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(LoadError::NotCompiled)?;
        let end = rest.iter().take(MAX_LINE).position(|byte| *byte == b'\n');
        let line = end.and_then(|end| rest.split_at_checked(end)).ok_or(LoadError::Digest)?;
        let (Ok(text), Some(body)) = (std::str::from_utf8(line.0), line.1.get(1..)) else {
            return Err(LoadError::Digest);
        };
        let (version, rest) = text.split_once(' ').ok_or(LoadError::Digest)?;
        if version != VERSION {
            let version = version.chars().take(16).flat_map(char::escape_default).collect();
            return Err(LoadError::Version(version));
        }
        let (digest, source) = rest.split_once(' ').ok_or(LoadError::Digest)?;
        let digest = digest.strip_prefix("sha256:").ok_or(LoadError::Digest)?;
        if source.contains(char::is_control) {
            return Err(LoadError::Digest);
        }
        Ok((Self { digest, source }, body))
    }
}
