//! Every scenario over HTTP, against the real binary: once as a gateway, once as an authorizer.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a panic is a failed test")]

mod common;

use std::net::SocketAddr;
use std::path::Path;

use common::Folder;
use edge_auth_cli::store::SqliteStore;
use edge_auth_testkit::scenario::source::Face;
use edge_auth_testkit::scenario::{Need, Scenario, Setup, Started, run_all, seed};
use edge_auth_testkit::wire::{Process, Product, WireHost};
use serde_json::Value;

#[test]
fn every_scenario_holds_over_http() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scenarios");
    let scenarios = Scenario::all(&directory).unwrap();
    let binary = Binary { runtime: tokio::runtime::Runtime::new().unwrap(), running: None };
    let report = run_all(&scenarios, &mut WireHost::new(binary).unwrap());
    println!("{report}");
    report.must_pass();
}

/// The binary as a product.
struct Binary {
    runtime: tokio::runtime::Runtime,
    running: Option<Running>,
}

/// Two servers on one policy and one store: a gateway answers nothing but as a gateway.
struct Running {
    gateway: Served,
    authorizer: Served,
    /// A gateway leaves these paths to its upstream where administration is off.
    gateway_administers: bool,
    _folder: Folder,
}

struct Served {
    process: Process,
    address: SocketAddr,
}

impl Running {
    fn is_the_gateways(&self, face: Face) -> bool {
        face == Face::Gateway || (face == Face::Admin && self.gateway_administers)
    }
}

impl Product for Binary {
    fn start(&mut self, setup: &Setup<'_>, upstream: &str) -> Result<Started, String> {
        self.running = None;
        let folder = Folder::with_policy(&setup.policy);
        for (name, bytes) in &setup.resources.files {
            let path = folder.path(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        let store = SqliteStore::open(&folder.path("keys.db")).map_err(|error| error.to_string())?;
        let serve = |arguments: &[&str]| {
            let arguments = [&["serve", "--listen", "127.0.0.1:0"], arguments].concat();
            let mut command = folder.edge_auth(&arguments);
            command.env_remove("PEPPER").envs(&setup.resources.secrets);
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

    fn address(&self, face: Face) -> Option<SocketAddr> {
        let running = self.running.as_ref()?;
        let served = if running.is_the_gateways(face) { &running.gateway } else { &running.authorizer };
        Some(served.address)
    }

    fn forget_audit(&mut self) {
        if let Some(running) = &mut self.running {
            running.gateway.process.forget_audit();
            running.authorizer.process.forget_audit();
        }
    }

    fn audit(&mut self, face: Face) -> Option<Value> {
        let running = self.running.as_mut()?;
        let gateways = running.is_the_gateways(face);
        let served = if gateways { &mut running.gateway } else { &mut running.authorizer };
        served.process.audit()
    }

    fn offers(&self, _: Need) -> bool {
        false
    }
}
