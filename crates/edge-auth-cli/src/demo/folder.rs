//! The files of the demonstration.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use edge_auth::platform::Randomness;
use edge_auth_token::Secret;

use crate::error::CommandError;
use crate::native::{SystemRandomness, read_bounded};

/// The largest pepper file, in bytes.
const MAX_PEPPER_BYTES: u64 = 1024;

/// A folder that only its owner can read, since it holds credentials.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Opens the folder, and makes it if it is missing.
    pub(super) fn open(wanted: Option<PathBuf>) -> Result<Self, CommandError> {
        let path = wanted.or_else(|| Some(cargo_target()?.join("edge-auth-demo"))).or_else(in_home);
        let path = path.ok_or_else(|| {
            CommandError::Usage("name a folder for the files: --folder FOLDER".to_owned())
        })?;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(|error| {
            CommandError::host(format!("{} cannot be made: {error}", path.display()))
        })?;
        Ok(Self(short(path)))
    }

    pub(super) fn root(&self) -> PathBuf {
        self.0.clone()
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file that only the owner can read, and returns its path.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf, CommandError> {
        let path = self.path(name);
        let file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| {
            CommandError::host(format!("{} cannot be written: {error}", path.display()))
        })?;
        Ok(path)
    }

    /// Returns the pepper of the store in this folder. It is made once: no stored key is valid
    /// without it.
    pub(super) fn pepper(&self) -> Result<Secret, CommandError> {
        let path = self.path("pepper");
        if path.exists() {
            let bytes = read_bounded(&path, MAX_PEPPER_BYTES).map_err(CommandError::Host)?;
            return Ok(Secret::new(bytes));
        }
        let mut bytes = [0; 32];
        SystemRandomness.fill(&mut bytes).map_err(|error| CommandError::host(error.to_string()))?;
        let text = STANDARD.encode(bytes);
        self.write("pepper", &text)?;
        Ok(Secret::new(text))
    }
}

/// Returns how to call this program: by its name, or through cargo if it is in cargo's target
/// folder.
pub(super) fn program() -> &'static str {
    if cargo_target().is_some() { "cargo run -q --" } else { "edge-auth" }
}

/// Returns cargo's target folder, if this program is in it.
fn cargo_target() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file()).map(Path::to_owned)
}

/// Returns a folder in the user's home: in one that others can write, they could prepare the files.
fn in_home() -> Option<PathBuf> {
    Some(std::env::home_dir()?.join(".cache/edge-auth/demo"))
}

/// Returns the path relative to the current folder, if it is below that.
fn short(path: PathBuf) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).map(Path::to_owned).unwrap_or(path)
}
