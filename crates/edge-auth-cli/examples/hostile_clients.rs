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

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const POLICY: &str = "[[rule]]\npath = \"/public/{*rest}\"\npublic = true\nupgrade = true\n";
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
    reads: bool,
    /// Whether each ends its side once it has an answer.
    half_closes: bool,
}

const USUAL: Drill = Drill {
    name: "nobody",
    connections: 0,
    begins: |_| Vec::new(),
    goes_on: |_| Vec::new(),
    reads: true,
    half_closes: false,
};

const DRILLS: &[Drill] = &[
    USUAL,
    Drill { name: "500 idle connections", connections: 500, begins: idle, ..USUAL },
    Drill { name: "2000 idle connections", connections: 2000, begins: idle, ..USUAL },
    Drill {
        name: "600 idle connections after an answer",
        connections: 600,
        begins: |_| http_1("GET /public/x", "").repeat(2),
        ..USUAL
    },
    Drill {
        name: "500 connections that PING",
        connections: 500,
        begins: |_| opened(SETTINGS),
        goes_on: |_| frame(6, 0, 0, &[0; 8]),
        ..USUAL
    },
    Drill {
        name: "6250 refused streams without a window",
        connections: 50,
        begins: |_| streams(NO_WINDOW, "/secret"),
        ..USUAL
    },
    Drill {
        name: "60000 refused streams without a window",
        connections: 480,
        begins: |_| streams(NO_WINDOW, "/secret"),
        ..USUAL
    },
    Drill {
        name: "125000 refused streams without a window",
        connections: 1000,
        begins: |_| streams(NO_WINDOW, "/secret"),
        ..USUAL
    },
    Drill {
        name: "6250 windows that open byte by byte",
        connections: 50,
        begins: |_| streams(NO_WINDOW, "/secret"),
        goes_on: |_| {
            (0..STREAMS).flat_map(|number| frame(8, 0, 2 * number + 1, &[0, 0, 0, 1])).collect()
        },
        ..USUAL
    },
    Drill {
        name: "rapid resets",
        connections: 50,
        begins: |_| opened(SETTINGS),
        goes_on: rapid_resets,
        ..USUAL
    },
    Drill { name: "480 HPACK bombs", connections: 480, begins: |_| hpack_bombs(), ..USUAL },
    Drill {
        name: "600 waits for a slow upstream",
        connections: 600,
        begins: |_| http_1("GET /public/never", ""),
        ..USUAL
    },
    Drill {
        name: "12500 streams wait for a slow upstream",
        connections: 100,
        begins: |_| streams(SETTINGS, "/public/never"),
        ..USUAL
    },
    Drill {
        name: "600 bodies that do not come",
        connections: 600,
        begins: |_| http_1("POST /public/x", "content-length: 9\r\n"),
        ..USUAL
    },
    Drill {
        name: "600 bodies that come byte by byte",
        connections: 600,
        begins: |_| http_1("POST /public/never", "content-length: 999999\r\n"),
        goes_on: |_| b"x".to_vec(),
        ..USUAL
    },
    Drill {
        name: "600 heads that come byte by byte",
        connections: 600,
        begins: |_| b"GET / HTTP/1.1\r\nhost: a\r\nx: ".to_vec(),
        goes_on: |_| b"x".to_vec(),
        ..USUAL
    },
    Drill {
        name: "600 that pipeline and do not read",
        connections: 600,
        begins: |_| Vec::new(),
        goes_on: |_| http_1("GET /public/large", "").repeat(64),
        reads: false,
        ..USUAL
    },
    Drill {
        name: "600 quiet WebSockets",
        connections: 600,
        begins: |_| http_1("GET /public/socket", WEBSOCKET),
        ..USUAL
    },
    Drill {
        name: "600 half-closed WebSockets",
        connections: 600,
        begins: |_| http_1("GET /public/socket", WEBSOCKET),
        half_closes: true,
        ..USUAL
    },
];

const WEBSOCKET: &str = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
    sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

fn http_1(line: &str, fields: &str) -> Vec<u8> {
    format!("{line} HTTP/1.1\r\nhost: a\r\n{fields}\r\n").into_bytes()
}

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

/// As many requests as a connection may have under way.
fn streams(settings: &[u8], path: &str) -> Vec<u8> {
    let mut bytes = opened(settings);
    for number in 0..STREAMS {
        bytes.extend(get(2 * number + 1, path));
    }
    bytes
}

/// Requests of which each byte stands for a field (RFC 7541, section 6.1).
fn hpack_bombs() -> Vec<u8> {
    let mut bytes = opened(NO_WINDOW);
    for number in 0..STREAMS {
        let begin: &[u8] = match number {
            // The first puts `x` into the table, where the others find it.
            0 => &[0x82, 0x86, 0x84, 0x40, 1, b'x', 0],
            _ => &[0x82, 0x86, 0x84],
        };
        bytes.extend(frame(1, 5, 2 * number + 1, &[begin, &[0xbe; 1900]].concat()));
    }
    bytes
}

fn rapid_resets(round: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in 0..STREAMS {
        let stream = 2 * (round * STREAMS + number) + 1;
        bytes.extend(get(stream, "/public/x"));
        bytes.extend(frame(3, 0, stream, &[0, 0, 0, 8]));
    }
    bytes
}

/// HEADERS that end the stream (RFC 9113, section 6.2; RFC 7541, appendix A).
fn get(stream: u32, path: &str) -> Vec<u8> {
    let length = u8::try_from(path.len()).unwrap();
    let block = [&[0x82, 0x86, 0x04, length], path.as_bytes(), &[0x01, 1, b'a']].concat();
    frame(1, 5, stream, &block)
}

/// A frame (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
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
            if !client.as_mut().is_some_and(|stream| is_open(stream, drill)) {
                *client = connect(address, &(drill.begins)(number));
                rounds[number] = 0;
            }
            let more = (drill.goes_on)(rounds[number]);
            rounds[number] += 1;
            if let Some(stream) = client
                && !more.is_empty()
                && stream.write(&more).is_err_and(|error| error.kind() != ErrorKind::WouldBlock)
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
    println!(
        "{:40} {memory:>9} {peak:>7} {files:>6} {lost:>5} {:>6} ms",
        drill.name,
        slowest.as_millis()
    );
    let _ = server.kill();
    let _ = server.wait();
}

/// Asks `/healthz` until it is told to stop: how often there was no answer, and the longest wait.
fn ask_for_health(address: SocketAddr, done: &AtomicBool) -> (u32, Duration) {
    let (mut lost, mut slowest) = (0, Duration::ZERO);
    while !done.load(Ordering::Relaxed) {
        let asked = Instant::now();
        if let Err(why) = health(address) {
            lost += 1;
            println!("  /healthz after {} ms: {why}", asked.elapsed().as_millis());
        }
        slowest = slowest.max(asked.elapsed());
        thread::sleep(Duration::from_millis(100));
    }
    (lost, slowest)
}

fn health(address: SocketAddr) -> std::io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    match answer == *b"HTTP/1.1 200" {
        true => Ok(()),
        false => Err(std::io::Error::other(String::from_utf8_lossy(&answer).into_owned())),
    }
}

/// A new connection; what does not fit into it at once is not sent.
fn connect(address: SocketAddr, bytes: &[u8]) -> Option<TcpStream> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_nonblocking(true).ok()?;
    let _ = stream.write(bytes).ok()?;
    Some(stream)
}

/// Reads what there is, and says whether more may come.
fn is_open(stream: &mut TcpStream, drill: &Drill) -> bool {
    let mut bytes = [0; 65_536];
    loop {
        let read = if drill.reads { stream.read(&mut bytes) } else { stream.peek(&mut bytes[..1]) };
        match read {
            Ok(0) => return false,
            Ok(_) if drill.half_closes => drop(stream.shutdown(Shutdown::Write)),
            Ok(_) if drill.reads => {}
            Ok(_) => return true,
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
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

/// An upstream that takes a moment, and answers; it waits for bodies, and never answers `/never`.
fn upstream() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let small = thread::Builder::new().stack_size(256 * 1024);
            small.spawn(move || answer(stream)).unwrap();
        }
    });
    address
}

fn answer(mut stream: TcpStream) {
    let mut head = [0; 4096];
    let length = stream.read(&mut head).unwrap_or_default();
    let line = head[..length].split(|byte| *byte == b'\r').next().unwrap_or_default().to_vec();
    if line.ends_with(b"/never HTTP/1.1") {
        while stream.read(&mut head).is_ok_and(|length| length > 0) {}
        return;
    }
    if line.ends_with(b"/socket HTTP/1.1") {
        let _ = stream.write_all(
            b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
            sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
        );
        // Its side stays open for long, whatever the other does.
        while stream.read(&mut head).is_ok_and(|length| length > 0) {}
        // Unless nobody is there any more.
        for _ in 0..2 {
            thread::sleep(Duration::from_secs(1));
            if stream.write_all(b"x").is_err() {
                return;
            }
        }
        thread::sleep(Duration::from_secs(90));
        return;
    }
    if line.starts_with(b"POST") {
        let _ = stream.read(&mut head);
    }
    thread::sleep(Duration::from_millis(20));
    let length = if line.ends_with(b"/large HTTP/1.1") { 1_000_000 } else { 2 };
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    let _ = stream.write_all(&[head.as_bytes(), &vec![b'x'; length]].concat());
}

fn resident(process: u32) -> u64 {
    status(process, "VmRSS:")
}

fn status(process: u32, name: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or_default()
}
