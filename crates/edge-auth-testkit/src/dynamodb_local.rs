//! AWS's DynamoDB Local as a process, with tables in memory.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, io, thread};

use crate::scenario::source::Endpoint;
use crate::scenario::{Call, SeenRequest};
use crate::wire::{Response, exchange};

/// The folder with `DynamoDBLocal.jar`.
const FOLDER: &str = "EDGE_AUTH_DYNAMODB_LOCAL";
/// The Java to run it, 17 or newer.
const JAVA: &str = "EDGE_AUTH_JAVA";

/// The longest time that Java may take to start on a busy machine.
const START: Duration = Duration::from_secs(60);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// A shell command that ends the program when the standard input closes, that is, however the test
/// ends.
const KEEPER: &str = r#""$@" </dev/null >/dev/null & cat >/dev/null; kill -9 $!"#;

/// A DynamoDB for one test. Dropping it ends the process.
///
/// DynamoDB Local cannot listen on loopback only. It holds only test data.
#[derive(Debug)]
pub struct DynamoDbLocal {
    keeper: Child,
    address: SocketAddr,
}

impl DynamoDbLocal {
    /// Starts DynamoDB Local on a free port and waits until it answers. `EDGE_AUTH_DYNAMODB_LOCAL`
    /// names its folder, and `EDGE_AUTH_JAVA` a Java other than the one on `PATH`.
    pub fn start() -> io::Result<Self> {
        let folder = env::var_os(FOLDER).map(PathBuf::from).ok_or_else(|| {
            io::Error::other(format!("{FOLDER} is not set: run `cargo xtask test --only stores`"))
        })?;
        let java = env::var_os(JAVA).unwrap_or_else(|| "java".into());
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "sh"])
            .arg(java)
            .arg(format!("-Djava.library.path={}", folder.join("DynamoDBLocal_lib").display()))
            .arg("-jar")
            .arg(folder.join("DynamoDBLocal.jar"))
            .args([
                "-inMemory",
                "-sharedDb",
                "-disableTelemetry",
                "-port",
                &address.port().to_string(),
            ])
            // DynamoDB Local leaves a file in its working directory.
            .current_dir(env::temp_dir())
            .stdin(Stdio::piped())
            .spawn()?;
        let local = Self { keeper, address };
        local.wait()?;
        Ok(local)
    }

    /// Returns its URL, such as `http://127.0.0.1:8000`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Passes a relay's request on, and returns the answer.
    ///
    /// # Panics
    /// DynamoDB does not answer.
    pub fn pass_on(&self, request: SeenRequest) -> Response {
        let headers = request.headers.into_iter().filter(|(name, _)| !is_of_connection(name));
        let call = Call {
            endpoint: Endpoint::Gateway,
            method: request.method,
            target: request.target.into_bytes(),
            host: "localhost".to_owned(),
            authority: None,
            headers: headers.map(|(name, value)| (name, value.into_bytes())).collect(),
            body: request.body,
            handover: None,
            location: None,
            from: Ipv4Addr::LOCALHOST.into(),
        };
        let Response { status, headers, body } = exchange(self.address, &call).unwrap();
        let headers = headers.into_iter().filter(|(name, _)| !is_of_connection(name)).collect();
        Response { status, headers, body }
    }

    fn wait(&self) -> io::Result<()> {
        let deadline = Instant::now() + START;
        while Instant::now() < deadline {
            if TcpStream::connect(self.address).is_ok() {
                return Ok(());
            }
            thread::sleep(BETWEEN_LOOKS);
        }
        Err(io::Error::other("DynamoDB Local does not answer"))
    }
}

fn is_of_connection(name: &str) -> bool {
    ["host", "content-length", "connection", "transfer-encoding"]
        .contains(&name.to_ascii_lowercase().as_str())
}

impl Drop for DynamoDbLocal {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
