//! Issuers of tokens, and libraries that have an opinion of tokens.

use std::io;
use std::path::PathBuf;
use std::process::Command;

use crate::cache::Cache;
use crate::command::output_of;
use crate::outcome::Missing;
use crate::workspace::Workspace;
use crate::{npm, pypi};

/// The folder whose `node_modules` has what the lock file beside the tests names.
pub(crate) fn on_node(cache: &Cache) -> Result<PathBuf, Missing> {
    let missing =
        |error: io::Error| Missing { why: error.to_string(), help: "install Node 20".into() };
    output_of(Command::new("node").arg("--version")).map_err(missing)?;
    let workspace = Workspace::locate().map_err(missing)?;
    npm::bring(cache, "issuers", &workspace.root.join("tests/issuers"))
}

/// The folder that belongs on `PYTHONPATH`.
pub(crate) fn on_python(cache: &Cache) -> Result<PathBuf, Missing> {
    let packages = ["pyjwt==2.15.1", "joserfc==1.8.0", "cryptography==50.0.2"];
    pypi::bring(cache, "pyjwt-2.15.1-joserfc-1.8.0-cryptography-50.0.2", &packages)
}
