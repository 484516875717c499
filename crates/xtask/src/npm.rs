//! Packages of npm, as a lock file of ours names them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use crate::cache::Cache;
use crate::command::output_of;
use crate::outcome::Missing;

/// The directory whose `node_modules` has what `folder`'s `package-lock.json` names. The cache's
/// name for it begins with `name` and changes with the lock file.
pub(crate) fn bring(cache: &Cache, name: &str, folder: &Path) -> Result<PathBuf, Missing> {
    let help = format!("cd {} && npm ci", folder.display());
    let missing = |error: io::Error| Missing { why: error.to_string(), help: help.clone() };
    let lock = fs::read(folder.join("package-lock.json")).map_err(missing)?;
    let name = format!("{name}-{:016x}", fingerprint(&lock));
    let find = |cache: &Cache| {
        let directory = cache.root.join(&name);
        directory.join("node_modules").is_dir().then_some(directory)
    };
    let make = |directory: &Path| {
        anstream::println!("npm: installing {name}");
        for file in ["package.json", "package-lock.json"] {
            fs::copy(folder.join(file), directory.join(file))?;
        }
        let mut npm = Command::new("npm");
        output_of(
            npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(directory),
        )?;
        Ok(name.clone())
    };
    cache.find_or_make(find, make).map_err(missing)
}

/// FNV-1a: tells versions of a file of ours apart, and need not withstand anybody.
fn fingerprint(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}
