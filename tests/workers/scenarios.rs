//! Runs every scenario in workerd, once through a gateway and once through an authorizer.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use edge_auth_testkit::scenario::source::Endpoint;
use edge_auth_testkit::scenario::{Call, Capability, Scenario, Setup, Started, run_all, seed};
use edge_auth_testkit::wire::{Product, WireHost};
use futures::executor::block_on;
use serde_json::{Value, json};

use crate::deployment::{Deployment, address, send};
use crate::driver::{Driver, Log};
use crate::durable_object::RevocationLedger;
use crate::edge;

/// The longest time between an answer and its audit event.
const AUDIT: Duration = Duration::from_secs(5);

#[test]
fn every_scenario_holds_in_workerd() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let scenarios = Scenario::all(&directory).unwrap();
    let workers = Workers { driver: Driver::start(), era: 0, running: None };
    let report = run_all(&scenarios, &mut WireHost::new(workers).unwrap());
    println!("{report}");
    report.must_pass();
}

/// The Worker as a product.
struct Workers {
    driver: Driver,
    /// Counts the starts. Each one has new stores.
    era: u64,
    running: Option<Running>,
}

/// Two Workers with the same policy and stores, since a gateway has no endpoints for proxies and
/// applications.
struct Running {
    gateway: SocketAddr,
    authorizer: SocketAddr,
    /// Whether the gateway serves the administration. Without `[admin]` it forwards these paths.
    gateway_administers: bool,
}

impl Workers {
    /// Returns an isolate's first warnings, or what it logs if it cannot start.
    fn first_words(&self, of: SocketAddr, refused_at: &str) -> Result<Vec<String>, String> {
        let health = send(of, "GET", "/healthz", &[]);
        // The audit event of this request comes after all earlier lines.
        send(of, "GET", refused_at, &[]);
        if health.status == 503 {
            // The isolate logs the reason for each of the two requests.
            let said = [(); 2].map(|()| self.driver.logs_until(|_| true, AUDIT));
            return Err(said
                .into_iter()
                .flatten()
                .map(|log| log.text)
                .collect::<Vec<_>>()
                .join("\n"));
        }
        let said = self.driver.logs_until(|log| log.audit_event().is_some(), AUDIT);
        Ok(said.into_iter().filter(|log| log.level == "warn").map(|log| log.text).collect())
    }
}

impl Product for Workers {
    fn start(&mut self, setup: &Setup<'_>, upstream: &str) -> Result<Started, String> {
        self.era += 1;
        let gateway = Deployment::named("gateway").set_up(setup).stores(self.era);
        let gateway = gateway.variable("UPSTREAM", upstream);
        let authorizer =
            Deployment::named("authorizer").set_up(setup).stores_of("gateway", self.era);
        self.driver.logs();
        let started =
            self.driver.start_workers(json!([Value::from(gateway), Value::from(authorizer)]))?;
        let (gateway, authorizer) = (address(&started, "gateway"), address(&started, "authorizer"));
        let notices = self.first_words(gateway, "//")?;
        self.first_words(authorizer, "/authorize")?;
        let seeded =
            block_on(seed(setup, &RevocationLedger { driver: &self.driver, worker: "gateway" }))?;
        let gateway_administers = setup.policy.contains("[admin]");
        self.running = Some(Running { gateway, authorizer, gateway_administers });
        Ok(Started { seeded, notices })
    }

    fn arriving(&self, call: &Call) -> Call {
        edge::arriving(call)
    }

    fn address(&self, endpoint: Endpoint) -> Option<SocketAddr> {
        let running = self.running.as_ref()?;
        let gateways = endpoint == Endpoint::Gateway
            || (endpoint == Endpoint::Admin && running.gateway_administers);
        Some(if gateways { running.gateway } else { running.authorizer })
    }

    fn forget_audit(&mut self) {
        self.driver.logs();
    }

    fn audit(&mut self, _: Endpoint) -> Option<Value> {
        let logs = self.driver.logs_until(|log| log.audit_event().is_some(), AUDIT);
        logs.last().and_then(Log::audit_event)
    }

    fn offers(&self, need: Capability) -> bool {
        matches!(need, Capability::Peer | Capability::Cloudflare | Capability::Location)
    }

    /// workerd parses the URL, joins repeated fields, and refuses invalid URLs and unknown methods.
    fn mends(&self, need: Capability) -> bool {
        matches!(need, Capability::Authority | Capability::Unmended)
    }
}
