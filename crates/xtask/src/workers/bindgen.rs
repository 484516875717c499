//! Builds wasm-bindgen's command with the options that worker-build uses: forty lines around its
//! library, which compile in a fraction of the real command's time.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use crate::cache::Cache;
use crate::command::output_of;
use crate::invocation::cargo_program;
use crate::outcome::Missing;

/// The version of the library with which the Worker is compiled.
const VERSION: &str = "0.2.130";

pub(crate) fn bring(cache: &Cache) -> Result<PathBuf, Missing> {
    cache.find_or_make(find, make).map_err(|error| Missing {
        why: error.to_string(),
        help: format!("cargo install wasm-bindgen-cli@{VERSION}"),
    })
}

fn find(cache: &Cache) -> Option<PathBuf> {
    let program = cache.root.join(name()).join("wasm-bindgen");
    output_of(Command::new(&program).arg("--version")).is_ok().then_some(program)
}

fn make(directory: &Path) -> io::Result<String> {
    anstream::println!("wasm-bindgen: compiling {VERSION}");
    let package = directory.join("package");
    fs::create_dir_all(package.join("src"))?;
    fs::write(
        package.join("Cargo.toml"),
        include_str!("bindgen/package.toml").replace("VERSION", VERSION),
    )?;
    fs::write(package.join("src/main.rs"), include_str!("bindgen/main.rs"))?;
    let build = directory.join("build");
    output_of(
        Command::new(cargo_program())
            .args(["build", "--quiet", "--target-dir"])
            .arg(&build)
            .current_dir(&package)
            .env("CARGO_PROFILE_DEV_DEBUG", "false")
            .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1"),
    )?;
    fs::copy(build.join("debug/bindgen"), directory.join("wasm-bindgen"))?;
    fs::remove_dir_all(build)?;
    Ok(name())
}

fn name() -> String {
    format!("wasm-bindgen-{VERSION}")
}
