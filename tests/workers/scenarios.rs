//! Runs every scenario in workerd: through a gateway and through an authorizer, with administration
//! at the control Worker.

use std::cell::Cell;
use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::Duration;

use edge_auth::Policy;
use edge_auth::policy::Format;
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

/// The Workers as a product.
struct Workers {
    driver: Driver,
    /// Counts the starts. Each one has new stores.
    era: u64,
    running: Option<Running>,
}

/// Two gates, since a gateway has no endpoints for proxies and applications, and the control Worker,
/// with the same policy.
struct Running {
    gateway: SocketAddr,
    authorizer: SocketAddr,
    control: SocketAddr,
    /// The time within which the gates see what the control Worker has written.
    propagation: Duration,
    /// Whether the control Worker may have written something that the gates have not seen yet.
    has_written: Cell<bool>,
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
        let gate = Deployment::gate("authorizer").set_up(setup)?.reading();
        let gateway = gate.clone().with("name", json!("gateway")).variable("UPSTREAM", upstream);
        let workers = [gateway.control(self.era), gateway, gate].map(Value::from);
        self.driver.logs();
        let started = self.driver.start_workers(json!(workers))?;
        let [gateway, authorizer, control] =
            ["gateway", "authorizer", "control"].map(|name| address(&started, name));
        let notices = self.first_words(gateway, "//")?;
        self.first_words(authorizer, "/authorize")?;
        self.first_words(control, "/admin/v1/keys")?;
        let seeded =
            block_on(seed(setup, &RevocationLedger { driver: &self.driver, worker: "control" }))?;
        let propagation = propagation(&setup.policy)?;
        let has_written = Cell::new(false);
        self.running = Some(Running { gateway, authorizer, control, propagation, has_written });
        Ok(Started { seeded, notices })
    }

    /// Waits until the gates have seen what the control Worker has written.
    fn arriving(&self, call: &Call) -> Call {
        if let Some(running) = &self.running {
            if call.endpoint == Endpoint::Admin {
                running.has_written.set(running.has_written.get() || call.method != "GET");
            } else if running.has_written.take() {
                thread::sleep(running.propagation);
            }
        }
        edge::arriving(call)
    }

    fn address(&self, endpoint: Endpoint) -> Option<SocketAddr> {
        let running = self.running.as_ref()?;
        Some(match endpoint {
            Endpoint::Gateway => running.gateway,
            Endpoint::Admin => running.control,
            Endpoint::ForwardAuth | Endpoint::Verify | Endpoint::Authorizer => running.authorizer,
        })
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

/// Returns the time within which a gate sees a change: the interval of the feed, or the age of a
/// key's record.
fn propagation(policy: &str) -> Result<Duration, String> {
    const KEY_RECORD_AGE: Duration = Duration::from_secs(10);
    let policy = Policy::parse(policy, Format::Toml, "policy.toml");
    let policy = policy.map_err(|errors| errors.to_string())?;
    let limits = policy.revocation_limits();
    Ok(if policy.has_revocation_feed() { limits.interval } else { KEY_RECORD_AGE })
}
