//! The file of the policy, and bounded reading of files.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use edge_auth::policy::MAX_COMPILED_BYTES;
#[cfg(feature = "compiler")]
use edge_auth::policy::{Format, MAX_POLICY_BYTES, TOO_LONG};
use edge_auth::{Policy, PolicyErrors};

use crate::LocalSecretProvider;

/// Without the compiler, only compiled policies are read.
#[cfg(not(feature = "compiler"))]
const MAX_POLICY_BYTES: usize = MAX_COMPILED_BYTES;
#[cfg(not(feature = "compiler"))]
const TOO_LONG: &str = "is longer than a compiled policy may be";

/// Why a file yields no policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyFileError {
    /// The file cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// The policy has mistakes.
    #[error("{0}")]
    Invalid(PolicyErrors),
}

/// The path of a policy, which is read again when it changes.
#[derive(Debug, Clone)]
pub struct PolicyFile(PathBuf);

impl PolicyFile {
    /// Names the policy at this path.
    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Reads the policy: a compiled one is loaded, a source in TOML or JSON is compiled.
    pub fn read(&self) -> Result<Policy, PolicyFileError> {
        let bytes = self.bytes()?;
        if Policy::is_compiled(&bytes) {
            return Policy::load(&bytes).map_err(|error| self.mistaken(&error.to_string()));
        }
        self.compile(bytes)
    }

    /// Reads a source in TOML or JSON, and compiles it.
    pub fn read_source(&self) -> Result<Policy, PolicyFileError> {
        let bytes = self.bytes()?;
        if Policy::is_compiled(&bytes) {
            return Err(self.mistaken("is compiled already: name its source, in TOML or JSON"));
        }
        self.compile(bytes)
    }

    #[cfg(feature = "compiler")]
    fn compile(&self, bytes: Vec<u8>) -> Result<Policy, PolicyFileError> {
        let text = String::from_utf8(bytes).map_err(|_| self.mistaken("is not UTF-8 text"))?;
        let name = self.name();
        Policy::parse(&text, Format::of(&name), &name).map_err(PolicyFileError::Invalid)
    }

    #[cfg(not(feature = "compiler"))]
    fn compile(&self, _: Vec<u8>) -> Result<Policy, PolicyFileError> {
        Err(self
            .mistaken("is not compiled: deploy what `edge-auth policy build policy.toml` writes"))
    }

    fn bytes(&self) -> Result<Vec<u8>, PolicyFileError> {
        let limit = MAX_COMPILED_BYTES.max(MAX_POLICY_BYTES) as u64;
        let bytes = read_up_to(&self.0, limit).map_err(PolicyFileError::Unreadable)?;
        bytes.ok_or_else(|| self.mistaken(TOO_LONG))
    }

    fn mistaken(&self, message: &str) -> PolicyFileError {
        PolicyFileError::Invalid(PolicyErrors::of_file(&self.name(), message))
    }

    fn name(&self) -> String {
        self.0.display().to_string()
    }

    /// Returns the provider of the secrets and files that the policy names.
    pub fn secret_provider(&self) -> LocalSecretProvider {
        LocalSecretProvider::beside(self.0.parent().unwrap_or(Path::new("")))
    }
}

/// Reads a file; one with more than `limit` bytes is an error.
pub fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    read_up_to(path, limit)?
        .ok_or_else(|| format!("{} is larger than {limit} bytes", path.display()))
}

/// Reads a file; `None` if it has more than `limit` bytes.
fn read_up_to(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, String> {
    let name = path.display();
    let trouble = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("there is no file {name}"),
        _ => format!("{name} cannot be read: {error}"),
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(trouble)?;
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(trouble)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}
