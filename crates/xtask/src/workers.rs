//! Builds and runs the Workers.

mod bindgen;

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use crate::command::output_of;
use crate::invocation::Invocation;
use crate::outcome::{Missing, Outcome};
use crate::tool::{Tool, Tools};
use crate::workspace::Workspace;

pub(crate) use bindgen::bring as bring_bindgen;

/// The folders of the Workers from the workspace's root, and the largest sizes of their JavaScript
/// and wasm, in bytes of gzip. Cloudflare's free plan allows 3 MB.
const WORKERS: [(&str, u64); 2] = [("cloudflare/gate", 520_000), ("cloudflare/control", 670_000)];
/// The folder of the Worker with tests.
const TEST_WORKER: &str = "cloudflare/test-worker";
/// The workspace of the Workers.
const MANIFEST: &str = "cloudflare/Cargo.toml";
/// The package with unit tests that need no runtime.
const SHARED: &str = "edge-auth-cloudflare";

/// The tools for a build.
pub(crate) const TOOLS: [Tool; 4] =
    [Tool::WasmRustc, Tool::WorkerBuild, Tool::WasmBindgen, Tool::NodeWorkers];

/// Builds the Workers as wrangler does, and checks their sizes.
pub(crate) fn build(at: &Workspace, tools: &Tools) -> Result<Outcome, Missing> {
    let mut sizes = Vec::new();
    for (folder, budget) in WORKERS {
        if let Outcome::Failed(why) = build_in(at, tools, folder)? {
            return Ok(Outcome::Failed(why));
        }
        match size(&at.root.join(folder).join("build")) {
            Err(error) => return Ok(Outcome::Failed(error.to_string())),
            Ok(size) if size > budget => {
                let why = format!("{folder}: {size} bytes gzipped, more than {budget}");
                return Ok(Outcome::Failed(why));
            }
            Ok(size) => sizes.push(format!("{folder}: {size} bytes gzipped, {budget} allowed")),
        }
    }
    Ok(Outcome::Passed(sizes.join("; ")))
}

/// Returns the size of a built Worker in bytes of gzip.
fn size(build: &Path) -> std::io::Result<u64> {
    ["index.js", "index_bg.wasm"].into_iter().map(|file| weight(&build.join(file))).sum()
}

/// Runs everything in workerd.
pub(crate) fn test(at: &Workspace, tools: &Tools) -> Result<Outcome, Missing> {
    if let Outcome::Failed(why) = build_in(at, tools, TEST_WORKER)? {
        return Ok(Outcome::Failed(why));
    }
    let built = Invocation::cargo(at, "build --workspace --bin edge-auth").run();
    if let Outcome::Failed(_) = built {
        return Ok(built);
    }
    let tests = "test --workspace --features edge-auth-e2e/workers --test workers -- --show-output";
    let mut tests =
        Invocation::cargo(at, tests).env("EDGE_AUTH_WORKERS_NODE", tools.path(Tool::NodeWorkers)?);
    tests = tests.env("EDGE_AUTH_BINARY", at.target.join("debug/edge-auth"));
    for (name, value) in building(tools)? {
        tests = tests.env(name, value);
    }
    Ok(tests.run_tests())
}

/// Checks formatting, lints and unit tests of the Workers' workspace.
pub(crate) fn check(at: &Workspace, tools: &Tools) -> Result<Outcome, Missing> {
    let rustc = tools.path(Tool::WasmRustc)?;
    let lint = match lint_target(rustc) {
        Some(target) => format!("clippy --manifest-path {MANIFEST} --workspace --target {target}"),
        None => format!("clippy --manifest-path {MANIFEST} --package {SHARED}"),
    };
    for command in
        [format!("fmt --manifest-path {MANIFEST} --all --check"), format!("{lint} -- -D warnings")]
    {
        if let Outcome::Failed(why) = Invocation::cargo(at, &command).run() {
            return Ok(Outcome::Failed(why));
        }
    }
    let test = format!("test --manifest-path {MANIFEST} --package {SHARED}");
    Ok(Invocation::cargo(at, &test).run_tests())
}

/// Returns the target for clippy, which comes with the compiler on `PATH` and cannot use the
/// libraries of another one.
fn lint_target(rustc: &Path) -> Option<&'static str> {
    if rustc == Path::new("rustc") { Some("wasm32-unknown-unknown") } else { None }
}

fn build_in(at: &Workspace, tools: &Tools, folder: &str) -> Result<Outcome, Missing> {
    let folder = at.root.join(folder);
    let worker_build = tools.path(Tool::WorkerBuild)?;
    let mut build = Invocation::of(worker_build, "worker-build", at, "--release --no-opt -d build")
        .arg(&folder);
    for (name, value) in building(tools)? {
        build = build.env(name, value);
    }
    Ok(build.run())
}

/// Returns the environment for worker-build, and for wrangler, which calls it.
pub(crate) fn building(tools: &Tools) -> Result<Vec<(&'static str, OsString)>, Missing> {
    let node = tools.path(Tool::NodeWorkers)?;
    let modules = node.join("node_modules");
    let programs = tools.path(Tool::WorkerBuild)?.parent().unwrap_or(Path::new("/"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path =
        std::env::join_paths([programs.to_owned()].into_iter().chain(std::env::split_paths(&path)));
    Ok(vec![
        ("RUSTC", tools.path(Tool::WasmRustc)?.into()),
        ("WASM_BINDGEN_BIN", tools.path(Tool::WasmBindgen)?.into()),
        ("ESBUILD_BIN", modules.join("esbuild/bin/esbuild").into()),
        ("PATH", path.unwrap_or_default()),
    ])
}

fn weight(file: &Path) -> std::io::Result<u64> {
    let counted = output_of(Command::new("sh").args(["-c", "gzip -9c \"$0\" | wc -c"]).arg(file))?;
    counted
        .trim()
        .parse()
        .map_err(|_| std::io::Error::other(format!("{}: no size", file.display())))
}
