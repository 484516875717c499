//! The project as a user starts it: `npm run dev`, with its build commands.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use edge_auth_testkit::wire::exchange;
use serde_json::Value;

use crate::deployment::{call, send};
use crate::driver::{node_folder, workers_folder};
use crate::keys::{PEPPER, REVOCATION};

/// `wrangler dev` builds the Workers first.
const PATIENCE: Duration = Duration::from_secs(600);

/// A running `wrangler dev`. Dropping it ends the process.
struct Wrangler {
    child: Child,
    at: SocketAddr,
    _state: tempfile::TempDir,
}

impl Wrangler {
    fn start() -> Self {
        let state = tempfile::tempdir().unwrap();
        let package = fs::read(workers_folder().join("package.json")).unwrap();
        let package: Value = serde_json::from_slice(&package).unwrap();
        let script = package["scripts"]["dev"].as_str().unwrap();
        let mut child = Command::new("node")
            .arg(node_folder().join("node_modules/wrangler/bin/wrangler.js"))
            .args(script.split(' ').skip(1))
            .args(["--local", "--ip", "127.0.0.1", "--port", "0", "--inspector-port", "0"])
            .args(["--show-interactive-dev-session=false", "--persist-to"])
            .arg(state.path())
            .current_dir(workers_folder())
            .env("CLOUDFLARE_INCLUDE_PROCESS_ENV", "true")
            .env("EDGE_AUTH", edge_auth())
            .env("PEPPER", PEPPER)
            .env("REVOCATION", REVOCATION)
            .env("CI", "1")
            .env("NO_COLOR", "1")
            .env("WRANGLER_SEND_METRICS", "false")
            .env("CLOUDFLARE_CF_FETCH_ENABLED", "false")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let deadline = Instant::now() + PATIENCE;
        let ready = lines.by_ref().take_while(|_| Instant::now() < deadline).find_map(|line| {
            println!("{line}");
            line.split_once("Ready on http://")?.1.trim().parse().ok()
        });
        // Unread output would block the process.
        thread::spawn(move || lines.for_each(drop));
        Self { at: ready.expect("wrangler dev is ready"), child, _state: state }
    }
}

impl Drop for Wrangler {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

#[test]
fn the_project_starts_with_wrangler_and_decides() {
    let wrangler = Wrangler::start();
    assert_eq!(send(wrangler.at, "GET", "/healthz", &[]).status, 200);
    let verdict = |target: &str, headers: &str| {
        let mut asked = call("POST", "/v1/verify", &[("content-type", "application/json")]);
        asked.body = format!(r#"{{"method":"GET","target":"{target}","headers":{{{headers}}}}}"#)
            .into_bytes();
        let answer = exchange(wrangler.at, &asked).unwrap();
        let verdict: Value = serde_json::from_slice(&answer.body).unwrap();
        (verdict["allowed"] == true, verdict["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(verdict("/health", ""), (true, String::new()));
    assert_eq!(verdict("/v1/orders/1", ""), (false, "credential_missing".to_owned()));
    assert_eq!(
        verdict("/v1/orders/1", r#""x-api-key":"acme_live_x""#),
        (false, "key_invalid".to_owned())
    );
    assert_eq!(verdict("/nowhere", ""), (false, "no_rule".to_owned()));
    assert_eq!(
        send(wrangler.at, "GET", "/admin/v1/keys", &[]).status,
        401,
        "of the control Worker"
    );
}

#[test]
fn a_mistake_in_the_policy_fails_the_build() {
    let project = tempfile::tempdir().unwrap();
    for file in ["package.json", "gate/wrangler.toml", "control/wrangler.toml"] {
        let copy = project.path().join(file);
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(workers_folder().join(file), copy).unwrap();
    }
    fs::create_dir(project.path().join("policy")).unwrap();
    let policy = "[[rule]]\npath = \"/public\"\npublick = true\n";
    fs::write(project.path().join("policy/policy.toml"), policy).unwrap();
    for worker in ["gate", "control"] {
        fs::create_dir_all(project.path().join(worker).join("src")).unwrap();
        fs::write(project.path().join(worker).join("src/index.js"), "export default {}").unwrap();
        let built = Command::new("node")
            .arg(node_folder().join("node_modules/wrangler/bin/wrangler.js"))
            .args(["deploy", "--dry-run", "-c", &format!("{worker}/wrangler.toml")])
            .current_dir(project.path())
            .env("CI", "1")
            .env("NO_COLOR", "1")
            .env("WRANGLER_SEND_METRICS", "false")
            .env("EDGE_AUTH", edge_auth())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = [built.stdout, built.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(!built.status.success(), "{said}");
        assert!(said.contains("policy.toml:3") && said.contains("publick"), "{said}");
    }
}

/// Returns the path of the command, with which the build compiles the policy.
fn edge_auth() -> PathBuf {
    PathBuf::from(std::env::var_os("EDGE_AUTH_BINARY").expect("set by `cargo xtask test`"))
}
