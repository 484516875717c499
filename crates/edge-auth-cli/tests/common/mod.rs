//! Shared parts of the command's tests: a folder with a policy, the command, a server, a client.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "each test binary uses a part of it; a panic is a failed test"
)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// The pepper of all tests.
pub(crate) const PEPPER: &str = "a pepper for tests, of 32 bytes or more";

/// The revocation secret of all tests.
const REVOCATION: &str = "a revocation secret for tests, of 32 bytes";

/// How long a test waits before it fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// The folder of one test.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    /// Makes a folder with this policy.
    pub(crate) fn with_policy(policy: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("policy.toml", policy);
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Prepares the command in this folder, with the pepper, the policy and the store set.
    pub(crate) fn edge_auth(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_edge-auth"));
        command
            .current_dir(self.0.path())
            .env_clear()
            .env("PEPPER", PEPPER)
            .env("REVOCATION", REVOCATION)
            .env("EDGE_AUTH_POLICY", "policy.toml")
            .env("EDGE_AUTH_STORE", "sqlite:keys.db")
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    /// Runs the command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.edge_auth(arguments))
    }

    /// Runs the command to its end where no store is set.
    pub(crate) fn run_without_store(&self, arguments: &[&str]) -> Ran {
        let mut command = self.edge_auth(arguments);
        command.env_remove("EDGE_AUTH_STORE");
        Ran::of(command)
    }

    /// Runs the command with `--json`, which must succeed, and reads its report.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.run(&[&["--json"], arguments].concat());
        assert_eq!(ran.code(), 0, "{arguments:?}: {}", ran.stderr());
        ran.report()
    }

    /// Starts the server.
    pub(crate) fn serve(&self, arguments: &[&str]) -> Server {
        Server::start(self.edge_auth(&[&["serve", "--listen", "127.0.0.1:0"], arguments].concat()))
    }
}

/// A command that has ended.
pub(crate) struct Ran(Output);

impl Ran {
    /// Runs a command to its end.
    pub(crate) fn of(mut command: Command) -> Self {
        Self(command.output().unwrap())
    }

    pub(crate) fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    pub(crate) fn report(&self) -> Value {
        serde_json::from_slice(&self.0.stdout).unwrap()
    }
}

/// A server under test; it is killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// The lines on standard error before it listened.
    pub(crate) startup_lines: Vec<String>,
    /// The line that says where it listens.
    pub(crate) listening: String,
    audit: Receiver<String>,
    notices: Receiver<String>,
}

impl Server {
    /// Starts a server, and waits until it says where it listens.
    pub(crate) fn start(command: Command) -> Self {
        Self::try_start(command).unwrap_or_else(|error| panic!("the server did not start: {error}"))
    }

    /// Starts a server, or returns what it wrote instead of starting.
    pub(crate) fn try_start(mut command: Command) -> Result<Self, String> {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let audit = lines(child.stdout.take().unwrap());
        let notices = lines(child.stderr.take().unwrap());
        let mut startup_lines = Vec::new();
        loop {
            match notices.recv_timeout(PATIENCE) {
                Ok(line) => match line.split_once("listening on http") {
                    Some((_, rest)) => {
                        let address =
                            rest.split("://").nth(1).and_then(|rest| rest.split(',').next());
                        let address = address.unwrap().parse().unwrap();
                        let listening = line;
                        return Ok(Self {
                            child,
                            address,
                            startup_lines,
                            listening,
                            audit,
                            notices,
                        });
                    }
                    None => startup_lines.push(line),
                },
                Err(_) => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(startup_lines.join("\n"));
                }
            }
        }
    }

    /// Returns the next line of the audit log, if there is one soon.
    pub(crate) fn audit_soon(&self) -> Option<Value> {
        let line = self.audit.recv_timeout(Duration::from_secs(2)).ok()?;
        Some(serde_json::from_str(&line).unwrap())
    }

    /// Sends a request, and returns the response.
    pub(crate) fn call(&self, method: &str, target: &str, fields: &[(&str, &str)]) -> Response {
        self.call_with_body(method, target, fields, "")
    }

    pub(crate) fn call_with_body(
        &self,
        method: &str,
        target: &str,
        fields: &[(&str, &str)],
        body: &str,
    ) -> Response {
        let mut request = format!(
            "{method} {target} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n",
            self.address
        );
        for (name, value) in fields {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            request.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        self.raw(format!("{request}\r\n{body}").as_bytes())
    }

    /// Sends bytes, and reads until the server closes the connection.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Response {
        raw(self.address, bytes)
    }

    /// The next line of the audit log.
    pub(crate) fn audit(&self) -> Value {
        serde_json::from_str(&self.audit.recv_timeout(PATIENCE).unwrap()).unwrap()
    }

    /// Waits for a notice with this text in it.
    pub(crate) fn notice(&self, text: &str) -> String {
        loop {
            let line = self
                .notices
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| panic!("no notice with `{text}`"));
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Returns the id of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Waits for the server's end, and returns its exit code and the rest of its audit log.
    pub(crate) fn wait(mut self) -> (Option<i32>, Vec<String>) {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if Instant::now() > deadline => panic!("the server did not end"),
                None => thread::sleep(Duration::from_millis(10)),
            }
        };
        (status.code(), self.audit.iter().collect())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Sends bytes, and reads until the other side closes the connection.
pub(crate) fn raw(address: SocketAddr, bytes: &[u8]) -> Response {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // A server that refuses early may close before all is written.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    Response::parse(&answer)
}

/// A response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) =
            text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no response: {text:?}"));
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let fields = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect();
        Self { status, fields, body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// Returns the code of a refusal, from its problem+json.
    pub(crate) fn code(&self) -> String {
        let problem: Value = serde_json::from_str(&self.body).unwrap_or_default();
        problem["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// Starts an upstream that answers every request with 200 and the head that reached it.
pub(crate) fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || echo_one(stream));
        }
    });
    address
}

fn echo_one(mut stream: TcpStream) {
    let mut head = String::new();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut line = String::new();
        match reader.read_line(&mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) if line == "\r\n" => break,
            Ok(_) => head.push_str(&line),
        }
    }
    let length = head.len();
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{head}"
    );
}
