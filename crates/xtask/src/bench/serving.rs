//! Measures requests per second: `edge-auth serve` beside Envoy's own filter for tokens.

use std::io::{self, BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use super::programs::Programs;
use super::{Bench, ROUNDS, envoy, median};
use crate::cache::Cache;
use crate::command::output_of;
use crate::tool::Tool;

const CONNECTIONS: &str = "16";
const SECONDS: &str = "1.5";
/// Twice the number of tokens that a gate remembers, so that none is found again in the cache; few
/// enough that all of them are used.
const COLD: usize = 20_000;
const WARM: usize = 1000;

/// A server under load. Dropping it kills the process.
pub(super) struct Server {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Server {
    /// Returns the id of the process.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Two servers under the same load.
struct Contest<'a> {
    case: &'a str,
    tokens: usize,
    ours: (&'a Server, &'a str),
    peer: Option<(&'a Server, &'a str)>,
}

pub(super) fn measure(programs: &Programs, cache: &Cache, bench: &mut Bench) -> io::Result<()> {
    let mut upstream = programs.bench();
    let upstream = started(upstream.arg("upstream").stdin(Stdio::piped()), Stream::Output, "")?;
    let serve = |arguments: &[&str]| {
        let mut command = programs.serve();
        started(command.args(arguments).stdin(Stdio::null()), Stream::Error, "listening on http://")
    };
    let authorizer = serve(&[])?;
    let gateway = serve(&["--upstream", &format!("http://{}", upstream.address)])?;
    let envoys = match Tool::Envoy.bring(cache) {
        Ok(program) => {
            bench.versions.push("Envoy 1.40.0".to_owned());
            let start = |cached| envoy_with(&program, programs, upstream.address.port(), cached);
            Some((start(false)?, start(true)?))
        }
        Err(missing) => {
            bench.missing("Envoy", &missing);
            None
        }
    };
    let (cold, warm) = (envoys.as_ref().map(|both| &both.0), envoys.as_ref().map(|both| &both.1));
    let asks = (&authorizer, "/authorize/v1/orders/42");
    let passes = (&gateway, "/v1/orders/42");
    let beside = |server: Option<_>, path| server.map(|server| (server, path));
    for contest in [
        Contest {
            case: "cold forward-auth",
            tokens: COLD,
            ours: asks,
            peer: beside(cold, "/direct"),
        },
        Contest {
            case: "warm forward-auth",
            tokens: WARM,
            ours: asks,
            peer: beside(warm, "/direct"),
        },
        Contest {
            case: "cold gateway",
            tokens: COLD,
            ours: passes,
            peer: beside(cold, "/v1/orders/42"),
        },
        Contest {
            case: "warm gateway",
            tokens: WARM,
            ours: passes,
            peer: beside(warm, "/v1/orders/42"),
        },
    ] {
        anstream::println!("serving: {}", contest.case);
        contest.hold(programs, bench)?;
    }
    Ok(())
}

impl Contest<'_> {
    /// Measures both in turn, round after round.
    fn hold(&self, programs: &Programs, bench: &mut Bench) -> io::Result<()> {
        let (mut ours, mut theirs, mut first) = (Vec::new(), Vec::new(), (0, 0));
        for _ in 0..ROUNDS {
            ours.push(self.load(programs, self.ours, &mut first.0)?);
            if let Some(peer) = self.peer {
                theirs.push(self.load(programs, peer, &mut first.1)?);
            }
        }
        let metric = ("throughput", "requests/s");
        match (median(ours), median(theirs)) {
            (Some(ours), Some(theirs)) => {
                bench.beside(self.case, metric, ours, ("Envoy jwt_authn", theirs))
            }
            (Some(ours), None) => bench.alone(self.case, metric.0, metric.1, ours),
            (None, _) => {}
        }
        Ok(())
    }

    /// Measures requests per second. Begins with the token number `first` and returns the next one,
    /// so that a round continues where the one before ended.
    fn load(
        &self,
        programs: &Programs,
        (server, path): (&Server, &str),
        first: &mut usize,
    ) -> io::Result<f64> {
        let mut load = programs.bench();
        load.arg("load")
            .arg(&programs.folder)
            .arg(server.address.to_string())
            .args(["--path", path]);
        load.args(["--tokens", &self.tokens.to_string(), "--first", &first.to_string()]);
        load.args(["--connections", CONNECTIONS, "--seconds", SECONDS]);
        let told = output_of(&mut load)?;
        let mut numbers = told.split_whitespace();
        let no_numbers = || io::Error::other(format!("the client told {told:?}"));
        let rate = numbers.next().and_then(|number| number.parse().ok()).ok_or_else(no_numbers)?;
        let sent: usize =
            numbers.next().and_then(|number| number.parse().ok()).ok_or_else(no_numbers)?;
        *first = (*first + sent) % self.tokens;
        Ok(rate)
    }
}

pub(super) enum Stream {
    Output,
    Error,
}

/// Starts a server that prints its address after `mark` and before a comma.
pub(super) fn started(command: &mut Command, says: Stream, mark: &str) -> io::Result<Server> {
    match says {
        Stream::Output => command.stdout(Stdio::piped()),
        Stream::Error => command.stdout(Stdio::null()).stderr(Stdio::piped()),
    };
    let mut child = command.spawn()?;
    let stream: Option<Box<dyn io::Read + Send>> = match says {
        Stream::Output => child.stdout.take().map(|stream| Box::new(stream) as _),
        Stream::Error => child.stderr.take().map(|stream| Box::new(stream) as _),
    };
    let mut lines = BufReader::new(stream.ok_or_else(|| io::Error::other("no pipe"))?).lines();
    let mut told = String::new();
    for line in lines.by_ref().map_while(Result::ok) {
        if let Some(address) = address_in(&line, mark) {
            // Unread output would block the server.
            thread::spawn(move || lines.for_each(drop));
            return Ok(Server { child, address });
        }
        told = line;
    }
    child.wait()?;
    Err(io::Error::other(format!("a server did not start: {told}")))
}

fn address_in(line: &str, mark: &str) -> Option<SocketAddr> {
    line.split_once(mark)?.1.split(',').next()?.parse().ok()
}

fn envoy_with(
    program: &Path,
    programs: &Programs,
    upstream: u16,
    cached: bool,
) -> io::Result<Server> {
    // This server cannot choose a port and report it. This port was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let jwks = fs::read_to_string(programs.folder.join("jwks.json"))?;
    let configuration = envoy::configuration(address.port(), upstream, &jwks, cached);
    let file = programs.folder.join(if cached { "envoy-cached.json" } else { "envoy.json" });
    fs::write(&file, configuration.to_string())?;
    let mut command = envoy::command(program, &file)?;
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    let mut server = Server { child, address };
    let since = Instant::now();
    while TcpStream::connect(address).is_err() {
        if server.child.try_wait()?.is_some() || since.elapsed() > Duration::from_secs(30) {
            return Err(io::Error::other("Envoy did not start"));
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(server)
}
