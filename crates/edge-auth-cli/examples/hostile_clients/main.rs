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

mod drills;
mod server;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use drills::{DRILLS, Drill};
use server::{resident, start, status};

/// How long `/healthz` may take before it counts as unanswered.
const PATIENCE: Duration = Duration::from_secs(5);

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

/// Asks `/healthz` until `done`. Returns how often there was no answer, and the longest wait.
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

/// Opens a connection, and sends what fits into it at once.
fn connect(address: SocketAddr, bytes: &[u8]) -> Option<TcpStream> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_nonblocking(true).ok()?;
    let _ = stream.write(bytes).ok()?;
    Some(stream)
}

/// Reads what has arrived. Returns whether the connection is still open.
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
