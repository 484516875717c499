//! Measures the CPU time of decisions, beside the time that libraries need to verify the same
//! tokens.

use std::collections::BTreeMap;
use std::io;
use std::process::Command;

use super::programs::Programs;
use super::worker::{Offer, Worker};
use super::{Bench, ROUNDS, median};
use crate::cache::Cache;
use crate::command::output_of;
use crate::npm;
use crate::outcome::Missing;
use crate::workspace::Workspace;

/// The folder of the peers on Node.
pub(super) const PEERS: &str = "crates/edge-auth-bench/peers";

const OURS: &str = "edge-auth";

pub(super) fn measure(
    programs: &Programs,
    workspace: &Workspace,
    cache: &Cache,
    bench: &mut Bench,
) -> io::Result<()> {
    let mut native = programs.bench();
    native.arg("worker").arg(&programs.folder);
    let mut workers = vec![Worker::start(native)?];
    match node_peers(programs, workspace, cache) {
        Ok((worker, version)) => {
            workers.push(worker);
            bench.versions.push(format!("Node {version}"));
        }
        Err(missing) => bench.missing("jose, aws-jwt-verify", &missing),
    }
    let measured = rounds("verifying", &mut workers)?;
    for (offer, value) in measured.iter().filter(|(offer, _)| offer.who == OURS) {
        match offer.metric.as_str() {
            "operations" => {
                bench.alone(&offer.case, "store and network operations", "count", *value)
            }
            _ => add(bench, &measured, offer, *value),
        }
    }
    Ok(())
}

/// Compares a case about tokens with every peer that verifies tokens of its algorithm.
fn add(bench: &mut Bench, measured: &[(Offer, f64)], ours: &Offer, value: f64) {
    let algorithm = ours.case.split_once(' ').map_or("", |(_, rest)| rest);
    let peers: Vec<_> =
        measured.iter().filter(|(peer, _)| peer.who != OURS && peer.case == algorithm).collect();
    for (peer, theirs) in &peers {
        bench.beside(&ours.case, ("cpu", "µs"), value, (&peer.who, *theirs));
    }
    if peers.is_empty() {
        bench.alone(&ours.case, "cpu", "µs", value);
    }
}

/// Measures every offer in turn, round after round. Returns the medians.
pub(super) fn rounds(what: &str, workers: &mut [Worker]) -> io::Result<Vec<(Offer, f64)>> {
    let mut values: BTreeMap<(usize, usize), Vec<f64>> = BTreeMap::new();
    for round in 1..=ROUNDS {
        anstream::println!("{what}: round {round} of {ROUNDS}");
        for (at, worker) in workers.iter_mut().enumerate() {
            for offer in 0..worker.offers.len() {
                values.entry((at, offer)).or_default().push(worker.measure(offer)?);
            }
        }
    }
    let mut medians = Vec::new();
    for ((at, index), all) in values {
        let offer = workers.get(at).and_then(|worker| worker.offers.get(index));
        if let (Some(offer), Some(median)) = (offer, median(all)) {
            medians.push((offer.clone(), median));
        }
    }
    Ok(medians)
}

/// Starts the worker on Node, and returns it with Node's version.
fn node_peers(
    programs: &Programs,
    workspace: &Workspace,
    cache: &Cache,
) -> Result<(Worker, String), Missing> {
    let missing =
        |error: io::Error| Missing { why: error.to_string(), help: "install Node 20".into() };
    let version = output_of(Command::new("node").arg("--version")).map_err(missing)?;
    let peers = workspace.root.join(PEERS);
    let installed = npm::bring(cache, "bench-peers", PEERS)?;
    // Node looks for modules beside the program.
    let program = installed.join("worker.mjs");
    std::fs::copy(peers.join("worker.mjs"), &program).map_err(missing)?;
    let mut node = Command::new("node");
    node.arg(program).arg(&programs.folder);
    Ok((Worker::start(node).map_err(missing)?, version.trim().to_owned()))
}
