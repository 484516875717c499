//! The workspace and its target directory.

use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::invocation::cargo_program;

pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// The target directory that cargo reports, after `CARGO_TARGET_DIR` and all configuration
    /// files.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Locates the workspace of the current directory.
    pub(crate) fn locate() -> io::Result<Workspace> {
        let metadata = Command::new(cargo_program())
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .stderr(Stdio::inherit())
            .output()?;
        let metadata: Value = serde_json::from_slice(&metadata.stdout)?;
        Ok(Workspace {
            root: directory(&metadata, "workspace_root")?,
            target: directory(&metadata, "target_directory")?,
        })
    }
}

fn directory(metadata: &Value, key: &str) -> io::Result<PathBuf> {
    match metadata.get(key).and_then(Value::as_str) {
        Some(path) => Ok(path.into()),
        None => Err(io::Error::other(format!("cargo metadata: no {key}"))),
    }
}
