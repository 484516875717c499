//! Measures revocation: seconds until every instance refuses, on each host, and the cost of a large
//! index.

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
use super::worker_pair;
use crate::cache::Cache;
use crate::command::output_of;
use crate::lambda;
use crate::outcome::Missing;
use crate::tool::Tool;
use crate::workspace::Workspace;

const ROUNDS: &str = "100";
/// The bound of the measured policy, in seconds.
const BOUND: f64 = 10.0;
/// The values of the policy's secrets, on every host.
pub(super) const SECRETS: [(&str, &str); 2] = [
    ("REVOCATION", "a secret of at least thirty-two bytes, for a measurement"),
    ("PEPPER", "a pepper of at least thirty-two bytes"),
];
/// The time after which connections and deferred work of the last answers have ended.
const SETTLING: Duration = Duration::from_secs(10);
const COUNTS: [usize; 3] = [10_000, 1_000_000, 10_000_000];

pub(super) const HOW: &str = "\
seconds: from the moment a revocation is sent to one instance until every instance refuses, the slowest of 100 rounds,
ten of which run concurrently; two instances on one store, each asked every 25 ms. native: SQLite. workers: two Workers in
one workerd on the Durable Object of the first. lambda: two processes, each on a Runtime API, and DynamoDB Local.
memory: the growth of a process that starts with a snapshot of this many revoked tokens. lookup: a sixth of the CPU time
that a feed adds to a warm call. start: from the first request to its answer, with the snapshot on a disk.
operations: reads of the feed, with a request every 5 ms.";

pub(super) fn measure(
    programs: &Programs,
    at: &Workspace,
    cache: &Cache,
    bench: &mut Bench,
) -> io::Result<()> {
    let folder = programs.folder.join("revocation");
    // A log of an earlier run was made by another authority.
    let _ = std::fs::remove_dir_all(&folder);
    run(programs.bench().args(["revocation", "mint"]).arg(&folder).arg(ROUNDS))?;
    let instances = native(programs, &folder)?;
    let addresses: Vec<SocketAddr> = instances.iter().map(|server| server.address).collect();
    rounds("native", among(programs, &folder, &addresses), bench)?;
    idle(&instances, bench)?;
    drop(instances);
    match worker_pair::prepare(at, programs, cache, &folder) {
        Ok(workers) => {
            let running = workers.start()?;
            rounds("workers", among(programs, &folder, &running.addresses), bench)?;
        }
        Err(missing) => bench.missing("workers", &missing),
    }
    match functions(programs, at, cache, &folder) {
        Ok(command) => rounds("lambda", command, bench)?,
        Err(missing) => bench.missing("lambda", &missing),
    }
    let counts = figures(programs.bench().args(["revocation", "operations"]))?;
    let reads = ("operations", "count");
    bench.beside(
        "reads of the feed, a minute under load",
        reads,
        figure(&counts, "/minute")?,
        ("limit", 20.0),
    );
    bench.alone(
        "reads of the feed, first request after idling",
        reads.0,
        reads.1,
        figure(&counts, "/after")?,
    );
    bench.alone(
        "reads of the feed, warm call between refreshes",
        reads.0,
        reads.1,
        figure(&counts, "/between")?,
    );
    for count in COUNTS {
        anstream::println!("an index of {count}");
        scale(programs, &folder, count, bench)?;
    }
    Ok(())
}

/// Starts instances on one store. Dropping them ends them.
fn native(programs: &Programs, folder: &Path) -> io::Result<Vec<Server>> {
    run(programs.command().args(["store", "init", "sqlite:keys.db"]).current_dir(folder))?;
    Ok(vec![serve(programs, folder)?, serve(programs, folder)?])
}

fn serve(programs: &Programs, folder: &Path) -> io::Result<Server> {
    let mut command = programs.command();
    command.args(["serve", "--listen", "127.0.0.1:0"]);
    command.args(["--store", "sqlite:keys.db", "--policy", "policy.toml"]);
    command.current_dir(folder).stdin(Stdio::null());
    command.envs(SECRETS);
    started(&mut command, Stream::Error, "listening on http://")
}

/// Runs rounds on instances that already run.
fn among(programs: &Programs, folder: &Path, instances: &[SocketAddr]) -> Command {
    let mut command = programs.bench();
    command.args(["revocation", "rounds"]).arg(folder);
    for instance in instances {
        command.arg("--instance").arg(instance.to_string());
    }
    command
}

/// Runs rounds on functions, built as they are deployed.
fn functions(
    programs: &Programs,
    at: &Workspace,
    cache: &Cache,
    folder: &Path,
) -> Result<Command, Missing> {
    let dynamodb = Tool::DynamoDbLocal.bring(cache)?;
    let java = Tool::Java.bring(cache)?;
    let cargo_lambda = Tool::CargoLambda.bring(cache)?;
    let mut command = programs.bench();
    command.args(["revocation", "rounds"]).arg(folder).arg("--functions");
    for program in [lambda::AUTHORIZER, lambda::CONTROL] {
        let packaged = lambda::package(&program, at, &cargo_lambda).map_err(|error| Missing {
            why: error.to_string(),
            help: "cargo xtask test --only lambda".into(),
        })?;
        command.arg(packaged.program);
    }
    command.env("EDGE_AUTH_DYNAMODB_LOCAL", dynamodb).env("EDGE_AUTH_JAVA", java);
    Ok(command)
}

fn rounds(host: &str, mut command: Command, bench: &mut Bench) -> io::Result<()> {
    anstream::println!("{host}: {ROUNDS} rounds");
    let measured = figures(&mut command)?;
    for kind in ["token", "key", "certificate"] {
        let worst = figure(&measured, &format!("/worst/{kind}"))?;
        bench.beside(&format!("{host} {kind}"), ("seconds", "s"), worst, ("bound", BOUND));
    }
    Ok(())
}

/// Counts an idle instance's reads by the system calls that the kernel counts.
fn idle(instances: &[Server], bench: &mut Bench) -> io::Result<()> {
    thread::sleep(SETTLING);
    let before = instances.iter().map(read_calls).sum::<io::Result<f64>>()?;
    thread::sleep(Duration::from_secs(60));
    let case = "native reads of any file, all instances, an idle minute";
    let after = instances.iter().map(read_calls).sum::<io::Result<f64>>()?;
    bench.alone(case, "operations", "count", after - before);
    Ok(())
}

fn read_calls(server: &Server) -> io::Result<f64> {
    let counters = std::fs::read_to_string(format!("/proc/{}/io", server.id()))?;
    let calls = counters.lines().find_map(|line| line.strip_prefix("syscr: ")?.parse().ok());
    calls.ok_or_else(|| io::Error::other("the kernel counts no read calls"))
}

fn scale(programs: &Programs, folder: &Path, count: usize, bench: &mut Bench) -> io::Result<()> {
    let folder = folder.join(format!("log-{count}"));
    run(programs.bench().args(["revocation", "snapshot"]).arg(&folder).arg(count.to_string()))?;
    let measured = figures(programs.bench().args(["revocation", "scale"]).arg(&folder))?;
    let case = format!("{count} revoked tokens");
    let megabytes = figure(&measured, "/memory_bytes")? / 1e6;
    if count == 10_000_000 {
        bench.beside(&case, ("memory", "MB"), megabytes, ("40 MB", 40.0));
    } else {
        bench.alone(&case, "memory", "MB", megabytes);
    }
    bench.beside(
        &case,
        ("lookup", "µs"),
        figure(&measured, "/lookup_microseconds")?,
        ("1 µs", 1.0),
    );
    bench.alone(&case, "start", "ms", figure(&measured, "/start_seconds")? * 1e3);
    Ok(())
}

fn run(command: &mut Command) -> io::Result<()> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("{command:?}: {status}"))) }
}

fn figures(command: &mut Command) -> io::Result<Value> {
    let output = output_of(command)?;
    serde_json::from_str(output.trim())
        .map_err(|error| io::Error::other(format!("{output:?}: {error}")))
}

fn figure(figures: &Value, pointer: &str) -> io::Result<f64> {
    let found = figures.pointer(pointer).and_then(Value::as_f64);
    found.ok_or_else(|| io::Error::other(format!("no figure at {pointer}: {figures}")))
}
