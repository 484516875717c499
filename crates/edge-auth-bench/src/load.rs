//! Load: connections that are kept, a thread each, one request at a time on each.

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
    pub(crate) tokens: usize,
    pub(crate) first: usize,
    pub(crate) connections: usize,
    pub(crate) seconds: Duration,
}

/// Prints answers in a second, and in all. An answer other than 200 ends it all: nobody measures refusals.
pub(crate) fn run(folder: &Path, load: &Load) -> Result<()> {
    let tokens = pool::read(folder, Algorithm::Rs256)?;
    let request = |token: &String| {
        format!(
            "GET {} HTTP/1.1\r\nhost: api.example.com\r\nuser-agent: edge-auth-bench\r\n\
             accept: application/json\r\nauthorization: Bearer {token}\r\n\r\n",
            load.path
        )
        .into_bytes()
    };
    let requests: Vec<Vec<u8>> = tokens.iter().take(load.tokens).map(request).collect();
    let next = AtomicUsize::new(load.first);
    let started = Instant::now();
    let answered: usize = thread::scope(|scope| {
        let one = |_| scope.spawn(|| connection(load, &requests, &next, started).map_err(|e| e.to_string()));
        let all: Vec<_> = (0..load.connections).map(one).collect();
        all.into_iter()
            .map(|one| one.join().expect("no connection panics"))
            .sum::<std::result::Result<_, String>>()
    })?;
    let per_second = answered as f64 / started.elapsed().as_secs_f64();
    Ok(writeln!(std::io::stdout(), "{per_second} {answered}")?)
}

/// How many requests were answered on one connection.
fn connection(load: &Load, requests: &[Vec<u8>], next: &AtomicUsize, started: Instant) -> Result<usize> {
    let mut stream = TcpStream::connect(load.address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut answered, mut line, mut body) = (0, String::new(), Vec::new());
    while started.elapsed() < load.seconds {
        let number = next.fetch_add(1, Ordering::Relaxed);
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
        answered += 1;
    }
    Ok(answered)
}
