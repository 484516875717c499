//! The native host as a product under test: the binary, its store, and its two ways to serve.

#![allow(clippy::unwrap_used, reason = "a panic is a failed test")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use edge_auth_cli::store::SqliteStore;
use edge_auth_testkit::scenario::source::Endpoint;
use edge_auth_testkit::scenario::{Capability, Setup, Started, seed};
use edge_auth_testkit::wire::{Process, Product};
use serde_json::Value;

/// The binary as a product.
pub(crate) struct Binary {
    program: PathBuf,
    runtime: tokio::runtime::Runtime,
    running: Option<Running>,
}

/// Two servers on one policy and one store: a gateway answers nothing but as a gateway.
struct Running {
    gateway: Served,
    authorizer: Served,
    /// A gateway leaves these paths to its upstream where administration is off.
    gateway_administers: bool,
    _folder: tempfile::TempDir,
}

struct Served {
    process: Process,
    address: SocketAddr,
}

impl Binary {
    /// This program, with nothing running yet.
    pub(crate) fn at(program: PathBuf) -> Self {
        Self { program, runtime: tokio::runtime::Runtime::new().unwrap(), running: None }
    }
}

impl Running {
    fn is_the_gateways(&self, endpoint: Endpoint) -> bool {
        endpoint == Endpoint::Gateway || (endpoint == Endpoint::Admin && self.gateway_administers)
    }
}

impl Product for Binary {
    fn start(&mut self, setup: &Setup<'_>, upstream: &str) -> Result<Started, String> {
        self.running = None;
        let folder = tempfile::tempdir().unwrap();
        let files = setup
            .secret_provider
            .files
            .iter()
            .map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
        for (name, bytes) in files.chain([("policy.toml", setup.policy.as_bytes())]) {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        let store =
            SqliteStore::open(&folder.path().join("keys.db")).map_err(|error| error.to_string())?;
        let serve = |arguments: &[&str]| {
            let mut command = Command::new(&self.program);
            command.args(["serve", "--policy", "policy.toml", "--store", "sqlite:keys.db"]);
            command.args(["--listen", "127.0.0.1:0"]).args(arguments).current_dir(folder.path());
            command.env_clear().envs(&setup.secret_provider.secrets);
            let mut process = Process::start(&mut command).map_err(|error| error.to_string())?;
            let address = process.address()?;
            Ok::<_, String>(Served { process, address })
        };
        let mut gateway = serve(&["--upstream", upstream])?;
        let authorizer = serve(&[])?;
        let seeded = self.runtime.block_on(seed(setup, &store))?;
        let notices = gateway.process.said().to_vec();
        let gateway_administers = setup.policy.contains("[admin]");
        self.running = Some(Running { gateway, authorizer, gateway_administers, _folder: folder });
        Ok(Started { seeded, notices })
    }

    fn address(&self, endpoint: Endpoint) -> Option<SocketAddr> {
        let running = self.running.as_ref()?;
        let served =
            if running.is_the_gateways(endpoint) { &running.gateway } else { &running.authorizer };
        Some(served.address)
    }

    fn forget_audit(&mut self) {
        if let Some(running) = &mut self.running {
            running.gateway.process.forget_audit();
            running.authorizer.process.forget_audit();
        }
    }

    fn audit(&mut self, endpoint: Endpoint) -> Option<Value> {
        let running = self.running.as_mut()?;
        let gateways = running.is_the_gateways(endpoint);
        let served = if gateways { &mut running.gateway } else { &mut running.authorizer };
        served.process.audit()
    }

    fn offers(&self, _: Capability) -> bool {
        false
    }
}
