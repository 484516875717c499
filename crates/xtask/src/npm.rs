//! Installs the npm packages of one of the repository's lock files.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use crate::cache::Cache;
use crate::command::output_of;
use crate::outcome::Missing;

/// Returns a directory whose `node_modules` has the packages of `package-lock.json` in `folder`, a
/// path from the root of the repository. The directory's name in the cache begins with `name` and
/// changes with the lock file.
pub(crate) fn bring(cache: &Cache, name: &str, folder: &str) -> Result<PathBuf, Missing> {
    let help = format!("install Node 20 or newer, then: cd {folder} && npm ci");
    let missing = |error: io::Error| Missing { why: error.to_string(), help: help.clone() };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
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

/// Returns the FNV-1a hash of a lock file, which is the same with every version of Rust.
fn fingerprint(bytes: &[u8]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in bytes {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}
