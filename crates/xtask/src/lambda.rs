//! The Lambda function as it is deployed, and its template.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::invocation::Invocation;
use crate::outcome::{Missing, Outcome};
use crate::tool::{Tool, Tools};
use crate::workspace::Workspace;

/// The products of `cargo lambda build`.
pub(crate) struct Packaged {
    pub(crate) program: PathBuf,
    pub(crate) archive: PathBuf,
}

/// Builds the function.
pub(crate) fn build(workspace: &Workspace, cargo_lambda: &Path) -> Outcome {
    let programs = cargo_lambda.join("bin");
    let mut path = programs.clone().into_os_string();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let arguments = "lambda build --profile lambda -p edge-auth-authorizer";
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
    let folder = workspace.target.join("lambda/edge-auth-authorizer");
    let (program, archive) = (folder.join("bootstrap"), folder.join("bootstrap.zip"));
    let mut zip = Command::new("python3");
    zip.args(["-m", "zipfile", "-c", "bootstrap.zip", "bootstrap"]).current_dir(&folder);
    crate::command::output_of(&mut zip)?;
    Ok(Packaged { program, archive })
}

/// Checks the template with cfn-lint.
pub(crate) fn lint_template(at: &Workspace, tools: &Tools) -> Result<Outcome, Missing> {
    let modules = tools.path(Tool::CfnLint)?;
    let lint =
        Invocation::of("python3".as_ref(), "python3", at, "").arg(modules.join("bin/cfn-lint"));
    Ok(lint.arg("--template").arg("aws/template.yaml").env("PYTHONPATH", modules).run())
}
