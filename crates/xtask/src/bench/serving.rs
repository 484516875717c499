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
    let authorizer = serve(programs, &[])?;
    let gateway = serve(programs, &["--upstream", &format!("http://{}", upstream.address)])?;
    let envoys = match Tool::Envoy.bring(cache) {
        Ok(program) => {
            bench.versions.push("Envoy 1.40.0".to_owned());
            let port = upstream.address.port();
            Some((
                envoy_with(&program, programs, port, false)?,
                envoy_with(&program, programs, port, true)?,
            ))
        }
        Err(missing) => {
            bench.missing("Envoy", &missing);
            None
        }
    };
    let (cold, warm) = (envoys.as_ref().map(|both| &both.0), envoys.as_ref().map(|both| &both.1));
    let asks = (&authorizer, "/authorize/v1/orders/42");
    let passes = (&gateway, "/v1/orders/42");
    for (case, tokens, ours, peer, path) in [
        ("cold forward-auth", COLD, asks, cold, "/direct"),
        ("warm forward-auth", WARM, asks, warm, "/direct"),
        ("cold gateway", COLD, passes, cold, "/v1/orders/42"),
        ("warm gateway", WARM, passes, warm, "/v1/orders/42"),
    ] {
        anstream::println!("serving: {case}");
        let peer = peer.map(|server| (server, path));
        Contest { case, tokens, ours, peer }.hold(programs, bench)?;
    }
    Ok(())
}

fn serve(programs: &Programs, arguments: &[&str]) -> io::Result<Server> {
    let mut command = programs.serve();
    started(command.args(arguments).stdin(Stdio::null()), Stream::Error, "listening on http://")
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
        let output = output_of(&mut load)?;
        let Some((rate, sent)) = rate_and_count(&output) else {
            return Err(io::Error::other(format!("the client printed {output:?}")));
        };
        *first = (*first + sent) % self.tokens;
        Ok(rate)
    }
}

fn rate_and_count(output: &str) -> Option<(f64, usize)> {
    let mut numbers = output.split_whitespace();
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
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
    let mut last = String::new();
    for line in lines.by_ref().map_while(Result::ok) {
        if let Some(address) = address_in(&line, mark) {
            // Unread output would block the server.
            thread::spawn(move || lines.for_each(drop));
            return Ok(Server { child, address });
        }
        last = line;
    }
    child.wait()?;
    Err(io::Error::other(format!("a server did not start: {last}")))
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
