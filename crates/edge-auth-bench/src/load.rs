//! Creates load: keep-alive connections, each with one thread and one request at a time.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use edge_auth_token::Algorithm;

use crate::{Result, pool};

pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) path: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) fields: Vec<String>,
    pub(crate) tokens: usize,
    pub(crate) first: usize,
    pub(crate) connections: usize,
    pub(crate) seconds: Duration,
}

/// Prints answers per second and in all, and the times of half and of 99 in 100 of them. An answer
/// other than 200 is an error, since refusals must not be measured.
pub(crate) fn run(folder: &Path, load: &Load) -> Result<()> {
    let tokens = pool::read(folder, load.algorithm)?;
    let fields: String = load.fields.iter().map(|field| format!("{field}\r\n")).collect();
    let mut requests = Vec::new();
    for token in tokens.iter().take(load.tokens) {
        let request = format!(
            "GET {} HTTP/1.1\r\nhost: api.example.com\r\nuser-agent: edge-auth-bench\r\n\
             accept: application/json\r\n{fields}authorization: Bearer {token}\r\n\r\n",
            load.path
        );
        requests.push(request.into_bytes());
    }
    let next = AtomicUsize::new(load.first);
    let started = Instant::now();
    let times: Vec<Duration> = thread::scope(|scope| {
        let mut connections = Vec::new();
        for _ in 0..load.connections {
            connections.push(scope.spawn(|| {
                connection(load, &requests, &next, started).map_err(|error| error.to_string())
            }));
        }
        let mut times = Vec::new();
        for connection in connections {
            times.extend(connection.join().expect("no connection panics")?);
        }
        Ok::<_, String>(times)
    })?;
    let per_second = times.len() as f64 / started.elapsed().as_secs_f64();
    let answered = times.len();
    let (half, most) = (percentile(times.clone(), 50), percentile(times, 99));
    Ok(writeln!(std::io::stdout(), "{per_second} {answered} {half} {most}")?)
}

/// Returns a percentile in microseconds.
fn percentile(mut times: Vec<Duration>, percent: usize) -> f64 {
    times.sort_unstable();
    let at = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e6)
}

/// Measures each request on one connection.
fn connection(
    load: &Load,
    requests: &[Vec<u8>],
    next: &AtomicUsize,
    started: Instant,
) -> Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(load.address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut times, mut line, mut body) = (Vec::new(), String::new(), Vec::new());
    while started.elapsed() < load.seconds {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let sent = Instant::now();
        stream.write_all(&requests[number % requests.len()])?;
        line.clear();
        reader.read_line(&mut line)?;
        if !line.starts_with("HTTP/1.1 200") {
            return Err(format!("answered with {line:?}").into());
        }
        let mut length = 0;
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse()?;
            }
        }
        body.resize(length, 0);
        reader.read_exact(&mut body)?;
        times.push(sent.elapsed());
    }
    Ok(times)
}
