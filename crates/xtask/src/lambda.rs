//! The Lambda functions as they are deployed, their template and their Terraform module.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::invocation::Invocation;
use crate::outcome::{Missing, Outcome};
use crate::tool::{Tool, Tools};
use crate::workspace::Workspace;

/// The gate's function.
pub(crate) const AUTHORIZER: Program =
    Program { package: "edge-auth-authorizer", name: "edge-auth-authorizer" };
/// The control plane's function.
pub(crate) const CONTROL: Program =
    Program { package: "edge-auth-control-lambda", name: "edge-auth-control" };

/// The program of a function.
pub(crate) struct Program {
    package: &'static str,
    name: &'static str,
}

/// The products of `cargo lambda build`.
pub(crate) struct Packaged {
    pub(crate) program: PathBuf,
    pub(crate) archive: PathBuf,
}

/// Builds both functions. Each is built alone, so that the authorizer is compiled without the code
/// that writes.
pub(crate) fn build(workspace: &Workspace, cargo_lambda: &Path) -> Outcome {
    for program in [AUTHORIZER, CONTROL] {
        let built = program.build(workspace, cargo_lambda);
        if let Outcome::Failed(_) = built {
            return built;
        }
    }
    match writes_in(&AUTHORIZER.built(workspace).program) {
        Ok(found) if found.is_empty() => Outcome::Passed(String::new()),
        Ok(found) => Outcome::Failed(format!("the authorizer can name {}", found.join(", "))),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

/// Builds a function, and puts it into an archive.
pub(crate) fn package(
    program: &Program,
    workspace: &Workspace,
    cargo_lambda: &Path,
) -> io::Result<Packaged> {
    if let Outcome::Failed(why) = program.build(workspace, cargo_lambda) {
        return Err(io::Error::other(format!("cargo lambda build: {why}")));
    }
    let packaged = program.built(workspace);
    let mut zip = Command::new("python3");
    zip.args(["-m", "zipfile", "-c", "bootstrap.zip", "bootstrap"])
        .current_dir(workspace.target.join("lambda").join(program.name));
    crate::command::output_of(&mut zip)?;
    Ok(packaged)
}

impl Program {
    fn build(&self, workspace: &Workspace, cargo_lambda: &Path) -> Outcome {
        let programs = cargo_lambda.join("bin");
        let mut path = programs.clone().into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let arguments =
            format!("lambda build --profile lambda --no-default-features -p {}", self.package);
        Invocation::of(&programs.join("cargo-lambda"), "cargo", workspace, &arguments)
            .env("PYTHONPATH", cargo_lambda)
            .env("PATH", path)
            .run()
    }

    fn built(&self, workspace: &Workspace) -> Packaged {
        let folder = workspace.target.join("lambda").join(self.name);
        Packaged { program: folder.join("bootstrap"), archive: folder.join("bootstrap.zip") }
    }
}

/// The operations of DynamoDB that change a table.
const WRITES: [&str; 8] = [
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "BatchWriteItem",
    "TransactWriteItems",
    "ExecuteStatement",
    "UpdateTimeToLive",
    "CreateTable",
];

/// Returns the operations that a program can name. The program must at least name its reads:
/// otherwise the names are somewhere else.
fn writes_in(program: &Path) -> io::Result<Vec<&'static str>> {
    let bytes = std::fs::read(program)?;
    let names = |name: &str| bytes.windows(name.len()).any(|window| window == name.as_bytes());
    for read in ["GetItem", "Query"] {
        if !names(read) {
            return Err(io::Error::other(format!("{} does not name {read}", program.display())));
        }
    }
    Ok(WRITES.into_iter().filter(|write| names(write)).collect())
}

/// Checks the template with cfn-lint.
pub(crate) fn lint_template(at: &Workspace, tools: &Tools) -> Result<Outcome, Missing> {
    let modules = tools.path(Tool::CfnLint)?;
    let lint =
        Invocation::of("python3".as_ref(), "python3", at, "").arg(modules.join("bin/cfn-lint"));
    Ok(lint.arg("--template").arg("aws/template.yaml").env("PYTHONPATH", modules).run())
}

/// Checks the Terraform module and its example against the schema of the provider for AWS.
pub(crate) fn check_terraform(at: &Workspace, tools: &Tools) -> Result<Outcome, Missing> {
    let check = Invocation::of("node".as_ref(), "node", at, "crates/xtask/npm/terraform/check.mjs");
    let check = check.arg(tools.path(Tool::NodeTerraform)?);
    Ok(check.arg("aws/terraform").arg("aws/terraform/examples/complete").run())
}

/// Checks the format of the Terraform module. No package registry has Terraform, so a machine
/// without it does without this step.
pub(crate) fn format_terraform(at: &Workspace) -> Outcome {
    match crate::command::output_of(Command::new("terraform").arg("version")) {
        Ok(_) => {
            let format = "fmt -check -diff -recursive aws/terraform";
            Invocation::of("terraform".as_ref(), "terraform", at, format).run()
        }
        Err(_) => Outcome::Excused(Missing {
            why: "terraform is not installed".into(),
            help: "terraform fmt -check -recursive aws/terraform".into(),
        }),
    }
}
