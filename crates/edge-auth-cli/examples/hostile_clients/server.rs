//! The server under test, its upstream, and what the server holds.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

const POLICY: &str = "[[rule]]\npath = \"/public/{*rest}\"\npublic = true\nupgrade = true\n";

/// Starts the server with `ulimit -n 1024` and an upstream. Returns where it listens.
pub(crate) fn start(program: &str) -> (Child, SocketAddr) {
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

/// Starts an upstream that answers after a moment; it waits for bodies, and never answers `/never`.
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
        // Its side stays open for long after the client's has ended,
        while stream.read(&mut head).is_ok_and(|length| length > 0) {}
        // unless the connection is gone.
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

pub(crate) fn resident(process: u32) -> u64 {
    status(process, "VmRSS:")
}

pub(crate) fn status(process: u32, name: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or_default()
}
