//! Runs MiniStack: a local API Gateway and Lambda with its log.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edge_auth_testkit::scenario::{Call, source::Endpoint};
use edge_auth_testkit::wire::{Response, exchange};
use serde_json::{Value, json};

/// The folder with MiniStack's modules.
const FOLDER: &str = "EDGE_AUTH_MINISTACK";
const START: Duration = Duration::from_secs(60);
const FUNCTION: &str = "edge-auth";

/// A running MiniStack, until it is dropped.
pub(crate) struct MiniStack {
    process: Child,
    pub(crate) address: SocketAddr,
    folder: tempfile::TempDir,
}

impl MiniStack {
    /// Starts it on a free port, and waits until it answers.
    pub(crate) fn start() -> Self {
        let modules = std::env::var_os(FOLDER)
            .unwrap_or_else(|| panic!("{FOLDER} is not set: run `cargo xtask test --only lambda`"));
        let folder = tempfile::tempdir().unwrap();
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let process = Command::new("python3")
            .args(["-m", "ministack"])
            .env("PYTHONPATH", modules)
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", address.port().to_string())
            .env("TMPDIR", folder.path())
            .env("LOG_LEVEL", "ERROR")
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let cloud = Self { process, address, folder };
        let deadline = Instant::now() + START;
        while exchange(cloud.address, &call("GET", "/_ministack/health", &[], &[])).is_err() {
            assert!(Instant::now() < deadline, "MiniStack does not answer");
            thread::sleep(Duration::from_millis(50));
        }
        cloud
    }

    /// Deploys the program with a policy in one archive, as on AWS.
    pub(crate) fn deploy(&self, policy: &str, environment: &[(&str, &str)]) {
        let file = |name: &str| self.folder.path().join(name);
        strip(Path::new(env!("CARGO_BIN_EXE_edge-auth-authorizer")), &file("bootstrap"));
        std::fs::File::create(file("policy.toml")).unwrap().write_all(policy.as_bytes()).unwrap();
        zip(self.folder.path());
        let code = STANDARD.encode(std::fs::read(file("function.zip")).unwrap());
        let environment: Value = environment.iter().copied().collect();
        let created = self.ask(
            "POST",
            "/2015-03-31/functions",
            &json!({
                "FunctionName": FUNCTION, "Runtime": "provided.al2023", "Handler": "bootstrap", "Timeout": 10,
                "Role": "arn:aws:iam::000000000000:role/edge-auth", "Code": { "ZipFile": code },
                "Environment": { "Variables": environment },
            }),
        );
        assert_eq!(created["FunctionName"], FUNCTION, "{created}");
    }

    /// Returns the URI by which an authorizer invokes the function.
    pub(crate) fn authorizer_uri(&self) -> String {
        let arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{FUNCTION}");
        format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations")
    }

    /// Returns how often the function was invoked.
    pub(crate) fn invocations(&self) -> usize {
        let fields = [
            ("X-Amz-Target", "Logs_20140328.FilterLogEvents"),
            ("Content-Type", "application/x-amz-json-1.1"),
            (
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/logs/aws4_request",
            ),
        ];
        let asked = json!({ "logGroupName": format!("/aws/lambda/{FUNCTION}"), "limit": 10_000 });
        let answer =
            exchange(self.address, &call("POST", "/", &fields, asked.to_string().as_bytes()))
                .unwrap();
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        let events = answer["events"].as_array().map(Vec::as_slice).unwrap_or_default();
        events
            .iter()
            .filter(|event| event["message"].as_str().unwrap_or_default().starts_with("START"))
            .count()
    }

    /// Makes a call of the setup, which must succeed.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let fields = [("Content-Type", "application/json")];
        let answer =
            exchange(self.address, &call(method, path, &fields, body.to_string().as_bytes()))
                .unwrap();
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(answer.status < 300, "{method} {path}: {} {text}", answer.status);
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// Makes a call as a client.
    pub(crate) fn get(&self, target: &str, fields: &[(&str, &str)]) -> Response {
        exchange(self.address, &call("GET", target, fields, &[])).unwrap()
    }
}

impl Drop for MiniStack {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Copies the program without debug information, which is most of it. Without `strip`, copies all.
fn strip(program: &Path, to: &Path) {
    let stripped = Command::new("strip").arg("-o").arg(to).arg(program).status();
    if !stripped.is_ok_and(|status| status.success()) {
        std::fs::copy(program, to).unwrap();
    }
}

/// Makes the archive by Python, which MiniStack needs anyway.
fn zip(folder: &Path) {
    let mut python = Command::new("python3");
    python
        .args(["-m", "zipfile", "-c", "function.zip", "bootstrap", "policy.toml"])
        .current_dir(folder);
    assert!(python.status().unwrap().success());
}

fn call(method: &str, target: &str, fields: &[(&str, &str)], body: &[u8]) -> Call {
    Call {
        endpoint: Endpoint::Gateway,
        method: method.to_owned(),
        target: target.as_bytes().to_vec(),
        host: "localhost".to_owned(),
        authority: None,
        headers: fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
            .collect(),
        body: body.to_vec(),
        handover: None,
        location: None,
        from: Ipv4Addr::LOCALHOST.into(),
    }
}
