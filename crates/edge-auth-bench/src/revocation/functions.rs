//! Lambda functions on one table of DynamoDB Local. Each is asked over HTTP as by its Function URL.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Mutex;

use edge_auth_testkit::dynamodb_local::DynamoDbLocal;
use edge_auth_testkit::scenario::SeenRequest;
use edge_auth_testkit::wire::{Function, Response, Server};
use serde_json::{Map, Value, json};

use super::fixture::SECRETS;
use crate::{Result, functions, keys_in_dynamodb};

/// The number of attempts until the table answers: Java is slow at first.
const ATTEMPTS: usize = 20;

/// Running functions. Dropping them ends the processes.
pub(super) struct Functions {
    instances: Vec<Server>,
    control: Server,
    _dynamodb: DynamoDbLocal,
}

impl Functions {
    /// Starts this many authorizers, and a control function, with the policy of the folder.
    pub(super) fn start(
        (authorizer, count): (&Path, usize),
        control: &Path,
        folder: &Path,
    ) -> Result<Self> {
        functions::compile_policy(folder)?;
        let dynamodb = DynamoDbLocal::start()?;
        keys_in_dynamodb::make_table(dynamodb.address())?;
        let start = |program: &Path| {
            let mut command = functions::ours(program, folder);
            command
                .env("AWS_ENDPOINT_URL_DYNAMODB", format!("http://{}", dynamodb.address()))
                .envs(SECRETS);
            served(Function::start(&mut command)?)
        };
        let mut instances = Vec::new();
        for _ in 0..count {
            instances.push(start(authorizer)?);
        }
        let control = start(control)?;
        let functions = Self { instances, control, _dynamodb: dynamodb };
        functions.wait_for_the_table()?;
        Ok(functions)
    }

    /// Returns the addresses of the authorizers.
    pub(super) fn instances(&self) -> Vec<SocketAddr> {
        self.instances.iter().map(Server::address).collect()
    }

    /// Returns the address of the control function.
    pub(super) fn control(&self) -> SocketAddr {
        self.control.address()
    }

    fn wait_for_the_table(&self) -> Result<()> {
        for address in self.instances() {
            let is_served = |_| super::rounds::is_served(self.control(), address).unwrap_or(false);
            if !(0..ATTEMPTS).any(is_served) {
                return Err(format!("the function at {address} does not read its feed").into());
            }
        }
        Ok(())
    }
}

/// Serves a function over HTTP. Lambda sends one event at a time.
fn served(function: Function) -> Result<Server> {
    let function = Mutex::new(function);
    Ok(Server::start(move |request| match function.lock() {
        Ok(function) => answered(function.invoke(event(&request).to_string().into_bytes())),
        Err(error) => bad_gateway(&error.to_string()),
    })?)
}

/// Builds an event in payload format 2.0.
fn event(request: &SeenRequest) -> Value {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let mut headers = Map::new();
    for (name, value) in &request.headers {
        headers.insert(name.to_ascii_lowercase(), json!(value));
    }
    json!({
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": { "http": { "method": request.method, "sourceIp": "127.0.0.1" } },
        "body": String::from_utf8_lossy(&request.body),
        "isBase64Encoded": false,
    })
}

fn answered(invoked: std::result::Result<edge_auth_testkit::wire::Invoked, String>) -> Response {
    let answer = match invoked {
        Ok(Ok(answer)) => serde_json::from_slice::<Value>(&answer).unwrap_or_default(),
        Ok(Err(error)) => return bad_gateway(&error.to_string()),
        Err(error) => return bad_gateway(&error),
    };
    let status =
        answer.get("statusCode").and_then(Value::as_u64).and_then(|status| status.try_into().ok());
    let fields = answer.get("headers").and_then(Value::as_object).into_iter().flatten();
    Response {
        status: status.unwrap_or(502),
        headers: fields.map(|(name, value)| (name.clone(), text(value))).collect(),
        body: answer.get("body").map(text).unwrap_or_default().into_bytes(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn bad_gateway(why: &str) -> Response {
    Response { status: 502, body: why.as_bytes().to_vec(), ..Response::default() }
}
