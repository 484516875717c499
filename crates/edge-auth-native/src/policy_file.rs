//! The file of the policy, and bounded reading of files.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use edge_auth::policy::{Format, MAX_POLICY_BYTES, TOO_LONG};
use edge_auth::{Policy, PolicyErrors};

use crate::LocalSecretProvider;

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

    /// Reads and compiles the policy.
    pub fn read(&self) -> Result<Policy, PolicyFileError> {
        let name = self.0.display().to_string();
        let mistaken =
            |message: &str| PolicyFileError::Invalid(PolicyErrors::of_file(&name, message));
        let bytes =
            read_up_to(&self.0, MAX_POLICY_BYTES as u64).map_err(PolicyFileError::Unreadable)?;
        let text = String::from_utf8(bytes.ok_or_else(|| mistaken(TOO_LONG))?)
            .map_err(|_| mistaken("is not UTF-8 text"))?;
        Policy::parse(&text, Format::of(&name), &name).map_err(PolicyFileError::Invalid)
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
