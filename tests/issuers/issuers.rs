//! Runs the programs of this folder, and a gate for their tokens.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use edge_auth_e2e::{Gate, Pipe, program, request};
use edge_auth_testkit::wire::Response;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The audience of the tokens.
pub(crate) const API: &str = "https://api.example.com";

fn beside(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("issuers").join(name)
}

/// A program for Node. Node looks for packages beside the program, so the temporary folder has
/// both.
pub(crate) struct Node {
    pub(crate) pipe: Pipe,
    _folder: TempDir,
}

impl Node {
    pub(crate) fn start(name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder for tests");
        let packages = program("EDGE_AUTH_NODE_PACKAGES").join("node_modules");
        symlink(packages, folder.path().join("node_modules")).expect("a link");
        let script = folder.path().join(name);
        fs::copy(beside(name), &script).expect("a copy");
        Self { pipe: Pipe::start(Command::new("node").arg(script)), _folder: folder }
    }
}

/// Starts a program for Python.
pub(crate) fn python(name: &str) -> Pipe {
    let mut command = Command::new("python3");
    // joserfc warns about `EdDSA`, which RFC 9864 renames `Ed25519`.
    command.args(["-W", "ignore"]).arg(beside(name));
    Pipe::start(
        command
            .env("PYTHONPATH", program("EDGE_AUTH_PYTHON_PACKAGES"))
            .env("PYTHONDONTWRITEBYTECODE", "1"),
    )
}

/// A running oidc-provider.
pub(crate) struct Provider {
    node: Node,
    /// Its `iss`, which is also its URL.
    pub(crate) issuer: String,
}

/// Counts of the requests to a provider.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    /// Requests for its key set.
    pub(crate) fetches: u64,
    /// Requests that it answered with 500 while it was down.
    pub(crate) in_vain: u64,
}

impl Provider {
    /// Starts a provider that publishes the key `a` and signs with it.
    pub(crate) fn start() -> Self {
        let mut node = Node::start("provider.mjs");
        let issuer = node.pipe.hear()["issuer"].as_str().expect("an issuer").to_owned();
        Self { node, issuer }
    }

    /// Replaces the published keys and the signing key.
    pub(crate) fn publish(&mut self, kids: &[&str], sign: &str) -> Asked {
        self.change(json!({ "publish": kids, "sign": sign }))
    }

    /// Makes the provider answer everything with 500, or ends that.
    pub(crate) fn set_down(&mut self, down: bool) -> Asked {
        self.change(json!({ "down": down }))
    }

    pub(crate) fn asked(&mut self) -> Asked {
        self.change(json!({}))
    }

    fn change(&mut self, change: Value) -> Asked {
        let answer = self.node.pipe.ask(&change);
        let [fetches, in_vain] =
            ["fetches", "inVain"].map(|name| answer[name].as_u64().expect("a count"));
        Asked { fetches, in_vain }
    }

    /// Returns a client of its token endpoint.
    pub(crate) fn tokens(&self) -> Tokens {
        Tokens(self.issuer.clone())
    }
}

/// A client of a provider's token endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Tokens(String);

impl Tokens {
    /// Requests an access token (RFC 6749, section 4.4) for a resource (RFC 8707), or an opaque one
    /// if there is no resource.
    pub(crate) fn get(&self, resource: Option<&str>, scope: &str) -> String {
        let resource = resource.map(|resource| format!("&resource={resource}")).unwrap_or_default();
        let body = format!(
            "grant_type=client_credentials&client_id=app&client_secret=a-secret-of-the-application&scope={scope}{resource}"
        );
        let address = self.0.trim_start_matches("http://").parse().expect("an address");
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        let answer = request(address, ("POST", "/token"), &form, &body).expect("an answer");
        let answer: Value = serde_json::from_slice(&answer.body).expect("JSON");
        answer["access_token"].as_str().unwrap_or_else(|| panic!("no token: {answer}")).to_owned()
    }
}

/// Serves a gate for `/orders/{id}` with the scope `orders:read` and an issuer with these keys.
/// `more` are further lines of the issuer's block.
pub(crate) fn gate(issuer: &str, keys: &str, more: &str) -> Gate {
    let policy = format!(
        r#"
[forward_auth]
proxy = "envoy"

[[issuer]]
name = "corp"
issuer = "{issuer}"
audience = "{API}"
keys = {keys}
{more}

[[rule]]
path = "/orders/{{id}}"
require = "jwt:corp"
scopes = ["orders:read"]
"#
    );
    Gate::serve(&policy, &[])
}

/// Asks the gate about a call with this token. Returns the principal, or the status and code of the
/// refusal.
pub(crate) fn decided(gate: std::net::SocketAddr, token: &str) -> Result<String, String> {
    let authorization = format!("Bearer {token}");
    let asked = ("GET", "/authorize/orders/42");
    let answer = request(gate, asked, &[("Authorization", &authorization)], "").expect("an answer");
    match answer.status {
        200 => Ok(header(&answer, "x-auth-principal").to_owned()),
        status => Err(format!("{status} {}", header(&answer, "x-auth-code"))),
    }
}

fn header<'a>(answer: &'a Response, wanted: &str) -> &'a str {
    let found = answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
    found.map_or("", |(_, value)| value)
}
