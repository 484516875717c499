//! A page, the gate, and a proxy in front of both.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use edge_auth_e2e::{Gate, Service, free_port, program, request};
use edge_auth_testkit::scenario::SeenRequest;
use edge_auth_testkit::wire::Recorder;
use tempfile::TempDir;

use crate::caller::{agents, jwks};

/// The ports of the proxy, the page and the gate in the configurations.
const PROXY_PORT: &str = "8080";
const PAGE_PORT: &str = "3000";
const GATE_PORT: &str = "8787";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proxy {
    Nginx,
    Caddy,
    Traefik,
    Envoy,
    /// The oldest version that the page about proxies names.
    OldestCaddy,
    OldestTraefik,
    OldestEnvoy,
}

pub(crate) struct Front {
    pub(crate) proxy: Proxy,
    /// `None` after the gate was stopped.
    pub(crate) gate: Option<Gate>,
    page: Recorder,
    service: Service,
    _folder: TempDir,
}

/// The outcome of a call.
#[derive(Debug)]
pub(crate) struct Came {
    /// The client's status, or 0 if the proxy closed the connection without an answer.
    pub(crate) status: u16,
    /// The code of the gate's refusal.
    pub(crate) code: Option<String>,
    /// The requests that arrived at the page.
    pub(crate) arrived: Vec<SeenRequest>,
}

impl Proxy {
    /// Returns the proxy's name in the policy.
    fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Caddy | Self::OldestCaddy => "caddy",
            Self::Traefik | Self::OldestTraefik => "traefik",
            Self::Envoy | Self::OldestEnvoy => "envoy",
        }
    }

    /// Returns the name of its configuration, a file in this folder.
    pub(crate) fn configuration(self) -> &'static str {
        match self {
            Self::Nginx => "nginx.conf",
            Self::Caddy | Self::OldestCaddy => "Caddyfile",
            Self::Traefik | Self::OldestTraefik => "traefik.yaml",
            Self::Envoy | Self::OldestEnvoy => "envoy.yaml",
        }
    }

    /// Returns the environment variable that names its program.
    fn variable(self) -> &'static str {
        match self {
            Self::Nginx => "EDGE_AUTH_NGINX",
            Self::Caddy => "EDGE_AUTH_CADDY",
            Self::Traefik => "EDGE_AUTH_TRAEFIK",
            Self::Envoy => "EDGE_AUTH_ENVOY",
            Self::OldestCaddy => "EDGE_AUTH_OLDEST_CADDY",
            Self::OldestTraefik => "EDGE_AUTH_OLDEST_TRAEFIK",
            Self::OldestEnvoy => "EDGE_AUTH_OLDEST_ENVOY",
        }
    }

    /// Returns the command, which runs in the folder of its configuration.
    pub(crate) fn command(self) -> Command {
        let arguments: &[&str] = match self {
            Self::Nginx => &["-p", ".", "-c", "nginx.conf", "-e", "stderr"],
            Self::Caddy | Self::OldestCaddy => {
                &["run", "--config", "Caddyfile", "--adapter", "caddyfile"]
            }
            Self::Traefik | Self::OldestTraefik => &["--configFile=traefik.yaml"],
            Self::Envoy | Self::OldestEnvoy => &[
                "-c",
                "envoy.yaml",
                "--disable-hot-restart",
                "--concurrency",
                "1",
                "--log-level",
                "error",
            ],
        };
        let mut command = Command::new(program(self.variable()));
        command.args(arguments);
        command
    }

    /// Returns whether its configuration forwards WebSockets that the gate allows.
    pub(crate) fn opens_websockets(self) -> bool {
        match self {
            Self::Caddy | Self::OldestCaddy | Self::Traefik | Self::OldestTraefik => true,
            // These forward WebSockets only where a route enables them, and these configurations do
            // not.
            Self::Nginx | Self::Envoy | Self::OldestEnvoy => false,
        }
    }

    /// Returns the client's status and code when the gate refuses with this status and code.
    pub(crate) fn tells(self, status: u16, code: &str) -> (u16, Option<&str>) {
        match (self, status) {
            // nginx turns every other status into a 500, so the gate answers 403.
            (Self::Nginx, status) if status != 401 => (403, Some(code)),
            // Envoy treats every 5xx as a failure of the gate and answers with its configured
            // status.
            (Self::Envoy | Self::OldestEnvoy, 500..) => (503, None),
            (_, status) => (status, Some(code)),
        }
    }
}

/// Reads a file of this folder.
pub(crate) fn beside(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("proxies").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl Front {
    pub(crate) fn of(proxy: Proxy) -> Self {
        let policy = beside("policy.toml").replace("PROXY", proxy.name());
        // This port is closed.
        let policy = policy.replace("ISSUERS", &format!("127.0.0.1:{}", free_port()));
        let gate =
            Gate::serve(&policy, &[("jwks.json", &jwks()), ("agents.pem", &agents().authority)]);
        let page = Recorder::start().expect("a page");
        let page_port = page.url().rsplit_once(':').expect("a URL with a port").1.to_owned();
        let port = free_port();
        let folder = tempfile::tempdir().expect("a folder for tests");
        let configuration = beside(proxy.configuration())
            .replace(PROXY_PORT, &port.to_string())
            .replace(PAGE_PORT, &page_port)
            .replace(GATE_PORT, &gate.address.port().to_string());
        fs::write(folder.path().join(proxy.configuration()), configuration)
            .expect("a writable folder");
        let service =
            Service::start(proxy.command().env("HOME", folder.path()), folder.path(), port);
        let front = Self { proxy, gate: Some(gate), page, service, _folder: folder };
        front.wait();
        front
    }

    /// Waits until the proxy forwards requests: it may listen before it can.
    fn wait(&self) {
        for _ in 0..500 {
            if self.get("/public/ready", &[]).status == 200 {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("{:?} forwards nothing: {:?}", self.proxy, self.get("/public/ready", &[]));
    }

    /// Sends a request byte for byte and returns its outcome.
    pub(crate) fn call(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> Came {
        self.page.take();
        // A proxy may close the connection after a request that it cannot parse.
        let answer =
            request(self.service.address, (method, target), headers, "").unwrap_or_default();
        let code = answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-auth-code"));
        Came {
            status: answer.status,
            code: code.map(|(_, code)| code.clone()),
            arrived: self.page.take(),
        }
    }

    pub(crate) fn get(&self, target: &str, headers: &[(&str, &str)]) -> Came {
        self.call("GET", target, headers)
    }
}
