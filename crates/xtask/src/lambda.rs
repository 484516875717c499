//! cargo-lambda, and the function as it is deployed.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache::Cache;
use crate::invocation::Invocation;
use crate::outcome::{Missing, Outcome};
use crate::pypi;
use crate::workspace::Workspace;

/// With it comes the compiler that it links with, so that the program runs wherever Lambda runs it.
const CARGO_LAMBDA: &str = "cargo-lambda==1.9.2";
const MINISTACK: &str = "ministack==1.5.33";

/// What `cargo lambda build` makes.
pub(crate) struct Packaged {
    pub(crate) program: PathBuf,
    pub(crate) archive: PathBuf,
}

/// The folder with cargo-lambda.
pub(crate) fn bring(cache: &Cache) -> Result<PathBuf, Missing> {
    pypi::bring(cache, &CARGO_LAMBDA.replace("==", "-"), &[CARGO_LAMBDA])
}

/// The folder with MiniStack's modules.
pub(crate) fn bring_ministack(cache: &Cache) -> Result<PathBuf, Missing> {
    pypi::bring(cache, &MINISTACK.replace("==", "-"), &[MINISTACK])
}

/// Builds the function.
pub(crate) fn build(workspace: &Workspace, cargo_lambda: &Path) -> Outcome {
    let programs = cargo_lambda.join("bin");
    let mut path = programs.clone().into_os_string();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let arguments = "lambda build --profile lambda -p edge-auth-lambda";
    Invocation::of(&programs.join("cargo-lambda"), "cargo", workspace, arguments)
        .env("PYTHONPATH", cargo_lambda)
        .env("PATH", path)
        .run()
}

/// Builds the function, and puts it into an archive.
pub(crate) fn package(workspace: &Workspace, cargo_lambda: &Path) -> io::Result<Packaged> {
    if let Outcome::Failed(why) = build(workspace, cargo_lambda) {
        return Err(io::Error::other(format!("cargo lambda build: {why}")));
    }
    let folder = workspace.target.join("lambda/bootstrap");
    let (program, archive) = (folder.join("bootstrap"), folder.join("bootstrap.zip"));
    let mut zip = Command::new("python3");
    zip.args(["-m", "zipfile", "-c", "bootstrap.zip", "bootstrap"]).current_dir(&folder);
    crate::command::output_of(&mut zip)?;
    Ok(Packaged { program, archive })
}
