//! Installs programs with cargo in pinned versions.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache::Cache;
use crate::command::output_of;
use crate::invocation::cargo_program;
use crate::outcome::Missing;

/// Returns the program `name` of the crate `name`, compiled first if the cache does not have it.
pub(crate) fn bring(cache: &Cache, name: &str, version: &str) -> Result<PathBuf, Missing> {
    let folder = format!("{name}-{version}");
    let brought = cache.find_or_make(
        |cache| {
            let program = cache.root.join(&folder).join("bin").join(name);
            output_of(Command::new(&program).arg("--version")).is_ok().then_some(program)
        },
        |directory| {
            anstream::println!("{name}: compiling {version}");
            install(&format!("{name}@{version}"), name, directory)?;
            Ok(folder.clone())
        },
    );
    brought.map_err(|error| Missing {
        why: error.to_string(),
        help: format!("cargo install --locked {name}@{version}"),
    })
}

fn install(package: &str, program: &str, directory: &Path) -> io::Result<()> {
    let build = directory.join("build");
    let status = Command::new(cargo_program())
        .args(["install", "--quiet", "--locked", package, "--bin", program, "--root"])
        .arg(directory)
        .arg("--target-dir")
        .arg(&build)
        // The programs run for seconds. Their own release profiles would compile for ten minutes.
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .status()?;
    if !status.success() {
        return Err(io::Error::other(format!("cargo install {package}: {status}")));
    }
    std::fs::remove_dir_all(build)
}
