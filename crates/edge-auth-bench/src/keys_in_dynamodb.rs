//! API keys in DynamoDB, behind a relay that counts requests.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use edge_auth::bootstrap_secret::{bootstrap_hash, bootstrap_secret};
use edge_auth_testkit::dynamodb_local::DynamoDbLocal;
use edge_auth_testkit::randomness::SeededRandomness;
use edge_auth_testkit::scenario::{Call, source::Endpoint};
use edge_auth_testkit::wire::{RuntimeApi, exchange};
use serde_json::{Value, json};

use crate::{Result, functions};

/// The number of attempts to create the key.
const ATTEMPTS: usize = 10;

/// An authorizer with one key, which the control function created.
pub(crate) struct Keys {
    child: Child,
    api: RuntimeApi,
    key: String,
    asked: Arc<AtomicU64>,
    _folder: tempfile::TempDir,
    _dynamodb: DynamoDbLocal,
}

impl Drop for Keys {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Keys {
    /// Starts both functions with their own DynamoDB, and creates the key.
    pub(crate) fn made(authorizer: &Path, control: &Path) -> Result<Self> {
        let dynamodb = DynamoDbLocal::start()?;
        make_table(dynamodb.address())?;
        let secret = bootstrap_secret(&SeededRandomness::new(7))?;
        let folder = tempfile::tempdir()?;
        let policy = format!(
            "[[api_key]]\nname = \"partners\"\nprefix = \"acme\"\npepper = \"PEPPER\"\n\
             [admin]\nbootstrap_hash = \"{}\"\n\
             [[rule]]\npath = \"/v1/orders/{{id}}\"\nrequire = \"key:partners\"\n",
            bootstrap_hash(&secret)
        );
        std::fs::write(folder.path().join("policy.toml"), policy)?;
        functions::compile_policy(folder.path())?;
        let asked = Arc::new(AtomicU64::new(0));
        let relay = relay(dynamodb.address(), Arc::clone(&asked))?;
        let (mut maker, api) = start(control, folder.path(), relay)?;
        let request = json!({ "block": "partners", "all_scopes": true, "never_expires": true });
        let event = json!({
            "requestContext": { "http": { "method": "POST", "sourceIp": "192.0.2.1" } },
            "rawPath": "/admin/v1/keys",
            "headers": {
                "authorization": format!("Bearer {}", String::from_utf8_lossy(secret.expose())),
                "content-type": "application/json",
            },
            "body": request.to_string(),
        });
        let mut answer = Value::Null;
        // Java is slow at first, and the function does not wait for it.
        for _ in 0..ATTEMPTS {
            let made =
                api.invoke(event.to_string().into_bytes())?.map_err(|error| error.to_string())?;
            answer = serde_json::from_slice(&made)?;
            if answer["statusCode"] == 201 {
                break;
            }
        }
        let _ = maker.kill();
        let _ = maker.wait();
        let made: Value = serde_json::from_str(answer["body"].as_str().unwrap_or_default())?;
        let key = made["secret"]
            .as_str()
            .ok_or_else(|| format!("no key was created: {answer}"))?
            .to_owned();
        let (child, api) = start(authorizer, folder.path(), relay)?;
        Ok(Self { child, api, key, asked, _folder: folder, _dynamodb: dynamodb })
    }

    /// Returns the number of requests to DynamoDB in this many calls, once the key is cached.
    pub(crate) fn calls(&self, times: u32) -> Result<f64> {
        self.ask()?;
        let before = self.asked.load(Ordering::Acquire);
        for _ in 0..times {
            self.ask()?;
        }
        Ok((self.asked.load(Ordering::Acquire) - before) as f64)
    }

    fn ask(&self) -> Result<()> {
        let event = json!({
            "type": "TOKEN",
            "methodArn": "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/v1/orders/42",
            "authorizationToken": format!("ApiKey {}", self.key),
        });
        let answer =
            self.api.invoke(event.to_string().into_bytes())?.map_err(|error| error.to_string())?;
        if !String::from_utf8_lossy(&answer).contains("\"Allow\"") {
            return Err("a good key was refused".into());
        }
        Ok(())
    }
}

/// Starts a function with DynamoDB behind the relay on this port.
fn start(program: &Path, folder: &Path, relay: u16) -> Result<(Child, RuntimeApi)> {
    let api = RuntimeApi::start()?;
    let mut command = functions::ours(program, folder);
    command.env("AWS_ENDPOINT_URL_DYNAMODB", format!("http://127.0.0.1:{relay}"));
    api.environ(&mut command);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Ok((command.spawn()?, api))
}

/// Creates a table as `edge-auth store init` does, without what API keys do not need. DynamoDB
/// Local requires a signature but does not check it.
pub(crate) fn make_table(dynamodb: SocketAddr) -> Result<()> {
    let table = json!({
        "TableName": "edge-auth",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            { "AttributeName": "pk", "AttributeType": "S" },
            { "AttributeName": "sk", "AttributeType": "S" },
        ],
        "KeySchema": [
            { "AttributeName": "pk", "KeyType": "HASH" },
            { "AttributeName": "sk", "KeyType": "RANGE" },
        ],
    });
    let fields = [
        ("X-Amz-Target", "DynamoDB_20120810.CreateTable"),
        ("Content-Type", "application/x-amz-json-1.0"),
        ("X-Amz-Date", "20260101T000000Z"),
        (
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=AKIATEST/20260101/eu-west-1/dynamodb/aws4_request, \
             SignedHeaders=host, Signature=0",
        ),
    ];
    let call = Call {
        endpoint: Endpoint::Gateway,
        method: "POST".to_owned(),
        target: b"/".to_vec(),
        host: dynamodb.to_string(),
        authority: None,
        headers: fields.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).into(),
        body: table.to_string().into_bytes(),
        handover: None,
        location: None,
        from: Ipv4Addr::LOCALHOST.into(),
    };
    let answer = exchange(dynamodb, &call)?;
    match answer.status {
        200 => Ok(()),
        status => {
            Err(format!("CreateTable: {status} {}", String::from_utf8_lossy(&answer.body)).into())
        }
    }
}

/// Forwards bytes and counts the requests in them. Returns its own port.
fn relay(to: SocketAddr, asked: Arc<AtomicU64>) -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        for client in listener.incoming().map_while(io::Result::ok) {
            let Ok(server) = TcpStream::connect(to) else { continue };
            let (Ok(back), Ok(answers)) = (client.try_clone(), server.try_clone()) else {
                continue;
            };
            let asked = Arc::clone(&asked);
            thread::spawn(move || {
                pass(client, server, |bytes| {
                    let requests = bytes.windows(7).filter(|seven| *seven == b"POST / ").count();
                    asked.fetch_add(requests as u64, Ordering::AcqRel);
                })
            });
            thread::spawn(move || pass(answers, back, |_| {}));
        }
    });
    Ok(port)
}

fn pass(mut from: TcpStream, mut to: TcpStream, look: impl Fn(&[u8])) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(count) = from.read(&mut bytes) {
        let Some(read) = bytes.get(..count).filter(|read| !read.is_empty()) else { break };
        look(read);
        if to.write_all(read).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
