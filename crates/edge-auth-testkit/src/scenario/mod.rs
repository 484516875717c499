//! Scenarios: requests and expected outcomes, written once as TOML, run on every host.
//!
//! `tests/scenarios/README.md` at the root describes the files. A [`Scenario`] is one of them.
//! [`Scenario::run`] asks a [`ScenarioHost`] and returns a [`Report`]. [`InProcess`] is a host with
//! only a gate. [`crate::wire`] runs hosts over HTTP.

mod assertion;
mod call;
mod certificate;
mod expectation;
mod host;
mod in_process;
mod parity;
mod report;
mod run;
mod seed;
mod setup;
pub mod source;
mod tampering;
mod text;
mod token;

use std::collections::BTreeMap;
use std::path::Path;

pub use expectation::Expectation;
pub use host::{
    Call, Capability, HostEvent, ObservedResponse, PlatformCredentials, ScenarioHost, SeenRequest,
    Started,
};
pub use in_process::InProcess;
pub use parity::Parity;
pub use report::Report;
pub use seed::{Seeded, SeededKey, seed};
pub use setup::Setup;
pub use source::Endpoint;
pub use tampering::checksum;

/// One file of scenarios.
#[derive(Debug)]
pub struct Scenario {
    file: String,
    source: source::ScenarioFile,
}

impl Scenario {
    /// Parses a scenario. `file` is its name in reports.
    ///
    /// # Errors
    /// The mistake in the text, and its place.
    pub fn parse(file: &str, text: &str) -> Result<Self, String> {
        let source = toml::from_str(text).map_err(|error| format!("{file}: {error}"))?;
        Ok(Self { file: file.to_owned(), source })
    }

    /// Parses a scenario once for each of its proxies, with the proxy's name in place of `{proxy}`
    /// in the policy.
    fn for_each_proxy(file: &str, text: &str) -> Result<Vec<Self>, String> {
        let plain = Self::parse(file, text)?;
        if plain.source.proxies.is_empty() {
            return Ok(vec![plain]);
        }
        let mut scenarios = Vec::new();
        for proxy in &plain.source.proxies {
            let mut scenario = Self::parse(&format!("{file} ({proxy})"), text)?;
            scenario.source.policy = scenario.source.policy.replace("{proxy}", proxy);
            scenarios.push(scenario);
        }
        Ok(scenarios)
    }

    /// Reads all `*.toml` of a directory in the order of their names.
    ///
    /// # Errors
    /// A file that cannot be read or parsed.
    pub fn all(directory: &Path) -> Result<Vec<Self>, String> {
        let files = read(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
        let mut scenarios = Vec::new();
        for (name, text) in &files {
            scenarios.extend(Self::for_each_proxy(name, text)?);
        }
        Ok(scenarios)
    }
}

/// Reads the name and the text of each `*.toml`.
fn read(directory: &Path) -> std::io::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.insert(name, std::fs::read_to_string(&path)?);
        }
    }
    Ok(files)
}

/// Runs all scenarios on a host.
pub fn run_all(scenarios: &[Scenario], host: &mut dyn ScenarioHost) -> Report {
    let mut report = Report::default();
    for scenario in scenarios {
        report.add(scenario.run(host));
    }
    report
}
