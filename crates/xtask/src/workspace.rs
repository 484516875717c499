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
        let directory = |key: &str| {
            let path = metadata.get(key).and_then(Value::as_str).map(PathBuf::from);
            path.ok_or_else(|| io::Error::other(format!("cargo metadata: no {key}")))
        };
        Ok(Workspace { root: directory("workspace_root")?, target: directory("target_directory")? })
    }
}
