//! The policy's file.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use edge_auth::policy::{Format, MAX_POLICY_BYTES, TOO_LONG};
use edge_auth::{Policy, PolicyErrors};

use crate::LocalSecretProvider;

/// Why there is no policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyFileError {
    /// The file cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// What it says is wrong.
    #[error("{0}")]
    Invalid(PolicyErrors),
}

/// Where a policy is, to be read as often as it changes.
#[derive(Debug, Clone)]
pub struct PolicyFile(PathBuf);

impl PolicyFile {
    /// At this path.
    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Reads and compiles it.
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

    /// What it refers to.
    pub fn secret_provider(&self) -> LocalSecretProvider {
        LocalSecretProvider::beside(self.0.parent().unwrap_or(Path::new("")))
    }
}

/// Reads a file that has at most `limit` bytes.
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
