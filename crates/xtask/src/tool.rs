//! The tools that steps need beyond cargo and its toolchain.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::cache::Cache;
use crate::outcome::Missing;
use crate::report::{BOLD, DIM, RED};
use crate::{cfn_lint, deny, dynamodb_local, issuers, lambda, nginx, proxies, wasm, workers};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tool {
    /// A `rustc` that compiles and links for `wasm32-unknown-unknown`.
    WasmRustc,
    /// `cargo-deny`.
    CargoDeny,
    Nginx,
    Caddy,
    Traefik,
    Envoy,
    OldestCaddy,
    OldestTraefik,
    OldestEnvoy,
    /// The folder of DynamoDB Local.
    DynamoDbLocal,
    /// A `java` that runs it.
    Java,
    /// The folder whose `node_modules` has oidc-provider and jose.
    NodeIssuers,
    /// The folder with PyJWT and joserfc.
    PythonIssuers,
    /// The folder of cfn-lint's modules.
    CfnLint,
    /// The folder of cargo-lambda.
    CargoLambda,
    /// The folder of MiniStack.
    MiniStack,
    WorkerBuild,
    /// `wasm-bindgen`, or what does its work for worker-build.
    WasmBindgen,
    /// The folder whose `node_modules` has wrangler, Miniflare, workerd and esbuild.
    NodeWorkers,
}

impl Tool {
    pub(crate) const ALL: [Tool; 19] = [
        Tool::WasmRustc,
        Tool::CargoDeny,
        Tool::Nginx,
        Tool::Caddy,
        Tool::Traefik,
        Tool::Envoy,
        Tool::OldestCaddy,
        Tool::OldestTraefik,
        Tool::OldestEnvoy,
        Tool::DynamoDbLocal,
        Tool::Java,
        Tool::NodeIssuers,
        Tool::PythonIssuers,
        Tool::CfnLint,
        Tool::CargoLambda,
        Tool::MiniStack,
        Tool::WorkerBuild,
        Tool::WasmBindgen,
        Tool::NodeWorkers,
    ];

    fn name(self) -> &'static str {
        match self {
            Tool::WasmRustc => "rustc for wasm32",
            Tool::CargoDeny => "cargo-deny",
            Tool::Nginx => "nginx",
            Tool::Caddy => "Caddy",
            Tool::Traefik => "Traefik",
            Tool::Envoy => "Envoy",
            Tool::OldestCaddy => "Caddy, the oldest",
            Tool::OldestTraefik => "Traefik, the oldest",
            Tool::OldestEnvoy => "Envoy, the oldest",
            Tool::DynamoDbLocal => "DynamoDB Local",
            Tool::Java => "java",
            Tool::NodeIssuers => "oidc-provider, jose",
            Tool::PythonIssuers => "PyJWT, joserfc",
            Tool::CfnLint => "cfn-lint",
            Tool::CargoLambda => "cargo-lambda",
            Tool::MiniStack => "MiniStack",
            Tool::WorkerBuild => "worker-build",
            Tool::WasmBindgen => "wasm-bindgen",
            Tool::NodeWorkers => "wrangler, Miniflare",
        }
    }

    /// The program, installed first if need be.
    fn bring(self, cache: &Cache) -> Result<PathBuf, Missing> {
        match self {
            Tool::WasmRustc => wasm::bring(cache),
            Tool::CargoDeny => deny::bring(cache),
            Tool::Nginx => nginx::bring(cache),
            Tool::Caddy => proxies::CADDY.bring(cache),
            Tool::Traefik => proxies::TRAEFIK.bring(cache),
            Tool::Envoy => proxies::ENVOY.bring(cache),
            Tool::OldestCaddy => proxies::OLDEST_CADDY.bring(cache),
            Tool::OldestTraefik => proxies::OLDEST_TRAEFIK.bring(cache),
            Tool::OldestEnvoy => proxies::OLDEST_ENVOY.bring(cache),
            Tool::DynamoDbLocal => dynamodb_local::bring(cache),
            Tool::Java => dynamodb_local::bring_java(cache),
            Tool::NodeIssuers => issuers::on_node(cache),
            Tool::PythonIssuers => issuers::on_python(cache),
            Tool::CfnLint => cfn_lint::bring(cache),
            Tool::CargoLambda => lambda::bring(cache),
            Tool::MiniStack => lambda::bring_ministack(cache),
            Tool::WorkerBuild => workers::bring_worker_build(cache),
            Tool::WasmBindgen => workers::bring_bindgen(cache),
            Tool::NodeWorkers => workers::on_node(cache),
        }
    }
}

/// What set-up found, made, or could not bring.
pub(crate) struct Tools(BTreeMap<Tool, Result<PathBuf, Missing>>);

impl Tools {
    /// Brings each of `wanted` once, and says so.
    pub(crate) fn bring(cache: &Cache, wanted: &[Tool]) -> Tools {
        let mut tools = BTreeMap::new();
        for &tool in wanted {
            tools.entry(tool).or_insert_with(|| {
                let brought = tool.bring(cache);
                match &brought {
                    Ok(path) => {
                        anstream::println!("{BOLD}{}{BOLD:#}: {}", tool.name(), path.display())
                    }
                    Err(Missing { why, help }) => anstream::println!(
                        "{BOLD}{}{BOLD:#}: {RED}missing{RED:#}, {why}\n  {DIM}try:{DIM:#} {help}",
                        tool.name()
                    ),
                }
                brought
            });
        }
        Tools(tools)
    }

    pub(crate) fn complete(&self) -> bool {
        self.0.values().all(Result::is_ok)
    }

    /// Where `tool` is. A tool that was not asked for is as missing as one that could not be
    /// brought.
    pub(crate) fn path(&self, tool: Tool) -> Result<&Path, Missing> {
        match self.0.get(&tool) {
            Some(Ok(path)) => Ok(path),
            Some(Err(missing)) => Err(missing.clone()),
            None => Err(Missing {
                why: format!("{} was not set up", tool.name()),
                help: "cargo xtask setup".into(),
            }),
        }
    }
}
