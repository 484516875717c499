//! The policy's file.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use edge_auth::Policy;
use edge_auth::policy::{Format, MAX_POLICY_BYTES};

use super::HostResources;
use crate::failure::Failure;

/// Where a policy is, to be read as often as it changes.
#[derive(Debug, Clone)]
pub(crate) struct PolicyFile(PathBuf);

impl PolicyFile {
    /// At this path.
    pub(crate) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Reads and compiles it.
    pub(crate) fn read(&self) -> Result<Policy, Failure> {
        let bytes = read_bounded(&self.0, MAX_POLICY_BYTES as u64).map_err(Failure::Trouble)?;
        let name = self.0.display().to_string();
        let text = String::from_utf8(bytes)
            .map_err(|_| Failure::trouble(format!("{name}: the policy is not UTF-8 text")))?;
        Ok(Policy::parse(&text, Format::of(&name), &name)?)
    }

    /// What it refers to.
    pub(crate) fn resources(&self) -> HostResources {
        HostResources::beside(self.0.parent().unwrap_or(Path::new("")))
    }
}

/// Reads a file that has at most `limit` bytes.
pub(crate) fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let name = path.display();
    let trouble = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("there is no file {name}"),
        _ => format!("{name} cannot be read: {error}"),
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(trouble)?;
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(trouble)?;
    if bytes.len() as u64 > limit {
        return Err(format!("{name} is larger than {limit} bytes"));
    }
    Ok(bytes)
}
