//! The Worker beside one that uses jose, both in workerd itself.

use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Instant;
use std::{fmt, fs, io};

use serde_json::{Map, Value};

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
/// How many fields a request has besides those and the client's own, here and at the edge.
const FEW: usize = 0;
const MANY: usize = 23;
const PEER: &str = "jose";

pub(super) const HOW: &str = "\
Medians of five rounds in which both take turns, each restarted; in brackets edge-auth's divided by the peer's.
workerd itself, 16 connections on loopback, the client on the same cores. Cold uses 20 000 tokens in turn, warm 1000.
Both decide about the same rule, answer with the same fields and log a line for each request, which is discarded; or,
where it says so, for each refused request only.";

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
    for logs in [true, false] {
        let ours = ours(at, programs, node, logs)?;
        let theirs = theirs(at, programs, node, &peers, logs)?;
        if logs {
            let version = output_of(Command::new(&ours.workerd).arg("--version"))?;
            bench.versions.push(version.trim().to_owned());
            starts(programs, &ours, &theirs, bench)?;
        }
        let mut cases = ALGORITHMS.map(|algorithm| (algorithm, FEW)).to_vec();
        cases.push(("RS256", MANY));
        for (algorithm, further) in cases {
            for (turn, tokens) in TURNS {
                let case = Case { turn, algorithm, tokens, further, logs };
                anstream::println!("workers: {case}");
                contest(programs, (&ours, &theirs), &case, bench)?;
            }
        }
    }
    Ok(())
}

/// One comparison.
struct Case {
    turn: &'static str,
    algorithm: &'static str,
    tokens: &'static str,
    /// How many further fields a request has.
    further: usize,
    /// Whether both log a line for each request.
    logs: bool,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.turn, self.algorithm)?;
        if self.further == MANY {
            write!(f, ", 30 fields")?;
        }
        if self.logs { Ok(()) } else { write!(f, ", not logging") }
    }
}

impl Case {
    fn fields(&self) -> Vec<String> {
        let further = (0..self.further).map(|number| {
            format!("x-further-{number}: a value of the length that a field has at the edge")
        });
        FIELDS.iter().map(|field| (*field).to_owned()).chain(further).collect()
    }
}

/// Measures both in turn, round after round, and starts each of them anew.
fn contest(
    programs: &Programs,
    (ours, theirs): (&Workers, &Workers),
    case: &Case,
    bench: &mut Bench,
) -> io::Result<()> {
    let mut figures = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (worker, figures) in [ours, theirs].into_iter().zip(&mut figures) {
            let running = worker.start()?;
            // A warm-up of one second for the JIT.
            load(programs, &running, case, "1")?;
            figures.push(load(programs, &running, case, "3")?);
        }
    }
    for (index, (metric, unit)) in
        [("time per request", "µs"), ("p50", "µs"), ("p99", "µs")].into_iter().enumerate()
    {
        let [ours, theirs] = figures.each_ref().map(|all| {
            median(all.iter().filter_map(|one: &[f64; 3]| one.get(index).copied()).collect())
        });
        if let (Some(ours), Some(theirs)) = (ours, theirs) {
            bench.beside(&case.to_string(), (metric, unit), ours, (PEER, theirs));
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
    case: &Case,
    seconds: &str,
) -> io::Result<[f64; 3]> {
    let mut load = programs.bench();
    load.arg("load").arg(&programs.folder).arg(running.address()?.to_string());
    load.args(["--path", PATH, "--algorithm", case.algorithm]);
    for field in case.fields() {
        load.args(["--field", &field]);
    }
    load.args([
        "--tokens",
        case.tokens,
        "--first",
        "0",
        "--connections",
        "16",
        "--seconds",
        seconds,
    ]);
    let output = output_of(&mut load)?;
    let numbers: Vec<f64> =
        output.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    match numbers.as_slice() {
        [rate, _, half, most] => Ok([1e6 / rate, *half, *most]),
        _ => Err(io::Error::other(format!("the client printed {output:?}"))),
    }
}

fn ours(at: &Workspace, programs: &Programs, node: &Path, logs: bool) -> io::Result<Workers> {
    let folder = programs.folder.join(if logs { "worker" } else { "worker-not-logging" });
    // A Worker does not support Envoy's forward-auth.
    let policy = fs::read_to_string(programs.folder.join("policy.toml"))?
        .replace("\"envoy\"", "\"traefik\"");
    let audit = if logs { "" } else { "[audit]\nallowed = 0.0\n\n" };
    let policy = format!("{audit}{policy}");
    let jwks = fs::read_to_string(programs.folder.join("jwks.json"))?;
    let modules =
        workerd::laid_out((at, programs), "gate", &folder, &policy, &[("jwks.json", jwks)])?;
    // The policy names keys, which no measured request has: whatever is bound is not asked.
    let rest = "bindings = [
      (name = \"READER\", service = \"main\"),
      (name = \"HMAC\", text = \"a secret of at least 32 bytes, shared with the issuer\"),
      (name = \"PEPPER\", text = \"a pepper of at least thirty-two bytes\"),
    ],";
    configured(&folder, node, &modules, rest)
}

fn theirs(
    at: &Workspace,
    programs: &Programs,
    node: &Path,
    peers: &Path,
    logs: bool,
) -> io::Result<Workers> {
    let folder = programs.folder.join(if logs { "jose" } else { "jose-not-logging" });
    fs::create_dir_all(&folder)?;
    fs::copy(programs.folder.join("jwks.json"), folder.join("jwks.json"))?;
    let expected = fs::read_to_string(programs.folder.join("expected.json"))?;
    let mut expected: Map<String, Value> = serde_json::from_str(&expected)?;
    expected.insert("logs_allowed".to_owned(), logs.into());
    fs::write(folder.join("expected.json"), serde_json::to_string(&expected)?)?;
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
