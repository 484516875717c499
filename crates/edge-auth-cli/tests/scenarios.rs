//! Every scenario over HTTP, against the real binary: once as a gateway, once as an authorizer.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a panic is a failed test"
)]

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use common::{Folder, Server};
use edge_auth_cli::store::SqliteStore;
use edge_auth_testkit::documents::Documents;
use edge_auth_testkit::scenario::source::Face;
use edge_auth_testkit::scenario::{
    Answer, Call, Happening, Host, Need, Scenario, SeenRequest, Setup, Started, run_all, seed,
};
use edge_auth_token::Timestamp;

#[test]
fn every_scenario_holds_over_http() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scenarios");
    let scenarios = Scenario::all(&directory).unwrap();
    let report = run_all(&scenarios, &mut Binary::new());
    println!("{report}");
    report.must_pass();
}

/// The binary, with issuers and an upstream around it.
struct Binary {
    issuers: SocketAddr,
    documents: Documents,
    upstream: SocketAddr,
    seen: Receiver<SeenRequest>,
    runtime: tokio::runtime::Runtime,
    running: Option<Running>,
}

struct Running {
    gateway: Server,
    authorizer: Server,
    _folder: Folder,
}

impl Binary {
    fn new() -> Self {
        let documents = Documents::default();
        let (sender, seen) = channel();
        let served = documents.clone();
        Self {
            issuers: serve(move |request| {
                let document = served.get(&request.target);
                let location = document.location.map(|to| format!("location: {to}\r\n")).unwrap_or_default();
                (document.status, location, document.body)
            }),
            documents,
            upstream: serve(move |request| {
                let _ = sender.send(request);
                (200, String::new(), Vec::new())
            }),
            seen,
            runtime: tokio::runtime::Runtime::new().unwrap(),
            running: None,
        }
    }
}

impl Host for Binary {
    fn issuers_url(&self) -> String {
        format!("http://{}", self.issuers)
    }

    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Timestamp::from_millis(since.as_millis().try_into().unwrap())
    }

    fn offers(&self, need: Need) -> bool {
        matches!(need, Need::Wire | Need::Authority)
    }

    fn start(&mut self, setup: &Setup<'_>) -> Result<Started, String> {
        self.running = None;
        self.documents.clear();
        for (path, document) in &setup.documents {
            self.documents.publish(path, document.clone());
        }
        let folder = Folder::with_policy(&setup.policy);
        for (name, bytes) in &setup.resources.files {
            std::fs::write(folder.path(name), bytes).unwrap();
        }
        let store = SqliteStore::open(&folder.path("keys.db")).map_err(|error| error.to_string())?;
        let seeded = self.runtime.block_on(seed(setup, &store))?;
        let serve = |arguments: &[&str]| {
            let arguments = [&["serve", "--listen", "127.0.0.1:0"], arguments].concat();
            let mut command = folder.edge_auth(&arguments);
            command.envs(&setup.resources.secrets);
            Server::try_start(command)
        };
        let gateway = serve(&["--upstream", &format!("http://{}", self.upstream)])?;
        let authorizer = serve(&[])?;
        let notices = gateway.told.clone();
        self.running = Some(Running { gateway, authorizer, _folder: folder });
        Ok(Started { seeded, notices })
    }

    fn happen(&mut self, event: Happening) -> Result<(), String> {
        match event {
            Happening::Publishes(path, document) => self.documents.publish(path, document),
            other => return Err(format!("{other:?} cannot be made to happen here")),
        }
        Ok(())
    }

    fn call(&mut self, call: &Call) -> Result<Answer, String> {
        let running = self.running.as_ref().ok_or("nothing runs")?;
        let server = match call.face {
            Face::Gateway | Face::Admin => &running.gateway,
            Face::ForwardAuth | Face::Verify => &running.authorizer,
        };
        let response = server.raw(&bytes(call));
        Ok(Answer {
            status: response.status,
            headers: response.fields,
            body: response.body.into_bytes(),
            upstream: self.seen.try_recv().ok(),
            audit: server.audit_soon(),
            reads: None,
            fetches: None,
        })
    }
}

/// The call as HTTP/1.1. An `:authority` beside `Host` is a target in absolute form there.
fn bytes(call: &Call) -> Vec<u8> {
    let mut bytes = format!("{} ", call.method).into_bytes();
    if let Some(authority) = &call.authority {
        bytes.extend(format!("http://{authority}").into_bytes());
    }
    bytes.extend(&call.target);
    bytes.extend(format!(" HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", call.host).into_bytes());
    for (name, value) in &call.headers {
        bytes.extend(format!("{name}: ").into_bytes());
        bytes.extend(value);
        bytes.extend(b"\r\n");
    }
    if !call.body.is_empty() {
        bytes.extend(format!("content-length: {}\r\n", call.body.len()).into_bytes());
    }
    bytes.extend(b"\r\n");
    bytes.extend(&call.body);
    bytes
}

/// A server that answers each request with a status, fields and a body, and then hangs up.
fn serve(mut answer: impl FnMut(SeenRequest) -> (u16, String, Vec<u8>) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            let Some(request) = read(&stream) else { continue };
            let (status, fields, body) = answer(request);
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status} Answer\r\nconnection: close\r\ncontent-length: {length}\r\n{fields}\r\n"
            );
            let _ = stream.write_all(&[head.into_bytes(), body].concat());
        }
    });
    address
}

/// One request. Chunks are not asked for and not understood.
fn read(stream: &TcpStream) -> Option<SeenRequest> {
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line).ok()?;
        Some(String::from_utf8_lossy(&line).trim_end().to_owned())
    };
    let first = line()?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let line = line()?;
        match line.split_once(':') {
            Some((name, value)) => headers.push((name.to_owned(), value.trim().to_owned())),
            None => break,
        }
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.and_then(|(_, length)| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(SeenRequest { method, target, headers, body })
}
