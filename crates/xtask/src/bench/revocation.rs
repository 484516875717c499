//! Revocation: seconds until every instance refuses, on each host, and what an index of many costs.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::Bench;
use super::programs::Programs;
use super::serving::{Server, Stream, started};
use crate::command::output_of;

const ROUNDS: &str = "100";
/// What the policy of the measurement promises, in seconds.
const BOUND: f64 = 10.0;
/// Connections and what was left for after the last answers end by then.
const SETTLING: Duration = Duration::from_secs(10);
const COUNTS: [usize; 3] = [10_000, 1_000_000, 10_000_000];

pub(super) const HOW: &str = "\
seconds: from the moment a revocation is sent to one instance until every instance refuses, the worst of 100 rounds, ten
of which take place at a time; two instances on one store, each asked every 25 ms.
memory: by how much a process grows that starts with a snapshot of so many revoked tokens. lookup: CPU time, a sixth of
what a warm call takes longer than without a feed. start: from the first request to its answer, the snapshot on a disk.
operations: reads of the feed, with a request every 5 ms.";

/// Instances of a host on one store.
struct Instances {
    host: &'static str,
    /// Where each is asked.
    asked: Vec<SocketAddr>,
    /// Which of them revokes.
    admin: SocketAddr,
    /// They end with this.
    running: Vec<Server>,
}

pub(super) fn measure(programs: &Programs, bench: &mut Bench) -> io::Result<()> {
    let folder = programs.folder.join("revocation");
    // A log of another run was made by another authority.
    let _ = std::fs::remove_dir_all(&folder);
    run(programs.bench().args(["revocation", "mint"]).arg(&folder).arg(ROUNDS))?;
    let instances = native(programs, &folder)?;
    anstream::println!("{}: {ROUNDS} rounds", instances.host);
    rounds(programs, &folder, &instances, bench)?;
    idle(&instances, bench)?;
    let told = told(programs.bench().args(["revocation", "operations"]))?;
    let count = |member: &str| figure(&told, &format!("/{member}"));
    let reads = ("operations", "count");
    bench.beside("reads of the feed, a minute under load", reads, count("minute")?, ("limit", 20.0));
    bench.alone("reads of the feed, first request after idling", reads.0, reads.1, count("after")?);
    bench.alone("reads of the feed, warm call between refreshes", reads.0, reads.1, count("between")?);
    for count in COUNTS {
        anstream::println!("an index of {count}");
        scale(programs, &folder, count, bench)?;
    }
    Ok(())
}

fn native(programs: &Programs, folder: &Path) -> io::Result<Instances> {
    let serve = || {
        let mut command = programs.command();
        command.args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--store",
            "sqlite:keys.db",
            "--policy",
            "policy.toml",
        ]);
        command.current_dir(folder).stdin(Stdio::null());
        command.env("REVOCATION", "a secret of at least thirty-two bytes, for a measurement");
        command.env("PEPPER", "a pepper of at least thirty-two bytes");
        started(&mut command, Stream::Error, "listening on http://")
    };
    let running = vec![serve()?, serve()?];
    let asked: Vec<SocketAddr> = running.iter().map(|server| server.address).collect();
    let admin = *asked.first().ok_or_else(|| io::Error::other("no instance"))?;
    Ok(Instances { host: "native", asked, admin, running })
}

fn rounds(programs: &Programs, folder: &Path, instances: &Instances, bench: &mut Bench) -> io::Result<()> {
    let mut command = programs.bench();
    command.args(["revocation", "rounds"]).arg(folder).arg("--admin").arg(instances.admin.to_string());
    for instance in &instances.asked {
        command.arg("--instance").arg(instance.to_string());
    }
    let told = told(&mut command)?;
    for kind in ["token", "key", "certificate"] {
        let worst = figure(&told, &format!("/worst/{kind}"))?;
        bench.beside(&format!("{} {kind}", instances.host), ("seconds", "s"), worst, ("bound", BOUND));
    }
    Ok(())
}

/// Whatever an instance reads while nobody asks it is read by calls that the kernel counts.
fn idle(instances: &Instances, bench: &mut Bench) -> io::Result<()> {
    let calls = || instances.running.iter().map(read_calls).sum::<io::Result<f64>>();
    thread::sleep(SETTLING);
    let before = calls()?;
    thread::sleep(Duration::from_secs(60));
    let case = format!("{} reads of anything, all instances, an idle minute", instances.host);
    bench.alone(&case, "operations", "count", calls()? - before);
    Ok(())
}

fn read_calls(server: &Server) -> io::Result<f64> {
    let told = std::fs::read_to_string(format!("/proc/{}/io", server.id()))?;
    let calls = told.lines().find_map(|line| line.strip_prefix("syscr: ")?.parse().ok());
    calls.ok_or_else(|| io::Error::other("the kernel counts no read calls"))
}

fn scale(programs: &Programs, folder: &Path, count: usize, bench: &mut Bench) -> io::Result<()> {
    let folder = folder.join(format!("log-{count}"));
    run(programs.bench().args(["revocation", "snapshot"]).arg(&folder).arg(count.to_string()))?;
    let told = told(programs.bench().args(["revocation", "scale"]).arg(&folder))?;
    let case = format!("{count} revoked tokens");
    let megabytes = figure(&told, "/memory_bytes")? / 1e6;
    if count == 10_000_000 {
        bench.beside(&case, ("memory", "MB"), megabytes, ("40 MB", 40.0));
    } else {
        bench.alone(&case, "memory", "MB", megabytes);
    }
    bench.beside(&case, ("lookup", "µs"), figure(&told, "/lookup_microseconds")?, ("1 µs", 1.0));
    bench.alone(&case, "start", "ms", figure(&told, "/start_seconds")? * 1e3);
    Ok(())
}

fn run(command: &mut Command) -> io::Result<()> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("{command:?}: {status}"))) }
}

fn told(command: &mut Command) -> io::Result<Value> {
    let told = output_of(command)?;
    serde_json::from_str(told.trim()).map_err(|error| io::Error::other(format!("{told:?}: {error}")))
}

fn figure(told: &Value, pointer: &str) -> io::Result<f64> {
    let found = told.pointer(pointer).and_then(Value::as_f64);
    found.ok_or_else(|| io::Error::other(format!("no figure at {pointer}: {told}")))
}
