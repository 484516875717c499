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
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
    install(cache, name, &folder).map_err(|error| Missing { why: error.to_string(), help })
}

fn install(cache: &Cache, name: &str, folder: &Path) -> io::Result<PathBuf> {
    let lock = fs::read(folder.join("package-lock.json"))?;
    let name = format!("{name}-{:016x}", fingerprint(&lock));
    cache.find_or_make(
        |cache| {
            let directory = cache.root.join(&name);
            directory.join("node_modules").is_dir().then_some(directory)
        },
        |directory| {
            anstream::println!("npm: installing {name}");
            for file in ["package.json", "package-lock.json"] {
                fs::copy(folder.join(file), directory.join(file))?;
            }
            let mut npm = Command::new("npm");
            npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
            output_of(npm.current_dir(directory))?;
            Ok(name.clone())
        },
    )
}

/// Returns the FNV-1a hash of a lock file, which is the same with every version of Rust.
fn fingerprint(bytes: &[u8]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in bytes {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}
