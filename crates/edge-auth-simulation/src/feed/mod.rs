//! The reads of the revocation feed by all instances of a deployment.
//!
//! Each instance decides by the product's own
//! [`ReadTimes`](edge_auth::revocation::ReadTimes) when it reads and what it may decide by.
//! Around it the model has requests, relays, stores and failures.

mod check;
mod instance;
mod model;
mod random;
mod relay;
mod scenario;
mod store;
mod table;

use std::time::Duration;

use clap::{Args, ValueEnum};
use edge_auth::Policy;
use edge_auth::policy::Format;
use edge_auth::revocation::RevocationLimits;

use model::{Model, Setting};
use scenario::Scenario;

/// A time since the beginning of a simulation, in microseconds.
type Micros = u64;

const SECOND: Micros = 1_000_000;

/// The host of the instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Host {
    /// Isolates that read by the relays of their colos, which read one Durable Object
    Workers,
    /// Functions that read copies of the log's end in DynamoDB
    Lambda,
}

/// The arguments of `simulate feed`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The host; both if it is left out
    #[arg(long, value_enum)]
    host: Option<Host>,
    /// The number of instances [default: 100000 isolates, 50000 functions]
    #[arg(long)]
    instances: Option<usize>,
    /// The number of colos (Workers)
    #[arg(long, default_value_t = 300)]
    colos: usize,
    /// The relays in each colo: isolates of the control Worker (Workers)
    #[arg(long, default_value_t = 1)]
    relays: usize,
    /// For how long a relay answers from one read, in milliseconds (Workers) [default: the product's]
    #[arg(long)]
    relay_keeps: Option<u64>,
    /// The copies of the log's end (Lambda)
    #[arg(long, default_value_t = 16)]
    heads: usize,
    /// The records behind the last snapshot, which a new instance reads (Lambda)
    #[arg(long, default_value_t = 100)]
    behind: usize,
    /// The requests of each instance in a second
    #[arg(long, default_value_t = 2.0)]
    requests: f64,
    /// `bound` and `interval` of `[revocation]`, in seconds
    #[arg(long, default_value_t = 10)]
    bound: u64,
    /// See `bound` [default: the product's]
    #[arg(long)]
    interval: Option<u64>,
    /// Run so many real gates for 47 s, and compare what they do with the model
    #[arg(long, value_name = "GATES", num_args = 0..=1, default_missing_value = "12")]
    check: Option<usize>,
}

/// Simulates every scenario and prints the tables. Returns whether all hold.
pub(crate) fn run(arguments: &Arguments) -> bool {
    if let Some(gates) = arguments.check {
        return check::run(arguments, gates).unwrap_or_else(|error| {
            anstream::eprintln!("{error}");
            false
        });
    }
    let mut holds = true;
    for host in [Host::Workers, Host::Lambda] {
        if arguments.host.is_some_and(|only| only != host) {
            continue;
        }
        let setting = arguments.setting(host);
        let mut rows = Vec::new();
        for scenario in Scenario::all(host) {
            let result = Model::new(&setting, &scenario).run();
            holds &= result.holds(&scenario, &setting);
            rows.push((scenario, result));
        }
        anstream::println!("{}", table::of(&setting, &rows));
    }
    holds
}

impl Arguments {
    fn setting(&self, host: Host) -> Setting {
        let instances = self.instances.unwrap_or(match host {
            Host::Workers => 100_000,
            Host::Lambda => 50_000,
        });
        let keeps =
            self.relay_keeps.map_or(edge_auth::platform::RELAY_KEEPS, Duration::from_millis);
        Setting {
            host,
            instances,
            colos: self.colos.max(1),
            relays: self.relays.max(1),
            relay_keeps: keeps.as_micros() as Micros,
            heads: self.heads.max(1),
            behind: self.behind,
            requests: self.requests,
            limits: limits(self.bound, self.interval),
        }
    }
}

/// Returns the limits of a policy with this bound, as the product's compiler makes them.
fn limits(bound: u64, interval: Option<u64>) -> RevocationLimits {
    let interval = interval.map_or(String::new(), |interval| format!("interval = \"{interval}s\""));
    let text = format!("[revocation]\nsecret = \"S\"\nbound = \"{bound}s\"\n{interval}\n");
    match Policy::parse(&text, Format::Toml, "policy.toml") {
        Ok(policy) => policy.revocation_limits(),
        Err(mistakes) => {
            anstream::eprintln!("{mistakes}");
            std::process::exit(2)
        }
    }
}
