//! The Worker beside one that uses jose, both in workerd itself.

use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Instant;
use std::{fs, io};

use super::programs::Programs;
use super::workerd::{self, Running, Workers};
use super::{Bench, median};
use crate::cache::Cache;
use crate::command::output_of;
use crate::npm;
use crate::outcome::Missing;
use crate::workspace::Workspace;

/// The number of rounds. Two would not be enough, since workerd's figures vary more.
const ROUNDS: usize = 5;
const ALGORITHMS: [&str; 4] = ["RS256", "ES256", "EdDSA", "HS256"];
/// Numbers of tokens: twice what a gate remembers, and few enough that all of them are found again.
const TURNS: [(&str, &str); 2] = [("cold", "20000"), ("warm", "1000")];
const PATH: &str = "/authorize";
/// A request of Traefik's, with the fields that Cloudflare's edge would add for a proxy on this
/// machine.
const FIELDS: [&str; 3] =
    ["cf-connecting-ip: 127.0.0.1", "x-forwarded-method: GET", "x-forwarded-uri: /v1/orders/42"];
const PEER: &str = "jose";

pub(super) const HOW: &str = "\
Medians of five rounds in which both take turns, each restarted; in brackets edge-auth's divided by the peer's.
workerd itself, 16 connections on loopback, the client on the same cores. Cold uses 20 000 tokens in turn, warm 1000.
Both decide about the same rule, answer with the same fields and log a line for each request, which is discarded.";

pub(super) fn measure(
    programs: &Programs,
    at: &Workspace,
    cache: &Cache,
    bench: &mut Bench,
) -> io::Result<()> {
    let other =
        |missing: Missing| io::Error::other(format!("{} (try: {})", missing.why, missing.help));
    let node = &workerd::with_the_workers(at, cache).map_err(other)?;
    let peers = npm::bring(cache, "bench-peers", super::verifying::PEERS).map_err(other)?;
    let ours = ours(at, programs, node)?;
    let theirs = theirs(at, programs, node, &peers)?;
    bench.versions.push(output_of(Command::new(&ours.workerd).arg("--version"))?.trim().to_owned());
    starts(programs, &ours, &theirs, bench)?;
    for algorithm in ALGORITHMS {
        for (turn, tokens) in TURNS {
            anstream::println!("workers: {turn} {algorithm}");
            contest(programs, (&ours, &theirs), (turn, algorithm, tokens), bench)?;
        }
    }
    Ok(())
}

/// Measures both in turn, round after round, and starts each of them anew.
fn contest(
    programs: &Programs,
    (ours, theirs): (&Workers, &Workers),
    (turn, algorithm, tokens): (&str, &str, &str),
    bench: &mut Bench,
) -> io::Result<()> {
    let mut figures = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (worker, figures) in [ours, theirs].into_iter().zip(&mut figures) {
            let running = worker.start()?;
            // A warm-up of one second for the JIT.
            load(programs, &running, algorithm, tokens, "1")?;
            figures.push(load(programs, &running, algorithm, tokens, "3")?);
        }
    }
    let case = format!("{turn} {algorithm}");
    for (index, (metric, unit)) in
        [("time per request", "µs"), ("p50", "µs"), ("p99", "µs")].into_iter().enumerate()
    {
        let [ours, theirs] = figures.each_ref().map(|all| {
            median(all.iter().filter_map(|one: &[f64; 3]| one.get(index).copied()).collect())
        });
        if let (Some(ours), Some(theirs)) = (ours, theirs) {
            bench.beside(&case, (metric, unit), ours, (PEER, theirs));
        }
    }
    Ok(())
}

/// Measures the time from the start of the process to the first answer.
fn starts(
    programs: &Programs,
    ours: &Workers,
    theirs: &Workers,
    bench: &mut Bench,
) -> io::Result<()> {
    let token = fs::read_to_string(programs.folder.join("RS256.tokens"))?;
    let token = token.lines().next().unwrap_or_default();
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..2 * ROUNDS {
        for (worker, times) in [ours, theirs].into_iter().zip(&mut times) {
            let since = Instant::now();
            let running = worker.start()?;
            answered(&running, token)?;
            times.push(since.elapsed().as_secs_f64() * 1000.0);
        }
    }
    let [ours, theirs] = times.map(median);
    if let (Some(ours), Some(theirs)) = (ours, theirs) {
        bench.beside("start to first answer", ("start", "ms"), ours, (PEER, theirs));
    }
    Ok(())
}

fn answered(running: &Running, token: &str) -> io::Result<()> {
    use io::{Read, Write};
    let mut stream = TcpStream::connect(running.address()?)?;
    let fields = FIELDS.map(|field| format!("{field}\r\n")).concat();
    write!(
        stream,
        "GET {PATH} HTTP/1.1\r\nhost: api.example.com\r\n{fields}authorization: Bearer {token}\r\n\
         connection: close\r\n\r\n"
    )?;
    // The rest of the answer may wait until the connection closes, which takes time.
    let mut answer = [0; "HTTP/1.1 200".len()];
    stream.read_exact(&mut answer)?;
    if answer == *b"HTTP/1.1 200" {
        Ok(())
    } else {
        Err(io::Error::other(String::from_utf8_lossy(&answer).into_owned()))
    }
}

/// Returns the microseconds of a request: in all, of half of the requests, and of 99 in 100.
fn load(
    programs: &Programs,
    running: &Running,
    algorithm: &str,
    tokens: &str,
    seconds: &str,
) -> io::Result<[f64; 3]> {
    let mut load = programs.bench();
    load.arg("load").arg(&programs.folder).arg(running.address()?.to_string());
    load.args(["--path", PATH, "--algorithm", algorithm]);
    load.args(FIELDS.iter().flat_map(|field| ["--field", field]));
    load.args(["--tokens", tokens, "--first", "0", "--connections", "16", "--seconds", seconds]);
    let output = output_of(&mut load)?;
    let numbers: Vec<f64> =
        output.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    match numbers.as_slice() {
        [rate, _, half, most] => Ok([1e6 / rate, *half, *most]),
        _ => Err(io::Error::other(format!("the client printed {output:?}"))),
    }
}

fn ours(at: &Workspace, programs: &Programs, node: &Path) -> io::Result<Workers> {
    let folder = programs.folder.join("worker");
    // A Worker does not support Envoy's forward-auth.
    let policy = fs::read_to_string(programs.folder.join("policy.toml"))?
        .replace("\"envoy\"", "\"traefik\"");
    let jwks = fs::read_to_string(programs.folder.join("jwks.json"))?;
    let modules =
        workerd::laid_out(at, "gate", &folder, &[("policy.toml", policy), ("jwks.json", jwks)])?;
    // The policy names keys, which no measured request has: whatever is bound is not asked.
    let rest = "bindings = [
      (name = \"READER\", service = \"main\"),
      (name = \"HMAC\", text = \"a secret of at least 32 bytes, shared with the issuer\"),
      (name = \"PEPPER\", text = \"a pepper of at least thirty-two bytes\"),
    ],";
    configured(&folder, node, &modules, rest)
}

fn theirs(at: &Workspace, programs: &Programs, node: &Path, peers: &Path) -> io::Result<Workers> {
    let folder = programs.folder.join("jose");
    fs::create_dir_all(&folder)?;
    for file in ["jwks.json", "expected.json"] {
        fs::copy(programs.folder.join(file), folder.join(file))?;
    }
    fs::copy(at.root.join("crates/edge-auth-bench/peers/gate.mjs"), folder.join("gate.mjs"))?;
    output_of(
        Command::new(node.join("node_modules/esbuild/bin/esbuild"))
            .args(["gate.mjs", "--bundle", "--format=esm", "--minify", "--outfile=bundle.js"])
            .env("NODE_PATH", peers.join("node_modules"))
            .current_dir(&folder),
    )?;
    configured(&folder, node, &workerd::module("bundle.js", "esModule"), "")
}

fn configured(folder: &Path, node: &Path, modules: &str, rest: &str) -> io::Result<Workers> {
    let text = format!(
        "using Workerd = import \"/workerd/workerd.capnp\";
const config :Workerd.Config = (
  services = [(name = \"main\", worker = .worker)],
  sockets = [(name = \"http\", address = \"127.0.0.1:0\", http = (), service = \"main\")],
);
const worker :Workerd.Worker = (
    modules = [{modules}],
    compatibilityDate = \"2026-04-26\",
    compatibilityFlags = [\"nodejs_compat\"],
    {rest}
);
"
    );
    Workers::configured(folder, node, &text, &["http"])
}
