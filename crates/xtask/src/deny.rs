//! cargo-deny: the one on `PATH`, else one of our own.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache::Cache;
use crate::command::output_of;
use crate::invocation::cargo_program;
use crate::outcome::Missing;

const VERSION: &str = "0.20.2";

pub(crate) fn bring(cache: &Cache) -> Result<PathBuf, Missing> {
    let on_path = PathBuf::from("cargo-deny");
    if runs(&on_path) {
        return Ok(on_path);
    }
    cache.find_or_make(find, make).map_err(|error| Missing {
        why: error.to_string(),
        help: format!("cargo install --locked cargo-deny@{VERSION}"),
    })
}

fn find(cache: &Cache) -> Option<PathBuf> {
    let program = cache.root.join(name()).join("bin/cargo-deny");
    runs(&program).then_some(program)
}

fn make(directory: &Path) -> io::Result<String> {
    anstream::println!("cargo-deny: compiling {VERSION}");
    let build = directory.join("build");
    let status = Command::new(cargo_program())
        .args(["install", "--quiet", "--locked", &format!("cargo-deny@{VERSION}")])
        .arg("--root")
        .arg(directory)
        .arg("--target-dir")
        .arg(&build)
        // It runs for a second: cargo-deny's own release profile would take ten minutes to build.
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .status()?;
    if !status.success() {
        return Err(io::Error::other(format!("cargo install: {status}")));
    }
    std::fs::remove_dir_all(build)?;
    Ok(name())
}

fn name() -> String {
    format!("cargo-deny-{VERSION}")
}

fn runs(program: &Path) -> bool {
    output_of(Command::new(program).arg("--version")).is_ok()
}
