//! Drills: clients that hold connections and answers, against a real server with few descriptors.
//!
//! `cargo run --release --example hostile_clients -- target/release/edge-auth [seconds]` starts the
//! server with `ulimit -n 1024` for each drill, asks `/healthz` throughout, each time on a new
//! connection, and prints what the server holds and how long the answers took.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a program for people at a terminal"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const POLICY: &str = "[[rule]]\npath = \"/public/{*rest}\"\npublic = true\n";
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// SETTINGS with windows of nothing, and with the usual ones.
const NO_WINDOW: &[u8] = &[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0];
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
/// How many requests a connection has under way.
const STREAMS: u32 = 125;
/// How long `/healthz` may take before it counts as unanswered.
const PATIENCE: Duration = Duration::from_secs(5);

/// What hostile clients do with a connection.
struct Drill {
    name: &'static str,
    /// How many connections are kept open; one that the server closes is replaced.
    connections: usize,
    /// What each sends when it is new, by its number.
    begins: fn(usize) -> Vec<u8>,
    /// What each sends again and again.
    goes_on: fn(u32) -> Vec<u8>,
}

const DRILLS: &[Drill] = &[
    Drill { name: "nobody", connections: 0, begins: |_| Vec::new(), goes_on: |_| Vec::new() },
    Drill { name: "500 idle connections", connections: 500, begins: idle, goes_on: |_| Vec::new() },
    Drill { name: "2000 idle connections", connections: 2000, begins: idle, goes_on: |_| Vec::new() },
    Drill {
        name: "500 connections that PING",
        connections: 500,
        begins: |_| opened(SETTINGS),
        goes_on: ping,
    },
    Drill {
        name: "6250 refused streams without a window",
        connections: 50,
        begins: |_| refused(NO_WINDOW),
        goes_on: |_| Vec::new(),
    },
    Drill {
        name: "60000 refused streams without a window",
        connections: 480,
        begins: |_| refused(NO_WINDOW),
        goes_on: |_| Vec::new(),
    },
    Drill {
        name: "480 bodies that do not come",
        connections: 480,
        begins: |_| b"POST /public/slow HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n".to_vec(),
        goes_on: |_| Vec::new(),
    },
    Drill { name: "rapid resets", connections: 50, begins: |_| opened(SETTINGS), goes_on: rapid_resets },
];

fn opened(settings: &[u8]) -> Vec<u8> {
    [PREFACE, settings].concat()
}

/// Nothing, a part of the preface, all of it, or a part of a head.
fn idle(number: usize) -> Vec<u8> {
    match number % 4 {
        0 => Vec::new(),
        1 => PREFACE[..12].to_vec(),
        2 => opened(SETTINGS),
        _ => b"GET / HTTP/1.1\r\nhost:".to_vec(),
    }
}

fn ping(_round: u32) -> Vec<u8> {
    vec![0, 0, 8, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
}

fn refused(settings: &[u8]) -> Vec<u8> {
    let mut bytes = opened(settings);
    for number in 0..STREAMS {
        bytes.extend(get(2 * number + 1, "/secret"));
    }
    bytes
}

fn rapid_resets(round: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in 0..STREAMS {
        let stream = 2 * (round * STREAMS + number) + 1;
        bytes.extend(get(stream, "/public/x"));
        bytes.extend([0, 0, 4, 3, 0]);
        bytes.extend(stream.to_be_bytes());
        bytes.extend([0, 0, 0, 8]);
    }
    bytes
}

/// HEADERS that end the stream (RFC 9113, section 6.2; RFC 7541, appendix A).
fn get(stream: u32, path: &str) -> Vec<u8> {
    let length = u8::try_from(path.len()).unwrap();
    let block = [&[0x82, 0x86, 0x04, length], path.as_bytes(), &[0x01, 1, b'a']].concat();
    [&[0, 0, u8::try_from(block.len()).unwrap(), 1, 5], &stream.to_be_bytes()[..], &block].concat()
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let program = arguments.next().unwrap_or_else(|| "target/release/edge-auth".to_owned());
    let seconds = arguments.next().map_or(120, |seconds| seconds.parse().unwrap());
    let only = arguments.next().unwrap_or_default();
    println!(
        "{:40} {:>9} {:>7} {:>6} {:>5} {:>9}",
        "drill", "VmRSS kB", "(peak)", "files", "lost", "slowest"
    );
    for drill in DRILLS.iter().filter(|drill| drill.name.contains(&only)) {
        run(drill, &program, Duration::from_secs(seconds));
    }
}

fn run(drill: &Drill, program: &str, time: Duration) {
    let (mut server, address) = start(program);
    let done = Arc::new(AtomicBool::new(false));
    let health = thread::spawn({
        let done = Arc::clone(&done);
        move || ask_for_health(address, &done)
    });
    let (mut memory, mut files) = (0, 0);
    let end = Instant::now() + time;
    let mut clients: Vec<Option<TcpStream>> = (0..drill.connections).map(|_| None).collect();
    let mut rounds = vec![0; drill.connections];
    while Instant::now() < end {
        for (number, client) in clients.iter_mut().enumerate() {
            if !client.as_mut().is_some_and(is_open) {
                *client = connect(address, &(drill.begins)(number));
                rounds[number] = 0;
            }
            let more = (drill.goes_on)(rounds[number]);
            rounds[number] += 1;
            if let Some(stream) = client
                && !more.is_empty()
                && stream.write_all(&more).is_err()
            {
                *client = None;
            }
        }
        memory = resident(server.id());
        files = std::fs::read_dir(format!("/proc/{}/fd", server.id())).map_or(0, Iterator::count);
        thread::sleep(Duration::from_millis(20));
    }
    done.store(true, Ordering::Relaxed);
    let (lost, slowest) = health.join().unwrap();
    let peak = status(server.id(), "VmHWM:");
    println!("{:40} {memory:>9} {peak:>7} {files:>6} {lost:>5} {:>6} ms", drill.name, slowest.as_millis());
    let _ = server.kill();
    let _ = server.wait();
}

/// Asks `/healthz` until it is told to stop: how often there was no answer, and the longest wait.
fn ask_for_health(address: SocketAddr, done: &AtomicBool) -> (u32, Duration) {
    let (mut lost, mut slowest) = (0, Duration::ZERO);
    while !done.load(Ordering::Relaxed) {
        let asked = Instant::now();
        let mut answer = [0; 12];
        let request = b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
        let read = connect(address, request).map(|mut stream| stream.read_exact(&mut answer));
        if !matches!(read, Some(Ok(()))) || answer != *b"HTTP/1.1 200" {
            lost += 1;
        }
        slowest = slowest.max(asked.elapsed());
        thread::sleep(Duration::from_millis(100));
    }
    (lost, slowest)
}

fn connect(address: SocketAddr, bytes: &[u8]) -> Option<TcpStream> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    stream.write_all(bytes).ok()?;
    Some(stream)
}

/// Reads what there is, and says whether more may come.
fn is_open(stream: &mut TcpStream) -> bool {
    let mut bytes = [0; 65_536];
    let _ = stream.set_nonblocking(true);
    let open = loop {
        match stream.read(&mut bytes) {
            Ok(0) => break false,
            Ok(_) => {}
            Err(error) => break error.kind() == std::io::ErrorKind::WouldBlock,
        }
    };
    let _ = stream.set_nonblocking(false);
    open
}

/// The server with `ulimit -n 1024`, an upstream behind it, and where it listens.
fn start(program: &str) -> (Child, SocketAddr) {
    let folder = std::env::temp_dir().join(format!("edge-auth-drills-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("policy.toml"), POLICY).unwrap();
    let script = format!(
        "ulimit -n 1024; exec {program} serve --policy {} --listen 127.0.0.1:0 --upstream http://{}",
        folder.join("policy.toml").display(),
        upstream()
    );
    let mut server = Command::new("sh")
        .args(["-c", &script])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
    let address = lines
        .by_ref()
        .map_while(Result::ok)
        .find_map(|line| {
            let (_, rest) = line.split_once("listening on http://")?;
            rest.split(',').next()?.parse().ok()
        })
        .unwrap();
    thread::spawn(move || lines.for_each(drop));
    (server, address)
}

/// An upstream that takes a moment, and answers; it waits for bodies to come whole.
fn upstream() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || {
                let mut head = [0; 4096];
                let length = stream.read(&mut head).unwrap_or_default();
                if head[..length].starts_with(b"POST") {
                    let _ = stream.read(&mut head);
                }
                thread::sleep(Duration::from_millis(20));
                let _ =
                    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
            });
        }
    });
    address
}

fn resident(process: u32) -> u64 {
    status(process, "VmRSS:")
}

fn status(process: u32, name: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or_default()
}
