//! Workers as a test deploys them.

use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use edge_auth::Policy;
use edge_auth::policy::Format;
use edge_auth_testkit::scenario::source::Endpoint;
use edge_auth_testkit::scenario::{Call, Setup};
use edge_auth_testkit::wire::{Response, exchange};
use serde_json::{Map, Value, json};

use crate::driver::workers_folder;

/// The description of one Worker for `driver.mjs`.
#[derive(Clone)]
pub(crate) struct Deployment(Value);

impl Deployment {
    /// Describes a gate without bindings.
    pub(crate) fn gate(name: &str) -> Self {
        Self::built(name, "gate")
    }

    /// Describes the Worker that is built in this folder, without bindings.
    pub(crate) fn built(name: &str, folder: &str) -> Self {
        let folder = workers_folder().join(folder);
        Self(
            json!({ "name": name, "folder": folder, "entry": "src/index.js", "files": {}, "bindings": {}, "services": {} }),
        )
    }

    /// Describes the control Worker of this gate, named `control`: it has the same policy and
    /// secrets, and KV and a ledger that are new in this `era`.
    pub(crate) fn control(&self, era: u64) -> Self {
        let mut control = Self::built("control", "control");
        for member in ["files", "bindings"] {
            control.0[member] = self.0[member].clone();
        }
        control.keys(era).ledger(era)
    }

    /// Describes a Worker of one TypeScript file.
    pub(crate) fn of_script(name: &str, typescript: &str) -> Self {
        Self(json!({ "name": name, "typescript": typescript, "bindings": {}, "services": {} }))
    }

    /// Marks the Worker as one that provides a binding of another Worker.
    pub(crate) fn standing_in(self) -> Self {
        self.with("stands_in", json!(true))
    }

    pub(crate) fn with(mut self, member: &str, value: Value) -> Self {
        self.0[member] = value;
        self
    }

    /// Compiles a policy and adds it.
    pub(crate) fn policy(self, text: &str) -> Self {
        self.compiled(&compile(text).unwrap())
    }

    /// Adds a compiled policy.
    pub(crate) fn compiled(mut self, policy: &[u8]) -> Self {
        self.0["files"]["policy.bin"] = json!({ "base64": STANDARD.encode(policy) });
        self
    }

    /// Sets a variable or a secret.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.0["bindings"][name] = json!(value);
        self
    }

    /// Binds another Worker, or an entrypoint of it.
    pub(crate) fn service(mut self, binding: &str, to: Value) -> Self {
        self.0["services"][binding] = to;
        self
    }

    /// Binds the entrypoint `Reader` of the control Worker.
    pub(crate) fn reading(self) -> Self {
        self.service("READER", json!({ "name": "control", "entrypoint": "Reader" }))
    }

    /// Adds the KV namespace of this `era`.
    pub(crate) fn keys(self, era: u64) -> Self {
        self.with("keys", json!(format!("keys-{era}")))
    }

    /// Adds the ledger of this `era`.
    pub(crate) fn ledger(self, era: u64) -> Self {
        self.with("ledger", json!({ "unsafeUniqueKey": format!("ledger-{era}") }))
    }

    /// Adds the policy, files and secrets of a scenario. The error is that of the policy.
    pub(crate) fn set_up(mut self, setup: &Setup<'_>) -> Result<Self, String> {
        let files: Map<String, Value> = (setup.secret_provider.files.iter())
            .map(|(name, bytes)| (name.clone(), json!(String::from_utf8_lossy(bytes))))
            .collect();
        self.0["files"] = Value::Object(files);
        self.0["bindings"] = json!(setup.secret_provider.secrets);
        Ok(self.compiled(&compile(&setup.policy)?))
    }
}

/// Compiles a policy as the build does.
pub(crate) fn compile(policy: &str) -> Result<Vec<u8>, String> {
    let policy = Policy::parse(policy, Format::Toml, "policy.toml");
    let policy = policy.map_err(|errors| errors.to_string())?;
    policy.to_compiled().map_err(|error| error.to_string())
}

impl From<Deployment> for Value {
    fn from(deployment: Deployment) -> Self {
        deployment.0
    }
}

/// Returns the address of a Worker that was started.
pub(crate) fn address(started: &Value, name: &str) -> SocketAddr {
    let address = started[name].as_str().and_then(|address| address.parse().ok());
    address.unwrap_or_else(|| panic!("{name} listens nowhere: {started}"))
}

/// Builds a plain call.
pub(crate) fn call(method: &str, target: &str, headers: &[(&str, &str)]) -> Call {
    let headers =
        headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()));
    Call {
        endpoint: Endpoint::Gateway,
        method: method.to_owned(),
        target: target.as_bytes().to_vec(),
        host: "api.example.com".to_owned(),
        authority: None,
        headers: headers.collect(),
        body: Vec::new(),
        handover: None,
        location: None,
        from: std::net::Ipv4Addr::LOCALHOST.into(),
    }
}

/// Sends a plain call in the form that Cloudflare's edge gives it.
pub(crate) fn send(
    to: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
) -> Response {
    exchange(to, &crate::edge::arriving(&call(method, target, headers))).expect("an answer")
}
