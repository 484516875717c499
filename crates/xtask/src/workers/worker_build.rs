//! worker-build: one of our own, of the version that the Worker is built with.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache::Cache;
use crate::command::output_of;
use crate::invocation::cargo_program;
use crate::outcome::Missing;

const VERSION: &str = "0.8.7";

pub(crate) fn bring(cache: &Cache) -> Result<PathBuf, Missing> {
    cache.find_or_make(find, make).map_err(|error| Missing {
        why: error.to_string(),
        help: format!("cargo install --locked worker-build@{VERSION}"),
    })
}

fn find(cache: &Cache) -> Option<PathBuf> {
    let program = cache.root.join(name()).join("bin/worker-build");
    output_of(Command::new(&program).arg("--version")).is_ok().then_some(program)
}

fn make(directory: &Path) -> io::Result<String> {
    anstream::println!("worker-build: compiling {VERSION}");
    let build = directory.join("build");
    let status = Command::new(cargo_program())
        .args(["install", "--quiet", "--locked", "--debug", &format!("worker-build@{VERSION}")])
        .args(["--bin", "worker-build", "--root"])
        .arg(directory)
        .arg("--target-dir")
        .arg(&build)
        // It calls others to do the work: optimised it would take ten minutes more to build.
        .env("CARGO_PROFILE_DEV_DEBUG", "false")
        .status()?;
    if !status.success() {
        return Err(io::Error::other(format!("cargo install: {status}")));
    }
    std::fs::remove_dir_all(build)?;
    Ok(name())
}

fn name() -> String {
    format!("worker-build-{VERSION}")
}
