//! `cargo xtask bench`: measures edge-auth and its peers in turn in one run, and compares them.

mod envoy;
mod functions;
mod instructions;
mod machine;
mod programs;
mod revocation;
mod row;
mod serving;
mod table;
mod verifying;
mod worker;
mod worker_pair;
mod workerd;
mod workers;

use std::path::Path;
use std::{fs, io};

use clap::ValueEnum;
use serde_json::Value;

use crate::cache::Cache;
use crate::command::output_of;
use crate::outcome::Missing;
use crate::report::{BOLD, DIM};
use crate::workspace::Workspace;
use programs::Programs;
use row::Row;

/// The number of rounds of each measurement. The median counts.
const ROUNDS: usize = 7;

/// A suite of measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// The gate and the native host, beside aws-lc-rs, jsonwebtoken, jose, aws-jwt-verify and Envoy
    Native,
    /// The Lambda function, beside aws-jwt-verify on Node
    Lambda,
    /// The time until a revoked credential is refused, against the bound, and the cost of the feed
    Revocation,
    /// The Worker in workerd, beside one that uses jose
    Workers,
}

/// Runs the suite, prints the table, and writes the rows as JSON if a file is given.
pub(crate) fn run(suite: Suite, json: Option<&Path>) -> io::Result<bool> {
    let (workspace, cache) = (Workspace::locate()?, Cache::of_the_user()?);
    let (name, how, packages) = match suite {
        Suite::Native => ("native", HOW, "-p edge-auth-cli -p edge-auth-bench"),
        Suite::Lambda => ("lambda", HOW_LAMBDA, "-p edge-auth-bench"),
        Suite::Revocation => ("revocation", revocation::HOW, "-p edge-auth-cli -p edge-auth-bench"),
        Suite::Workers => ("workers", workers::HOW, "-p edge-auth-bench"),
    };
    let programs = match suite {
        Suite::Revocation => Programs::only_build(&workspace, packages)?,
        Suite::Native | Suite::Lambda | Suite::Workers => Programs::build(&workspace, packages)?,
    };
    let mut bench =
        Bench { suite: name, rows: Vec::new(), versions: Vec::new(), left_out: Vec::new() };
    match suite {
        Suite::Native => native(&programs, &workspace, &cache, &mut bench)?,
        Suite::Lambda => functions::measure(&programs, &workspace, &cache, &mut bench)?,
        Suite::Revocation => revocation::measure(&programs, &workspace, &cache, &mut bench)?,
        Suite::Workers => workers::measure(&programs, &workspace, &cache, &mut bench)?,
    }

    anstream::println!("\n{BOLD}{}{BOLD:#}", machine::described(&workspace, &bench.versions)?);
    anstream::println!("{DIM}{}{DIM:#}", how.replace("ROUNDS", &ROUNDS.to_string()));
    anstream::println!("\n{}", table::of(&bench.rows));
    bench.left_out.iter().for_each(|what| anstream::println!("left out: {what}"));
    if let Some(file) = json {
        let rows: Vec<Value> = bench.rows.iter().map(Row::json).collect();
        fs::write(file, serde_json::to_string_pretty(&rows)? + "\n")?;
    }
    Ok(true)
}

/// The gate and the native host.
fn native(
    programs: &Programs,
    workspace: &Workspace,
    cache: &Cache,
    bench: &mut Bench,
) -> io::Result<()> {
    verifying::measure(programs, workspace, cache, bench)?;
    instructions::measure(programs, bench)?;
    let memory = output_of(programs.bench().arg("memory"));
    match memory.map(|text| text.trim().parse::<f64>()) {
        Ok(Ok(bytes)) => {
            bench.alone("100 000 cached principals", "memory", "MiB", bytes / 1024.0 / 1024.0)
        }
        Ok(Err(_)) => bench.left_out("memory: no figure"),
        Err(error) => bench.left_out(&format!("memory: {error}")),
    }
    serving::measure(programs, cache, bench)
}

const HOW: &str = "\
Medians of ROUNDS rounds in which all take turns; in brackets ours divided by the peer's.
cpu: of the whole process, one call after the other, the same tokens for all, never seen by the gate where cold.
throughput: 16 connections on loopback, on the same cores as the server (edge-auth: a thread a core; Envoy:
--concurrency, a thread a core) and its upstream. Cold has 20 000 tokens take turns, warm 1000; warm Envoy has its
cache of tokens on. edge-auth writes its audit log, to nowhere; Envoy writes none.";

const HOW_LAMBDA: &str = "\
Medians of ROUNDS rounds in which all take turns; in brackets ours divided by the peer's. Each function is a process
on the same Runtime API, with the same tokens, and keys that are in memory from the start.
cold start: from the start of the process to the first answer, its page cache warm. warm call: the median of 100; its time
has the Runtime API's in it, of which there is as much for both; cpu is what the function's threads have run for.
The peer is bundled and minified, and asks for its events by 20 lines of its own, not by AWS's Node runtime.";

/// The state of a run: its rows, and the versions of its tools.
struct Bench {
    suite: &'static str,
    rows: Vec<Row>,
    /// The versions of tools that are not in a lock file.
    versions: Vec<String>,
    left_out: Vec<String>,
}

impl Bench {
    fn alone(&mut self, case: &str, metric: &'static str, unit: &'static str, ours: f64) {
        self.rows.push(Row {
            suite: self.suite,
            case: case.to_owned(),
            metric,
            unit,
            ours,
            peer: None,
        });
    }

    fn beside(
        &mut self,
        case: &str,
        (metric, unit): (&'static str, &'static str),
        ours: f64,
        peer: (&str, f64),
    ) {
        let peer = Some((peer.0.to_owned(), peer.1));
        self.rows.push(Row { suite: self.suite, case: case.to_owned(), metric, unit, ours, peer });
    }

    fn left_out(&mut self, what: &str) {
        anstream::println!("left out: {what}");
        self.left_out.push(what.to_owned());
    }

    fn missing(&mut self, what: &str, Missing { why, help }: &Missing) {
        self.left_out(&format!("{what}: {why} (try: {help})"));
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one() {
        assert_eq!(median(vec![3.0, 100.0, 1.0]), Some(3.0));
        assert_eq!(median(vec![2.0]), Some(2.0));
        assert_eq!(median(Vec::new()), None);
    }
}
